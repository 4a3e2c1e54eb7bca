//! Which keys were used last, what failed last, and who was refused last: what an administrator looks at first. Noted in
//! bulk.

use crate::State;
use crate::auth::Access;
use crate::failure::Failure;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use events::{DirectoryId, KeyId, Timestamp};
use runtime::http::Route;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::{AuthenticationFailure, KeyUse};
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
}

/// Middleware: when a request is answered, notes the use of its key, and its route for the span and the measurement.
///
/// # Errors
/// Passes on those of the request.
pub(crate) async fn note_use<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let response = next.call(request).await?;
    let request = response.request();
    if let Some(route) = request.app_data::<Route>().copied() {
        request.extensions_mut().insert(route);
    }
    let used = request.extensions().get::<UsedKey>().copied();
    if let Some((used, state)) = used.zip(request.app_data::<web::Data<State>>()) {
        let failure = response.response().error().and_then(Error::as_error::<Failure>);
        state.inner().usage.note(used, failure.and_then(shown_error));
    }
    Ok(response)
}

/// What an administrator should see of a failure: what the identity provider did wrong, except for resources that do not exist.
fn shown_error(failure: &Failure) -> Option<String> {
    match failure {
        Failure::Refused(error) | Failure::Method { error, .. } | Failure::Encoding(error) if error.status != 404 => {
            Some(error.detail.clone())
        }
        _ => None,
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
    fn note(&self, used: UsedKey, error: Option<String>) {
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
pub(crate) async fn run(state: State, stop: CancellationToken) {
    let mut tick = tokio::time::interval(NOTES_INTERVAL);
    loop {
        let going_on = stop.run_until_cancelled(tick.tick()).await.is_some();
        let (usage, directories) = (&state.inner().usage, state.inner().store.directories());
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
