//! Adding what a process did to the database, every few seconds.

use std::time::Duration;
use store::Store;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often: people look at it, and one small transaction costs nothing then.
const INTERVAL: Duration = Duration::from_secs(5);

/// Runs until a soft stop, and once more after it.
pub(crate) async fn run(store: Store, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let goes_on = stop.run_until_cancelled(ticks.tick()).await.is_some();
        if let Err(error) = store.keep_activity().await {
            tracing::debug!(error = %telemetry::chain(&error), "what was done is not in the database yet");
        }
        if !goes_on {
            return;
        }
    }
}
