//! From the event log to the bus: in order, confirmed, at least once.
//!
//! Events just committed are published from memory; whatever else the log holds (written by the management API, or left
//! by a projector that died) is found by a sweep. Both go through here, so each directory's events reach the bus in
//! the order of their sequence. The cursor in the database follows behind: after a crash some events are published
//! again, under the same id.

use crate::stages::Stage;
use crate::{Config, Deps};
use bus::{Acker, Delivery, Receipt};
use events::{Command, DirectoryId, Event};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;
use telemetry::chain;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

/// Committed batches that may wait for the bus before the projector is slowed down.
const WAITING: usize = 32;
/// How far the cursor in the database may lag behind the bus.
const CURSOR_LAG: Duration = Duration::from_millis(100);
/// Events read from the log at once.
const PAGE: u32 = 500;
/// Between attempts while the bus is away.
const PAUSE: Duration = Duration::from_millis(250);

/// A committed batch: what is to be published, and what is to be acknowledged then.
pub(crate) struct Handover {
    pub(crate) events: Vec<Event>,
    pub(crate) deliveries: Vec<Delivery<Command>>,
    pub(crate) acker: Acker<Command>,
    /// Whether a lane was taken over with this batch: what another projector published is not known here.
    pub(crate) taken_over: bool,
    /// When it was committed.
    pub(crate) committed: std::time::Instant,
}

/// Publishes committed events and acknowledges their commands.
pub(crate) struct Relay {
    deps: Deps,
    lanes: Vec<u16>,
    incoming: mpsc::Receiver<Handover>,
    sweep: Duration,
    /// The last sequence on the bus, of each directory met so far.
    published: HashMap<DirectoryId, i64>,
    /// Positions that the database does not know yet, in the order of publication, with the bus's receipts.
    unmarked: VecDeque<(Receipt, BTreeMap<DirectoryId, i64>)>,
}

impl Relay {
    pub(crate) fn new(config: &Config, deps: &Deps, lanes: Vec<u16>) -> (Self, mpsc::Sender<Handover>) {
        let (sender, incoming) = mpsc::channel(WAITING);
        let relay = Self {
            deps: deps.clone(),
            lanes,
            incoming,
            sweep: config.sweep,
            published: HashMap::new(),
            unmarked: VecDeque::new(),
        };
        (relay, sender)
    }

    /// Until the projector has handed over its last batch.
    pub(crate) async fn run(mut self) {
        let mut sweep = tokio::time::interval(self.sweep);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut mark_at: Option<Instant> = None;
        loop {
            tokio::select! {
                handover = self.incoming.recv() => match handover {
                    Some(first) => self.relay(first).await,
                    None => break,
                },
                () = tokio::time::sleep_until(mark_at.unwrap_or_else(Instant::now)), if mark_at.is_some() => {
                    self.mark().await;
                    mark_at = None;
                }
                _ = sweep.tick() => self.sweep().await,
            }
            if mark_at.is_none() && !self.unmarked.is_empty() {
                mark_at = Some(Instant::now() + CURSOR_LAG);
            }
        }
        self.mark().await;
    }

    /// Publishes a batch and all that wait behind it, then acknowledges their commands.
    async fn relay(&mut self, first: Handover) {
        let mut events = first.events;
        let mut committed = vec![(first.committed, first.deliveries.len())];
        let mut acknowledgements = vec![(first.acker, first.deliveries)];
        let mut taken_over = first.taken_over;
        while let Ok(next) = self.incoming.try_recv() {
            events.extend(next.events);
            committed.push((next.committed, next.deliveries.len()));
            acknowledgements.push((next.acker, next.deliveries));
            taken_over |= next.taken_over;
        }
        if taken_over {
            self.mark().await;
            self.published.clear();
        }
        let events = self.fill_gaps(events).await;
        self.publish(events).await;
        for (at, commands) in committed {
            Stage::Publish.record(at, commands);
        }
        for (acker, deliveries) in acknowledgements {
            acker.ack(&deliveries).await;
        }
    }

