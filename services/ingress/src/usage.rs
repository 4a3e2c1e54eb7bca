//! Which keys were used last, what failed last, and who was refused last: what an administrator looks at first. Noted in
//! bulk.

use crate::auth::Access;
use events::{DirectoryId, KeyId, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::{AuthenticationFailure, KeyUse, Store};
use tokio_util::sync::CancellationToken;

/// How often the notes are written.
const NOTES_INTERVAL: Duration = Duration::from_secs(5);

/// The key that a request has shown, as an extension of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsedKey {
    key_id: KeyId,
    directory_id: DirectoryId,
}

impl UsedKey {
    pub(crate) const fn of(access: &Access) -> Self {
        Self {
            key_id: access.key_id,
            directory_id: access.directory.id,
        }
    }

    /// The directory that it opened.
    pub(crate) const fn directory_id(self) -> DirectoryId {
        self.directory_id
    }
}

/// Uses not yet written: at most one a key.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    notes: Mutex<HashMap<KeyId, KeyUse>>,
    /// At most one a directory.
    refusals: Mutex<HashMap<DirectoryId, AuthenticationFailure>>,
}

impl Usage {
    /// Notes a request; `error` is the detail of a refusal.
    pub(crate) fn note(&self, used: UsedKey, error: Option<String>) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Timestamp::now();
        let first = || KeyUse {
            key_id: used.key_id,
            directory_id: used.directory_id,
            at,
            error: None,
        };
        let note = notes.entry(used.key_id).or_insert_with(first);
        note.at = at;
        if error.is_some() {
            note.error = error;
        }
    }

    /// Puts into the log of a directory why somebody was refused who did not prove who they are. It says nothing about
    /// how the directory is; of many refusals the last one stays.
    pub(crate) fn note_refusal(&self, directory_id: DirectoryId, reason: String) {
        tracing::info!(directory.id = %directory_id, reason, "somebody unproven was refused");
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Timestamp::now();
        refusals.insert(
            directory_id,
            AuthenticationFailure {
                directory_id,
                at,
                reason,
            },
        );
    }

    fn take(&self) -> Vec<KeyUse> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
            .into_values()
            .collect()
    }

    fn take_refusals(&self) -> Vec<AuthenticationFailure> {
        std::mem::take(&mut *self.refusals.lock().unwrap_or_else(PoisonError::into_inner))
            .into_values()
            .collect()
    }
}

/// Writes the notes from time to time; lost ones are no loss.
pub(crate) async fn run(usage: &Usage, store: &Store, stop: CancellationToken) {
    let mut tick = tokio::time::interval(NOTES_INTERVAL);
    loop {
        let going_on = stop.run_until_cancelled(tick.tick()).await.is_some();
        let directories = store.directories();
        if let Err(error) = directories.note_use(&usage.take()).await {
            tracing::warn!(error = %telemetry::chain(&error), "the use of keys could not be noted");
        }
        if let Err(error) = directories.note_refusals(&usage.take_refusals()).await {
            tracing::warn!(error = %telemetry::chain(&error), "refusals could not be noted");
        }
        if !going_on {
            return;
        }
    }
}
