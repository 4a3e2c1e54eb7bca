//! What the portal does beside its pages.

use crate::state::State;
use events::Timestamp;
use runtime::Shutdown;
use std::time::Duration;

/// How often sessions that have expired are forgotten.
const INTERVAL: Duration = Duration::from_mins(10);

/// Runs until a soft stop.
pub(crate) async fn run(state: &State, shutdown: &Shutdown) {
    let mut due = tokio::time::interval(INTERVAL);
    while shutdown.soft.run_until_cancelled(due.tick()).await.is_some() {
        let sessions = state.store().portal_sessions();
        loop {
            match sessions.forget_expired(Timestamp::now()).await {
                Ok(true) if !shutdown.soft.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(error = %telemetry::chain(&error), "sessions that have expired are not forgotten yet");
                    break;
                }
            }
        }
    }
}
