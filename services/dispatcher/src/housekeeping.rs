//! What is done now and then: forgetting what is old, and looking how much waits.

use crate::engine::Engine;
use crate::measure;
use events::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use store::{ForgetReport, PruneReport, Store, StoreError};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Between two steps of pruning, so that it never has the database to itself.
const PAUSE_BETWEEN_PORTIONS: Duration = Duration::from_millis(50);
/// How often the backlog is counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(15);

/// The background work.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Store,
    pub(crate) soft: CancellationToken,
}

impl Housekeeping {
    pub(crate) async fn run(self) {
        let soft = self.soft.clone();
        let _ = soft
            .run_until_cancelled(async { tokio::join!(self.prune(), self.count()) })
            .await;
    }

    async fn prune(&self) {
        let mut ticks = tokio::time::interval(self.engine.config.prune_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = PruneReport::default();
        loop {
            ticks.tick().await;
            if let Err(error) = self.prune_all(&mut last).await {
                tracing::warn!(error = %telemetry::chain(&error), "old deliveries could not be forgotten");
            }
        }
    }

    async fn prune_all(&self, last: &mut PruneReport) -> Result<(), StoreError> {
        let (deliveries, retention) = (self.store.deliveries(), self.engine.config.retention);
        let mut forgotten = ForgetReport::default();
        loop {
            forgotten = deliveries.wake_forgotten(&forgotten, Timestamp::now()).await?;
            if !forgotten.goes_on() {
                break;
            }
            tokio::time::sleep(PAUSE_BETWEEN_PORTIONS).await;
        }
        loop {
            *last = deliveries.prune(retention, last, Timestamp::now()).await?;
            measure::pruned(last);
            if !last.is_full() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE_BETWEEN_PORTIONS).await;
        }
    }

    async fn count(&self) {
        let mut ticks = tokio::time::interval(COUNT_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.store.deliveries().backlog().await {
                Ok(backlog) => measure::backlog(&backlog, Timestamp::now()),
                Err(error) => tracing::debug!(error = %telemetry::chain(&error), "the backlog could not be counted"),
            }
            measure::open_breakers(self.engine.open_breakers());
        }
    }
}
