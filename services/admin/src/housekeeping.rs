//! What the management API does beside its requests: it forgets old answers, old entries of the audit log and old dead letters,
//! writes refusals to the log, announces credentials that end, and goes on with erasures.

use crate::receive::KEPT;
use crate::state::State;
use events::Timestamp;
use runtime::Shutdown;
use std::time::Duration;
use store::{Store, StoreError};

/// How often old answers kept for `Idempotency-Key` are looked for.
const PRUNING_INTERVAL: Duration = Duration::from_hours(1);
/// How often erasures are looked for that a request did not finish, or that are due for the second time.
const ERASING_INTERVAL: Duration = Duration::from_mins(1);
/// How often ends of credentials are looked for that are to be announced.
const ENDING_INTERVAL: Duration = Duration::from_mins(1);
/// How often refusals are written to the audit log.
const NOTING_INTERVAL: Duration = Duration::from_secs(5);
/// How long letters that nobody decides about are kept.
const DEAD_LETTERS_KEPT: Duration = Duration::from_hours(90 * 24);
/// Erasures worked on in one go.
const MOST_ERASURES: u32 = 100;

/// Runs until a soft stop.
pub(crate) async fn run(state: &State, shutdown: &Shutdown) {
    let store = state.store();
    let mut pruning = tokio::time::interval(PRUNING_INTERVAL);
    let mut erasing = tokio::time::interval(ERASING_INTERVAL);
    let mut ending = tokio::time::interval(ENDING_INTERVAL);
    let mut noting = tokio::time::interval(NOTING_INTERVAL);
    pruning.tick().await;
    loop {
        tokio::select! {
            () = shutdown.soft.cancelled() => break,
            _ = pruning.tick() => {
                prune(store).await;
                prune_activity(store).await;
                prune_audit_log(state, shutdown).await;
                prune_dead_letters(store, shutdown).await;
                prune_receipts(store, shutdown).await;
            }
            _ = ending.tick() => announce_endings(state, shutdown).await,
            _ = erasing.tick() => erase(store, shutdown).await,
            _ = noting.tick() => write_refusals(state).await,
        }
    }
    write_refusals(state).await;
}

async fn prune_activity(store: &Store) {
    if let Err(error) = store.forget_activity(Timestamp::now()).await {
        tracing::warn!(error = %telemetry::chain(&error), "old counts of what was done are still there");
    }
}

async fn write_refusals(state: &State) {
    if let Err(error) = state.refusals().write(&state.store().audit_log()).await {
        tracing::warn!(error = %telemetry::chain(&error), "refused requests are not in the audit log yet");
    }
}

/// Goes on in bounded steps until nothing is due.
async fn announce_endings(state: &State, shutdown: &Shutdown) {
    let (store, now) = (state.store(), Timestamp::now());
    let work = async {
        store.forget_previous_secrets(now).await?;
        while !shutdown.soft.is_cancelled() && store.announce_endings(now, state.bus().partitions()).await? {}
        Ok::<(), StoreError>(())
    };
    if let Err(error) = work.await {
        tracing::warn!(error = %telemetry::chain(&error), "ends of credentials are not announced yet");
    }
}

/// Goes on in bounded steps until nothing is left that is too old.
async fn prune_audit_log(state: &State, shutdown: &Shutdown) {
    let before = Timestamp::now().minus(state.audit_retention());
    let log = state.store().audit_log();
    while !shutdown.soft.is_cancelled() {
        match log.prune(before).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                tracing::warn!(error = %telemetry::chain(&error), "old entries of the audit log could not be forgotten");
                break;
            }
        }
    }
}

/// Goes on in bounded steps until nothing is left that is too old.
async fn prune_dead_letters(store: &Store, shutdown: &Shutdown) {
    let before = Timestamp::now().minus(DEAD_LETTERS_KEPT);
    while !shutdown.soft.is_cancelled() {
        match store.dead_letters().prune(before).await {
            Ok(true) => tracing::warn!("more dead letters than one step forgets are too old to be kept"),
            Ok(false) => break,
            Err(error) => {
                tracing::warn!(error = %telemetry::chain(&error), "old dead letters could not be forgotten");
                break;
            }
        }
    }
}

/// Goes on in bounded steps until nothing is left that is too old.
async fn prune_receipts(store: &Store, shutdown: &Shutdown) {
    let before = Timestamp::now().minus(KEPT);
    while !shutdown.soft.is_cancelled() {
        match store.test_receivers().forget(before).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                tracing::warn!(error = %telemetry::chain(&error), "what came to test receivers could not be forgotten");
                break;
            }
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
