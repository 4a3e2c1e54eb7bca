//! Which keys were used last, and what failed last: what an administrator looks at first. Noted in bulk.

use crate::State;
use crate::auth::Access;
use events::{DirectoryId, KeyId, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::KeyUse;
use tokio_util::sync::CancellationToken;

/// How often the notes are written.
const EVERY: Duration = Duration::from_secs(5);

/// Uses not yet written: at most one a key.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    notes: Mutex<HashMap<KeyId, KeyUse>>,
}

impl Usage {
    /// Notes a request; `error` is the detail of a refusal.
    pub(crate) fn note(&self, access: &Access, error: Option<String>) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Timestamp::now();
        let first = || KeyUse {
            key_id: access.key_id,
            directory_id: access.directory.id,
            at,
            error: None,
        };
        let note = notes.entry(access.key_id).or_insert_with(first);
        note.at = at;
        if error.is_some() {
            note.error = error;
        }
    }

    /// Notes a request to a directory that was refused before anybody was authenticated. No key was used, so the note
    /// has the id of the directory in its place.
    pub(crate) fn note_refused(&self, directory_id: DirectoryId, detail: String) {
        let note = KeyUse {
            key_id: KeyId::from(directory_id.uuid()),
            directory_id,
            at: Timestamp::now(),
            error: Some(detail),
        };
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.insert(note.key_id, note);
    }

    fn take(&self) -> Vec<KeyUse> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
            .into_values()
            .collect()
    }
}

/// Writes the notes from time to time; lost ones are no loss.
pub(crate) async fn run(state: State, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        let going_on = stop.run_until_cancelled(tick.tick()).await.is_some();
        let uses = state.inner().usage.take();
        if !uses.is_empty()
            && let Err(error) = state.inner().store.directories().note_use(&uses).await
        {
            tracing::warn!(error = %telemetry::chain(&error), "the use of keys could not be noted");
        }
        if !going_on {
            return;
        }
    }
}
