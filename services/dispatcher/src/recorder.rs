//! Writing outcomes to the database, many at a time: a batch is whatever came while the one before was written, and in
//! a moment after.

use crate::engine::{DeliveryOutcome, Engine};
use crate::job::{HeldDelivery, Job};
use crate::measure;
use events::{DeliveryId, EndpointId, Timestamp};
use runtime::Backoff;
use std::sync::Arc;
use std::time::Duration;
use store::{Disabling, FinishedAttempt, Store, StoreError};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const GONE: &str = "the receiver answered 410 Gone";
/// Outcomes in one transaction.
const BATCH_OUTCOMES: usize = 256;
/// How long outcomes wait for others, so that a transaction is for many of them: nobody waits for a record, except the
/// next delivery of a line that goes on in the database only.
const LINGER_TIME: Duration = Duration::from_millis(20);
const SHORT_LINGER: Duration = Duration::from_millis(2);
/// How long the last outcomes may take after the hard stop.
const LAST_TRY: Duration = Duration::from_millis(700);

/// The one writer of outcomes in this process.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Store,
    pub(crate) owner: Arc<str>,
    /// Lanes on the bus.
    pub(crate) partitions: u16,
    pub(crate) outcomes: mpsc::Receiver<DeliveryOutcome>,
    /// Nothing will come after what is in the channel.
    pub(crate) last: CancellationToken,
    pub(crate) hard: CancellationToken,
}