    /// Between the events at hand others may have been appended, by the management API or by a projector before this one:
    /// they come first.
    async fn fill_gaps(&mut self, events: Vec<Event>) -> Vec<Event> {
        let mut unknown: Vec<DirectoryId> = events.iter().map(|event| event.directory_id).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|directory| !self.published.contains_key(directory));
        if !unknown.is_empty() {
            let positions = self.positions(&unknown).await;
            self.published.extend(positions);
        }
        let mut reached: HashMap<DirectoryId, i64> = HashMap::new();
        let mut complete = Vec::with_capacity(events.len());
        for event in events {
            let directory = event.directory_id;
            let mut position = reached
                .get(&directory)
                .copied()
                .unwrap_or_else(|| self.position(directory));
            while position + 1 < event.sequence {
                let mut missing = self.logged(directory, position).await;
                missing.retain(|missing| missing.sequence < event.sequence);
                let Some(last) = missing.last() else { break };
                position = last.sequence;
                complete.append(&mut missing);
            }
            reached.insert(directory, position.max(event.sequence));
            complete.push(event);
        }
        complete
    }

    /// Events in the log that nobody has published: found by looking, whatever the reason.
    async fn sweep(&mut self) {
        self.mark().await;
        loop {
            let found = match self.deps.store.events().unpublished(&self.lanes, PAGE).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "the log could not be searched for unpublished events");
                    return;
                }
            };
            let full = found.len() >= PAGE as usize;
            if found.is_empty() {
                return;
            }
            for event in &found {
                // The cursor in the database is the oldest truth there is about a directory not met before.
                self.published.entry(event.directory_id).or_insert(event.sequence - 1);
            }
            self.publish(found).await;
            self.mark().await;
            if !full || !self.unmarked.is_empty() {
                return;
            }
        }
    }

    /// Publishes what is not on the bus yet, and insists on it.
    async fn publish(&mut self, mut events: Vec<Event>) {
        events.retain(|event| event.sequence > self.position(event.directory_id));
        if events.is_empty() {
            return;
        }
        let receipt = loop {
            match self.deps.bus.publish(&events).await {
                Ok(receipt) => break receipt,
                Err(error) => {
                    tracing::warn!(events = events.len(), error = %chain(&error), "events could not be published; trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        metrics::counter!("rollcall_events_published_total").increment(events.len() as u64);
        let positions: BTreeMap<_, _> = events
            .iter()
            .map(|event| (event.directory_id, event.sequence))
            .collect();
        self.published
            .extend(positions.iter().map(|(directory, sequence)| (*directory, *sequence)));
        self.unmarked.push_back((receipt, positions));
    }

    fn position(&self, directory: DirectoryId) -> i64 {
        self.published.get(&directory).copied().unwrap_or_default()
    }

    /// Tells the database how far the bus is, as far as nothing can be lost any more. Not insisted on: it costs a second
    /// publication, no loss.
    async fn mark(&mut self) {
        let durable = self
            .unmarked
            .iter()
            .take_while(|(receipt, _)| receipt.is_durable())
            .count();
        if durable == 0 {
            return;
        }
        // Later positions of a directory are higher, and overwrite the earlier ones.
        let positions: BTreeMap<DirectoryId, i64> = self
            .unmarked
            .iter()
            .take(durable)
            .flat_map(|(_, positions)| positions.clone())
            .collect();
        match self
            .deps
            .store
            .published()
            .advance(&positions.into_iter().collect::<Vec<_>>())
            .await
        {
            Ok(()) => drop(self.unmarked.drain(..durable)),
            Err(error) => tracing::warn!(error = %chain(&error), "the outbox cursor could not be moved"),
        }
    }

    async fn positions(&self, directories: &[DirectoryId]) -> HashMap<DirectoryId, i64> {
        loop {
            match self.deps.store.published().positions(directories).await {
                Ok(positions) => return positions,
                Err(error) => unreadable(&error).await,
            }
        }
    }

    async fn logged(&self, directory: DirectoryId, after: i64) -> Vec<Event> {
        loop {
            match self.deps.store.events().of_directory(directory, after, &[], PAGE).await {
                Ok(events) => return events,
                Err(error) => unreadable(&error).await,
            }
        }
    }
}

async fn unreadable(error: &store::StoreError) {
    tracing::warn!(error = %chain(error), "the log could not be read; trying again");
    tokio::time::sleep(PAUSE).await;
}
