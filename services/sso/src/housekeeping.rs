//! What single sign-on does beside its requests: it forgets what is over, and replaces keys in time.

use crate::ssf::pause_the_filled;
use crate::state::State;
use runtime::Shutdown;
use std::time::Duration;
use store::StoreError;

/// How often what is over is looked for.
const INTERVAL: Duration = Duration::from_mins(10);
/// How long sessions that are over are kept, for administrators to see.
const SESSIONS_KEPT: Duration = Duration::from_hours(30 * 24);

/// Runs until a soft stop.
pub(crate) async fn run(state: &State, shutdown: &Shutdown) {
    let mut due = tokio::time::interval(INTERVAL);
    while shutdown.soft.run_until_cancelled(due.tick()).await.is_some() {
        if let Err(error) = prune(state, shutdown).await {
            tracing::warn!(error = %telemetry::chain(&error), "logins and sessions that are over are not forgotten yet");
        }
        if let Err(error) = state.keys.replace_in_time(state.now()).await {
            tracing::warn!(error = %telemetry::chain(&error), "the key that signs for apps was not looked after");
        }
    }
}

/// Pauses streams on which too much waits, until a soft stop.
pub(crate) async fn watch_streams(state: &State, shutdown: &Shutdown) {
    let mut due = tokio::time::interval(state.config.watch_streams);
    while shutdown.soft.run_until_cancelled(due.tick()).await.is_some() {
        if let Err(error) = pause_the_filled(state).await {
            tracing::warn!(error = %telemetry::chain(&error), "streams on which too much waits are not paused yet");
        }
    }
}

async fn prune(state: &State, shutdown: &Shutdown) -> Result<(), StoreError> {
    let now = state.now();
    while !shutdown.soft.is_cancelled() && state.store.sso_logins().prune(now).await? {}
    let before = now.minus(SESSIONS_KEPT);
    while !shutdown.soft.is_cancelled() && state.store.sso_sessions().prune(before).await? {}
    Ok(())
}
