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
    notes: Mutex<HashMap<KeyId, (DirectoryId, Timestamp, Option<String>)>>,
}

impl Usage {
    /// Notes a request; `error` is the detail of a refusal.
    pub(crate) fn note(&self, access: &Access, error: Option<String>) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let note = notes
            .entry(access.key_id)
            .or_insert((access.directory.id, Timestamp::now(), None));
        note.1 = Timestamp::now();
        if error.is_some() {
            note.2 = error;
        }
    }

    fn take(&self) -> Vec<KeyUse> {
        let notes = std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner));
        notes
            .into_iter()
            .map(|(key_id, (directory_id, at, error))| KeyUse {
                key_id,
                directory_id,
                at,
                error,
            })
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