impl Recorder {
    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_OUTCOMES);
        loop {
            tokio::select! {
                biased;
                _ = self.outcomes.recv_many(&mut batch, BATCH_OUTCOMES) => {}
                () = self.last.cancelled() => {
                    self.outcomes.close();
                    self.outcomes.recv_many(&mut batch, BATCH_OUTCOMES).await;
                }
            }
            if batch.is_empty() {
                return;
            }
            self.linger(&mut batch).await;
            self.write(std::mem::take(&mut batch)).await;
        }
    }

    /// Waits for more, but not for long.
    async fn linger(&mut self, batch: &mut Vec<DeliveryOutcome>) {
        let began = Instant::now();
        let (mut seen, mut patience) = (0, LINGER_TIME);
        while batch.len() < BATCH_OUTCOMES {
            if batch.iter().skip(seen).any(DeliveryOutcome::is_waited_for) {
                patience = SHORT_LINGER;
            }
            seen = batch.len();
            let until = began + patience;
            let room = BATCH_OUTCOMES - batch.len();
            tokio::select! {
                biased;
                more = self.outcomes.recv_many(batch, room) => {
                    if more == 0 {
                        return;
                    }
                }
                () = self.last.cancelled() => return,
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    /// Repeats what fails for a passing reason, until the hard stop. What cannot be written at all is let go: its lease
    /// ends and it is sent again.
    async fn write(&self, batch: Vec<DeliveryOutcome>) {
        let batch = OutcomeBatch::of(batch);
        // Before somebody else may have them, which may also be this dispatcher once more.
        self.engine.let_go(batch.released.iter().copied());
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            let error = match self.try_write(&batch).await {
                Ok(()) => return,
                Err(error) => error,
            };
            if !error.is_transient() {
                tracing::error!(error = %telemetry::chain(&error), "attempts cannot be recorded together");
                return self.write_singly(batch).await;
            }
            tracing::warn!(error = %telemetry::chain(&error), "attempts are not recorded yet");
            if self
                .hard
                .run_until_cancelled(tokio::time::sleep(backoff.pause()))
                .await
                .is_none()
            {
                let last = tokio::time::timeout(LAST_TRY, self.try_write(&batch)).await;
                if !matches!(last, Ok(Ok(()))) {
                    tracing::warn!(
                        attempts = batch.finished.len(),
                        "attempts were not recorded and will be repeated"
                    );
                }
                return;
            }
        }
    }

    async fn write_singly(&self, batch: OutcomeBatch) {
        for single in batch.split() {
            if let Err(error) = self.try_write(&single).await {
                tracing::error!(error = %telemetry::chain(&error), "an attempt cannot be recorded and will be repeated");
                self.engine.let_go(single.finished());
            }
        }
    }

    async fn try_write(&self, batch: &OutcomeBatch) -> Result<(), StoreError> {
        let now = Timestamp::now();
        let deliveries = self.store.deliveries();
        let patience = self.engine.config.patience;
        // First, because doing it twice changes nothing: what recording brings about must be acted on.
        let (released, ordered) = batch.released();
        deliveries
            .release_in_order(&released, &ordered, &self.owner, now)
            .await?;
        let recorded = deliveries.record(&batch.finished, &self.owner, patience, now).await?;
        self.engine.let_go(batch.finished());
        self.switch_off(batch, &recorded.failing, now).await?;
        // Last: all of this may be done a second time.
        for (job, attempt) in batch.jobs.iter().zip(&batch.finished) {
            measure::recorded(attempt, job.event_id, self.store.meter());
        }
        if recorded.woken > 0 || !ordered.is_empty() {
            self.engine.due.notify_one();
        }
        Ok(())
    }

    /// Switches off the endpoints that are gone for good or have failed for too long.
    async fn switch_off(&self, batch: &OutcomeBatch, failing: &[EndpointId], now: Timestamp) -> Result<(), StoreError> {
        let patience = self.engine.config.patience;
        let too_long = failing_text(patience);
        for attempt in &batch.finished {
            let (reason, patience) = if attempt.gone {
                (GONE, None)
            } else if failing.contains(&attempt.endpoint_id) {
                (too_long.as_str(), Some(patience))
            } else {
                continue;
            };
            let endpoint = self.engine.endpoints.by_id(attempt.endpoint_id);
            let origin = endpoint.map(|endpoint| endpoint.origin.clone());
            let disabling = Disabling {
                endpoint_id: attempt.endpoint_id,
                delivery_id: attempt.delivery_id,
                started_at: attempt.started_at,
                patience,
                reason,
                origin: origin.as_deref(),
                partitions: self.partitions,
            };
            if self.store.deliveries().disable(disabling, now).await? {
                self.engine.switch_off(attempt.endpoint_id);
                measure::endpoint_disabled();
                tracing::warn!(endpoint.id = %attempt.endpoint_id, reason, "an endpoint was switched off");
            }
        }
        Ok(())
    }
}

impl DeliveryOutcome {
    const fn is_waited_for(&self) -> bool {
        matches!(
            self,
            Self::Finished {
                is_waited_for: true,
                ..
            }
        )
    }
}

fn failing_text(patience: Duration) -> String {
    const DAY: u64 = 24 * 3_600;
    let seconds = patience.as_secs();
    let (count, unit) = if seconds.is_multiple_of(DAY) {
        (seconds / DAY, "days")
    } else {
        (seconds, "seconds")
    };
    format!("every attempt failed for {count} {unit}")
}

/// Outcomes, sorted by kind.
#[derive(Debug, Default)]
struct OutcomeBatch {
    /// In step with `finished`.
    jobs: Vec<Job>,
    finished: Vec<FinishedAttempt>,
    released: Vec<HeldDelivery>,
}

impl OutcomeBatch {
    fn of(outcomes: Vec<DeliveryOutcome>) -> Self {
        let mut batch = Self::default();
        for outcome in outcomes {
            match outcome {
                DeliveryOutcome::Finished { job, attempt, .. } => {
                    batch.jobs.push(job);
                    batch.finished.push(attempt);
                }
                DeliveryOutcome::Released(held) => batch.released.push(held),
            }
        }
        batch
    }

    fn split(self) -> impl Iterator<Item = Self> {
        let finished = self.jobs.into_iter().zip(self.finished);
        let finished = finished.map(|(job, attempt)| Self {
            jobs: vec![job],
            finished: vec![attempt],
            released: Vec::new(),
        });
        let released = self.released.into_iter().map(|held| Self {
            released: vec![held],
            ..Self::default()
        });
        finished.chain(released)
    }

    fn finished(&self) -> impl Iterator<Item = HeldDelivery> {
        self.jobs.iter().map(Job::held)
    }

    /// What is given back, and the endpoints at which it has places in lines.
    fn released(&self) -> (Vec<DeliveryId>, Vec<EndpointId>) {
        let ids = self.released.iter().map(|held| held.delivery_id);
        let lined_up = self.released.iter().filter(|held| held.subject.is_some());
        (ids.collect(), lined_up.map(|held| held.endpoint_id).collect())
    }
}
