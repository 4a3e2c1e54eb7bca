//! What the management API does beside its requests: it forgets old answers, and goes on with erasures.

use events::Timestamp;
use runtime::Shutdown;
use std::time::Duration;
use store::{Store, StoreError};

/// How often old answers kept for `Idempotency-Key` are looked for.
const PRUNING_INTERVAL: Duration = Duration::from_hours(1);
/// How often erasures are looked for that a request did not finish, or that are due for the second time.
const ERASING_INTERVAL: Duration = Duration::from_mins(1);
/// Erasures worked on in one go.
const MOST_ERASURES: u32 = 100;

/// Runs until a soft stop.
pub(crate) async fn run(store: &Store, shutdown: &Shutdown) {
    let mut pruning = tokio::time::interval(PRUNING_INTERVAL);
    let mut erasing = tokio::time::interval(ERASING_INTERVAL);
    pruning.tick().await;
    loop {
        tokio::select! {
            () = shutdown.soft.cancelled() => break,
            _ = pruning.tick() => prune(store).await,
            _ = erasing.tick() => erase(store, shutdown).await,
        }
    }
}

async fn prune(store: &Store) {
    match store.drop_old_answers(Timestamp::now()).await {
        Ok(0) => {}
        Ok(count) => tracing::debug!(count, "forgot old answers to idempotent requests"),
        Err(error) => {
            tracing::warn!(error = %telemetry::chain(&error), "old answers to idempotent requests could not be forgotten");
        }
    }
}

/// Takes erasures that are due to the end of their pass, one bounded step after the other.
async fn erase(store: &Store, shutdown: &Shutdown) {
    let erasures = store.erasures();
    let now = Timestamp::now();
    let work = async {
        for erasure in erasures.due(now, MOST_ERASURES).await? {
            while !shutdown.soft.is_cancelled() && !erasures.step(erasure, now).await? {}
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = work.await {
        tracing::warn!(error = %telemetry::chain(&error), "erasures are not finished and will be tried again");
    }
}
