//! Forgets rounds that nobody looks at any more.

use crate::Inner;
use runtime::Shutdown;
use std::time::Duration;
use store::StoreError;
use tokio::time::interval;

/// How long rounds are kept, as many as a directory keeps.
const ROUNDS_KEPT: Duration = Duration::from_hours(30 * 24);

/// Runs until a soft stop.
pub(crate) async fn run(inner: &Inner, shutdown: &Shutdown) {
    let mut due = interval(inner.config.housekeeping);
    while shutdown.soft.run_until_cancelled(due.tick()).await.is_some() {
        if let Err(error) = prune(inner, shutdown).await {
            tracing::warn!(error = %telemetry::chain(&error), "rounds that are over are not forgotten yet");
        }
    }
}

async fn prune(inner: &Inner, shutdown: &Shutdown) -> Result<(), StoreError> {
    let store = &inner.deps.store;
    if store.graph_pulls().list(None, None, 1).await?.is_empty() {
        return Ok(());
    }
    let before = inner.deps.clock.now().minus(ROUNDS_KEPT);
    while !shutdown.soft.is_cancelled() && store.prune_graph_rounds(before).await? {}
    store.forget_retired_graph_credentials(inner.deps.clock.now()).await?;
    Ok(())
}
