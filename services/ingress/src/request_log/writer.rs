//! The task that writes records down, forgets old ones, and closes cycles.

use super::record::{From, Record};
use super::{LogConfig, RequestLog};
use crate::state::State;
use events::{DirectoryId, Timestamp};
use std::collections::HashMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::{RequestBatch, Strangers};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Records of one transaction, so that it is short: SQLite has one writer, and events want through.
const PORTION: usize = 128;
/// Bytes of bodies in one transaction, unless the first record alone has more.
const PORTION_BYTES: usize = 512 << 10;
/// Between two transactions, for others.
const PAUSE: Duration = Duration::from_millis(20);
/// How long is waited for a moment in which nobody writes.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often is looked for cycles that are over, and for silence.
const CLOSE: Duration = Duration::from_secs(10);
/// How often is looked for what is too old.
const PRUNE: Duration = Duration::from_mins(10);

/// Writes what was logged from time to time, until a soft stop; then once more.
pub(crate) async fn run(state: State, stop: CancellationToken) {
    let taken = {
        let mut receiver = state
            .inner()
            .log
            .receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        receiver.take()
    };
    let Some(receiver) = taken else { return };
    let writer = Writer {
        config: state.inner().config.log,
        state,
        receiver,
        bodies: HashMap::new(),
    };
    writer.run(stop).await;
}

struct Writer {
    state: State,
    config: LogConfig,
    receiver: mpsc::Receiver<Box<Record>>,
    /// How many bodies of good requests were kept in the present second, by directory.
    bodies: HashMap<DirectoryId, (i64, u32)>,
}

impl Writer {
    async fn run(mut self, stop: CancellationToken) {
        let mut write = tokio::time::interval(self.config.every);
        let (mut close, mut prune) = (tokio::time::interval(CLOSE), tokio::time::interval(PRUNE));
        for interval in [&mut write, &mut close, &mut prune] {
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = write.tick() => self.write(&stop).await,
                _ = close.tick() => watch(&self.state).await,
                _ = prune.tick() => self.prune(&stop).await,
            }
        }
        self.write(&stop).await;
    }

    /// Writes everything that waits, a portion at a time. What cannot be written is lost, and counted.
    async fn write(&mut self, stop: &CancellationToken) {
        let mut first = self.strangers().await;
        first.counted = log(&self.state).shares().take_counted();
        loop {
            let records = self.portion();
            let is_last = records.is_empty();
            let mut batch = std::mem::take(&mut first);
            for record in records {
                let id = match record.caller {
                    From::IdentityProvider(id) => id,
                    From::EndedKey(used) => used.directory_id,
                    From::Stranger => continue,
                };
                let has_bodies = self.keeps_bodies(id, &record);
                batch.requests.push(record.written(id, has_bodies, &self.config));
            }
            batch.requests.sort_by_key(|request| request.id);
            if !batch.is_empty() {
                self.save(&batch).await;
            }
            if is_last {
                return;
            }
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }

    async fn save(&self, batch: &RequestBatch) {
        let store = &self.state.inner().store;
        store.wait_for_writer(PATIENCE).await;
        match store.write_requests(batch).await {
            Ok(written) => {
                if let Err(error) = store.trim_requests(self.config.kept, &written).await {
                    tracing::warn!(error = %telemetry::chain(&error), "old requests could not be forgotten");
                }
            }
            Err(error) => {
                let lost = batch.requests.len() as u64;
                metrics::counter!("rollcall_ingress_log_dropped_total", "what" => "requests").increment(lost);
                tracing::warn!(error = %telemetry::chain(&error), lost, "requests could not be logged");
            }
        }
    }

    /// Records that are written together.
    fn portion(&mut self) -> Vec<Record> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < PORTION && bytes < PORTION_BYTES {
            let Ok(record) = self.receiver.try_recv() else { break };
            bytes += record.body_bytes();
            records.push(*record);
        }
        log(&self.state).waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        records
    }

    /// Whether the bodies of a good request are kept: only so many in a second.
    fn keeps_bodies(&mut self, id: DirectoryId, record: &Record) -> bool {
        const MOST_REMEMBERED: usize = 10_000;
        if self.bodies.len() > MOST_REMEMBERED {
            self.bodies.clear();
        }
        let second = record.at.millis() / 1_000;
        let (of, count) = self.bodies.entry(id).or_insert((second, 0));
        if *of != second {
            (*of, *count) = (second, 0);
        }
        *count += 1;
        *count <= self.config.bodies_a_second
    }

    /// What strangers wanted of directories that there are.
    async fn strangers(&self) -> RequestBatch {
        let noted = log(&self.state).strangers().take();
        let mut batch = RequestBatch::default();
        for (tenant, noted) in noted {
            let Ok(Some(directory)) = self.state.inner().auth.directory(&tenant).await else {
                continue;
            };
            let written = noted
                .records
                .iter()
                .map(|record| record.written(directory.id, false, &self.config));
            batch.requests.extend(written);
            batch.strangers.push(Strangers {
                directory_id: directory.id,
                count: noted.count,
                at: noted.at,
            });
        }
        batch
    }

    async fn prune(&self, stop: &CancellationToken) {
        loop {
            let pruned = self
                .state
                .inner()
                .store
                .prune_requests(self.config.kept, now(&self.state))
                .await;
            match pruned {
                Ok(true) if !stop.is_cancelled() => tokio::time::sleep(PAUSE).await,
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(error = %telemetry::chain(&error), "old requests could not be forgotten");
                    return;
                }
            }
        }
    }
}

fn log(state: &State) -> &RequestLog {
    &state.inner().log
}

fn now(state: &State) -> Timestamp {
    log(state).clock.now()
}

/// Closes the cycles that are over, and announces them and silences, a bounded number.
async fn watch(state: &State) {
    /// Each does fifty.
    const MOST_ROUNDS: usize = 20;
    let (store, partitions) = (&state.inner().store, state.inner().config.log.partitions);
    for _ in 0..MOST_ROUNDS {
        let work = async {
            let closes_more = store.close_cycles(now(state), partitions).await?;
            let announces_more = store.announce_silences(now(state), partitions).await?;
            Ok::<bool, store::StoreError>(closes_more || announces_more)
        };
        match work.await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(error = %telemetry::chain(&error), "cycles and silences could not be announced");
                return;
            }
        }
    }
}
