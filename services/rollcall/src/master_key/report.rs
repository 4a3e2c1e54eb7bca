//! What came of a change of the master key.

use crate::output::out;
use secrets::{KeyId, MasterKeys, OpenError};
use serde::Serialize;
use std::io::Write as _;
use std::path::PathBuf;
use store::{SealedColumn, SealedRow};

/// Values that cannot be opened and are shown.
const MOST_SHOWN: usize = 100;

/// Whether the previous key is needed any more.
#[derive(Debug)]
pub(super) enum PreviousKey {
    /// There is none.
    None,
    /// Nothing is sealed with it.
    MayBeRemoved,
    /// Its file is gone.
    Removed(PathBuf),
    /// Nothing is sealed with it, and its file stays as was asked.
    Kept(PathBuf),
    /// Nothing is sealed with it, but a program may do so.
    InUse(PathBuf),
    /// So many values are sealed with it.
    StillNeeded(u64),
}

/// A value that cannot be opened. Never shows it.
#[derive(Debug, Serialize)]
pub(super) struct Unopened {
    column: String,
    row: String,
    reason: String,
    #[serde(skip)]
    key: Option<KeyId>,
}

impl Unopened {
    pub(super) fn new(column: SealedColumn, row: &SealedRow, error: OpenError) -> Self {
        Self {
            column: column.name(),
            row: row.to_string(),
            reason: error.to_string(),
            key: None,
        }
    }

    /// Although there is the key that it names.
    pub(super) fn of(self, key: Option<KeyId>) -> Self {
        Self { key, ..self }
    }
}

/// The counts of a run.
#[derive(Debug)]
pub(super) struct Report {
    master_key: KeyId,
    previous: Option<KeyId>,
    resealed: u64,
    changed: u64,
    sealed: u64,
    unopened: Vec<Unopened>,
    unopened_count: u64,
    /// Of these, those that the previous key should open.
    lost: u64,
    pub(super) previous_key: PreviousKey,
}

impl Report {
    pub(super) fn new(keys: &MasterKeys) -> Self {
        Self {
            master_key: keys.current().id(),
            previous: keys.previous().map(|key| key.id()),
            resealed: 0,
            changed: 0,
            sealed: 0,
            unopened: Vec::new(),
            unopened_count: 0,
            lost: 0,
            previous_key: PreviousKey::None,
        }
    }

    /// What a pass sees, the next one sees again.
    pub(super) fn begin_pass(&mut self) {
        (self.sealed, self.unopened_count, self.lost) = (0, 0, 0);
        self.unopened.clear();
    }

    pub(super) const fn count_sealed(&mut self) {
        self.sealed += 1;
    }

    pub(super) const fn add_resealed(&mut self, resealed: u64, changed: u64) {
        self.resealed += resealed;
        self.changed += changed;
        self.sealed += resealed;
    }

    pub(super) fn add_unopened(&mut self, unopened: Unopened) {
        self.unopened_count += 1;
        self.lost += u64::from(unopened.key.is_some() && unopened.key == self.previous);
        if self.unopened.len() < MOST_SHOWN {
            self.unopened.push(unopened);
        }
    }

    /// How many values a key does not open although they name it.
    pub(super) fn lost(&self, key: KeyId) -> u64 {
        if self.previous == Some(key) { self.lost } else { 0 }
    }

    pub(super) const fn is_well(&self) -> bool {
        self.unopened_count == 0 && !matches!(self.previous_key, PreviousKey::StillNeeded(_))
    }

    const fn may_be_removed(&self) -> bool {
        matches!(
            self.previous_key,
            PreviousKey::MayBeRemoved | PreviousKey::Removed(_) | PreviousKey::Kept(_)
        )
    }

    pub(super) fn show(&self, as_json: bool) -> anyhow::Result<()> {
        let mut out = out();
        if as_json {
            let shown = serde_json::json!({
                "master_key": self.master_key.to_string(),
                "previous_key": self.previous.map(|key| key.to_string()),
                "sealed_again": self.resealed,
                "sealed_with_master_key": self.sealed,
                "changed_meanwhile": self.changed,
                "cannot_be_opened": self.unopened_count,
                "unopened": self.unopened,
                "previous_key_may_be_removed": self.may_be_removed(),
                "detail": self.said(),
            });
            writeln!(out, "{shown}")?;
        } else {
            writeln!(
                out,
                "{} stored secrets are sealed with the master key {}; {} were sealed again, {} were changed meanwhile",
                self.sealed, self.master_key, self.resealed, self.changed
            )?;
            for Unopened {
                column, row, reason, ..
            } in &self.unopened
            {
                writeln!(out, "cannot be opened: {column} of {row}: {reason}")?;
            }
            let more = self.unopened_count - self.unopened.len() as u64;
            if more > 0 {
                writeln!(out, "and {more} more")?;
            }
            writeln!(out, "{}", self.said())?;
        }
        out.flush()?;
        Ok(())
    }

    /// Whether the previous key may go, and what to do.
    fn said(&self) -> String {
        let previous = self.previous.map(|key| key.to_string()).unwrap_or_default();
        match &self.previous_key {
            PreviousKey::None => "There is no previous key: ROLLCALL_MASTER_KEY_PREVIOUS is not set.".to_owned(),
            PreviousKey::MayBeRemoved => format!(
                "The previous key {previous} may be removed: nothing is sealed with it. Once every service runs with the new \
                 key, take ROLLCALL_MASTER_KEY_PREVIOUS from all of them."
            ),
            PreviousKey::Removed(file) => {
                format!(
                    "The previous key {previous} was removed ({}): nothing was sealed with it.",
                    file.display()
                )
            }
            PreviousKey::Kept(file) => format!(
                "The previous key {previous} may be removed: nothing is sealed with it. It is kept in {}; run this command \
                 again without --keep-previous to remove it.",
                file.display()
            ),
            PreviousKey::InUse(file) => format!(
                "The previous key {previous} must stay in {}: a program that runs was started with it. Restart Rollcall, then \
                 run this command again; it removes the key.",
                file.display()
            ),
            PreviousKey::StillNeeded(left) => format!(
                "The previous key {previous} must stay: {left} stored secrets are sealed with it, some of them a moment ago. \
                 Restart every service with the new key, then run this command again."
            ),
        }
    }
}
