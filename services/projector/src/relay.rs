//! From the event log to the bus: in order, confirmed, at least once.
//!
//! Events just committed are published from memory; whatever else the log holds (written by the management API, left by
//! a projector that died, or more than fits into memory) is read from there. Both go through one [`Outbox`], so each
//! directory's events reach the bus in the order of their sequence. The cursor in the database follows behind: after a
//! crash some events are published again, under the same id.
//!
//! The log is searched in intervals, and at once when a glance at its end shows events of types that others append: an app
//! that is told of a logout should not wait for the next search.
//!
//! Nothing here waits for anything else: while a portion is on its way to the bus, what was committed is taken in, the
//! log is read and searched, and the cursor moves.

use crate::config::Config;
use crate::deps::Deps;
use crate::outbox::{Outbox, OutboxBounds};
use crate::stages::Stage;
use bus::{Acker, Inbound, Receipt};
use events::{Command, DirectoryId, Event, EventType, Timestamp};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;
use store::{EventPage, StoreError};
use telemetry::chain;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

/// Committed batches on their way to this task.
const MOST_WAITING_BATCHES: usize = 32;
/// How far the cursor in the database may lag behind the bus.
const CURSOR_LAG: Duration = Duration::from_millis(100);
/// Events read from the log at once.
const PAGE_EVENTS: u32 = 500;
/// Logs read at the same time.
const READS_AT_ONCE: usize = 2;
/// Events that a glance looks at: more than others append in that time.
const GLANCE_EVENTS: u32 = 64;
/// Between attempts while the bus or the database is away.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// Messages to the relay.
pub(crate) enum RelayMessage {
    /// A lane was taken over: what another projector published is not known here.
    TakenOver,
    /// A batch was committed.
    Committed(Handover),
}

/// A committed batch: what is to be published, and what is to be acknowledged then.
pub(crate) struct Handover {
    pub(crate) events: Vec<Event>,
    pub(crate) done: PublishedBatch,
}

/// What is done with a batch once its events are on the bus.
pub(crate) struct PublishedBatch {
    pub(crate) deliveries: Vec<Inbound<Command>>,
    pub(crate) acker: Acker<Command>,
    /// When it was committed.
    pub(crate) committed: std::time::Instant,
    /// Hears of it.
    pub(crate) published: Option<oneshot::Sender<()>>,
}

/// How a task of the relay ended.
enum TaskOutcome {
    Published(Receipt, Vec<Event>),
    Marked(usize, Result<(), StoreError>),
    Placed(Vec<DirectoryId>, HashMap<DirectoryId, i64>),
    Read(DirectoryId, EventPage),
    Swept(Result<EventPage, StoreError>),
    Glanced(Result<Glance, StoreError>),
}

/// What a glance at the end of the log saw.
struct Glance {
    /// The position up to which it looked.
    position: i64,
    /// Others than a projector appended some of what is new.
    is_of_others: bool,
}

/// Which tasks are at work.
#[derive(Default)]
struct BusyTasks {
    publishing: bool,
    marking: bool,
    placing: bool,
    sweeping: bool,
    glancing: bool,
    reads: usize,
}

/// Publishes committed events and acknowledges their commands.
pub(crate) struct Relay {
    deps: Deps,
    lanes: Vec<u16>,
    incoming: mpsc::Receiver<RelayMessage>,
    sweep: Duration,
    glance: Duration,
    /// Up to which position of the log others were looked for; `None` before the first glance.
    glanced: Option<i64>,
    outbox: Outbox<PublishedBatch>,
    tasks: JoinSet<TaskOutcome>,
    busy: BusyTasks,
    /// Positions that the database does not know yet, in the order of publication, with the bus's receipts.
    unmarked: VecDeque<(Receipt, BTreeMap<DirectoryId, i64>)>,
    /// A lane was taken over: positions are to be asked for again, when nothing is on its way.
    taken_over: bool,
    mark_at: Option<Instant>,
    /// The last look at the log found as much as it looks for.
    sweep_again: bool,
}

impl Relay {
    pub(crate) fn new(config: &Config, deps: &Deps, lanes: Vec<u16>) -> (Self, mpsc::Sender<RelayMessage>) {
        Self::bounded(config, deps, lanes, OutboxBounds::default())
    }

    fn bounded(
        config: &Config,
        deps: &Deps,
        lanes: Vec<u16>,
        bounds: OutboxBounds,
    ) -> (Self, mpsc::Sender<RelayMessage>) {
        let (sender, incoming) = mpsc::channel(MOST_WAITING_BATCHES);
        let relay = Self {
            deps: deps.clone(),
            lanes,
            incoming,
            sweep: config.sweep,
            glance: config.glance,
            glanced: None,
            outbox: Outbox::new(bounds),
            tasks: JoinSet::new(),
            busy: BusyTasks::default(),
            unmarked: VecDeque::new(),
            taken_over: false,
            mark_at: None,
            sweep_again: false,
        };
        (relay, sender)
    }

    /// Until the projector has handed over its last batch, and that is on the bus.
    pub(crate) async fn run(mut self) {
        let mut sweep = tokio::time::interval(self.sweep);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut glance = tokio::time::interval(self.glance);
        glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open = true;
        while open || !self.outbox.is_settled() || self.busy.publishing {
            self.begin_what_may_be();
            let mark_at = self.mark_at.filter(|_| !self.busy.marking);
            tokio::select! {
                told = self.incoming.recv(), if open => match told {
                    Some(told) => self.hear(told).await,
                    None => open = false,
                },
                Some(outcome) = self.tasks.join_next(), if !self.tasks.is_empty() => match outcome {
                    Ok(outcome) => self.take(outcome).await,
                    // A defect; the next holder of the lane starts from the cursor in the database.
                    Err(error) => {
                        if let Ok(panic) = error.try_into_panic() {
                            std::panic::resume_unwind(panic);
                        }
                    }
                },
                () = tokio::time::sleep_until(mark_at.unwrap_or_else(Instant::now)), if mark_at.is_some() => {
                    self.mark_at = None;
                    self.begin_mark();
                }
                _ = sweep.tick() => self.begin_sweep(),
                _ = glance.tick() => self.begin_glance(),
            }
        }
        // The cursor is not insisted on, but it spares the next projector to publish again.
        while let Some(Ok(outcome)) = self.tasks.join_next().await {
            self.take(outcome).await;
        }
        self.begin_mark();
        if let Some(Ok(outcome)) = self.tasks.join_next().await {
            self.take(outcome).await;
        }
    }

    async fn hear(&mut self, told: RelayMessage) {
        let mut next = Some(told);
        while let Some(told) = next {
            match told {
                RelayMessage::TakenOver => self.taken_over = true,
                RelayMessage::Committed(handover) => {
                    let done = self.outbox.commit(handover.events, handover.done);
                    finish(done).await;
                }
            }
            next = self.incoming.try_recv().ok();
        }
    }

    /// Starts everything that has something to do and is not at it.
    fn begin_what_may_be(&mut self) {
        if self.taken_over {
            if self.busy.publishing || self.busy.placing {
                return;
            }
            self.taken_over = false;
            self.outbox.forget_positions();
        }
        if !self.busy.placing {
            self.begin_placing();
        }
        while self.busy.reads < READS_AT_ONCE
            && let Some((directory, after)) = self.outbox.next_read()
        {
            self.busy.reads += 1;
            let store = self.deps.store.clone();
            self.tasks
                .spawn(async move { TaskOutcome::Read(directory, logged(&store, directory, after).await) });
        }
        if !self.busy.publishing {
            let events = self.outbox.portion();
            if !events.is_empty() {
                self.busy.publishing = true;
                let bus = self.deps.bus.clone();
                self.tasks.spawn(async move { publish(&bus, events).await });
            }
        }
    }

    async fn take(&mut self, outcome: TaskOutcome) {
        match outcome {
            TaskOutcome::Published(receipt, events) => {
                self.busy.publishing = false;
                metrics::counter!("rollcall_events_published_total").increment(events.len() as u64);
                self.deps.store.meter().events(events.len(), Timestamp::now());
                let positions: BTreeMap<_, _> = events
                    .iter()
                    .map(|event| (event.directory_id, event.sequence))
                    .collect();
                let done = self.outbox.published(&positions);
                self.unmarked.push_back((receipt, positions));
                self.mark_at.get_or_insert_with(|| Instant::now() + CURSOR_LAG);
                finish(done).await;
            }
            TaskOutcome::Marked(count, result) => {
                self.busy.marking = false;
                match result {
                    Ok(()) => drop(self.unmarked.drain(..count)),
                    Err(error) => tracing::warn!(error = %chain(&error), "the outbox cursor could not be moved"),
                }
                if !self.unmarked.is_empty() {
                    self.mark_at.get_or_insert_with(|| Instant::now() + CURSOR_LAG);
                }
                if std::mem::take(&mut self.sweep_again) {
                    self.begin_sweep();
                }
            }
            TaskOutcome::Placed(asked, mut positions) => {
                self.busy.placing = false;
                // What is on the bus and not marked yet counts too.
                let own = self.unmarked_positions();
                for directory in asked {
                    let marked = positions.remove(&directory).unwrap_or_default();
                    let position = own.get(&directory).copied().unwrap_or_default().max(marked);
                    finish(self.outbox.place(directory, position)).await;
                }
            }
            TaskOutcome::Read(directory, page) => {
                self.busy.reads -= 1;
                let goes_on = page.next.is_some();
                finish(self.outbox.read(directory, page.events, goes_on)).await;
            }
            TaskOutcome::Swept(found) => {
                self.busy.sweeping = false;
                self.take_found(found);
            }
            TaskOutcome::Glanced(seen) => {
                self.busy.glancing = false;
                match seen {
                    // The search at work may have begun before what is new was there: the next glance sees it again.
                    Ok(seen) if seen.is_of_others && self.busy.sweeping => {}
                    Ok(seen) => {
                        self.glanced = Some(seen.position);
                        if seen.is_of_others {
                            self.begin_sweep();
                        }
                    }
                    // The sweep tells of it.
                    Err(error) => tracing::debug!(error = %chain(&error), "the end of the log could not be looked at"),
                }
            }
        }
    }

    /// Events in the log that nobody has marked as published.
    fn take_found(&mut self, found: Result<EventPage, StoreError>) {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "the log could not be searched for unpublished events");
                return;
            }
        };
        let full = found.next.is_some();
        let mut found = found.events;
        let own = self.unmarked_positions();
        found.retain(|event| own.get(&event.directory_id).is_none_or(|own| event.sequence > *own));
        // What is known already is only not marked yet.
        self.sweep_again = self.outbox.found(found, full) && full;
    }

    /// The last sequences on the bus that the database does not know yet.
    fn unmarked_positions(&self) -> HashMap<DirectoryId, i64> {
        // Later positions of a directory are higher, and overwrite the earlier ones.
        self.unmarked
            .iter()
            .flat_map(|(_, positions)| positions.clone())
            .collect()
    }

    fn begin_placing(&mut self) {
        let unknown = self.outbox.take_unknown();
        if unknown.is_empty() {
            return;
        }
        self.busy.placing = true;
        let store = self.deps.store.clone();
        self.tasks.spawn(async move {
            loop {
                match store.published().positions(&unknown).await {
                    Ok(positions) => return TaskOutcome::Placed(unknown, positions),
                    Err(error) => unreadable(&error).await,
                }
            }
        });
    }

    /// Looks for events in the log that nobody has published, whatever the reason.
    fn begin_sweep(&mut self) {
        if self.busy.sweeping {
            return;
        }
        self.busy.sweeping = true;
        let (store, lanes) = (self.deps.store.clone(), self.lanes.clone());
        self.tasks
            .spawn(async move { TaskOutcome::Swept(store.events().unpublished(&lanes, PAGE_EVENTS).await) });
    }

    /// Looks whether others appended to the log since the last time: the sweep, which finds these events, is not waited for.
    /// What a glance misses, the regular sweep finds.
    fn begin_glance(&mut self) {
        if self.busy.glancing || self.busy.sweeping {
            return;
        }
        self.busy.glancing = true;
        let (store, after) = (self.deps.store.clone(), self.glanced);
        self.tasks
            .spawn(async move { TaskOutcome::Glanced(glance(&store, after).await) });
    }

    /// How many of the first positions cannot be lost any more.
    fn durable(&self) -> usize {
        let durable = self.unmarked.iter().take_while(|(receipt, _)| receipt.is_durable());
        durable.count()
    }

    /// Tells the database how far the bus is, as far as nothing can be lost any more. Not insisted on: it costs a second
    /// publication, no loss.
    fn begin_mark(&mut self) {
        let durable = self.durable();
        if durable == 0 || self.busy.marking {
            if !self.unmarked.is_empty() {
                self.mark_at.get_or_insert_with(|| Instant::now() + CURSOR_LAG);
            }
            return;
        }
        let positions: BTreeMap<DirectoryId, i64> = self
            .unmarked
            .iter()
            .take(durable)
            .flat_map(|(_, positions)| positions.clone())
            .collect();
        self.busy.marking = true;
        let store = self.deps.store.clone();
        self.tasks.spawn(async move {
            let positions: Vec<_> = positions.into_iter().collect();
            TaskOutcome::Marked(durable, store.published().advance(&positions).await)
        });
    }
}

/// Acknowledges the commands of which all events are on the bus.
async fn finish(done: impl IntoIterator<Item = PublishedBatch>) {
    for done in done {
        Stage::Publish.record(done.committed, done.deliveries.len());
        done.acker.ack(&done.deliveries).await;
        if let Some(published) = done.published {
            // The receiver may be gone.
            let _ = published.send(());
        }
    }
}

/// Publishes events, and insists on it.
async fn publish(bus: &bus::Bus, events: Vec<Event>) -> TaskOutcome {
    loop {
        match bus.publish(&events).await {
            Ok(receipt) => return TaskOutcome::Published(receipt, events),
            Err(error) => {
                tracing::warn!(events = events.len(), error = %chain(&error), "events could not be published; trying again");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}

async fn glance(store: &store::Store, after: Option<i64>) -> Result<Glance, StoreError> {
    let Some(after) = after else {
        // The sweep at the start finds what was there before.
        let (position, _) = store.events().head().await?;
        return Ok(Glance {
            position,
            is_of_others: true,
        });
    };
    let new = store.events().types_behind(after, GLANCE_EVENTS).await?;
    Ok(Glance {
        position: new.last().map_or(after, |(position, _)| *position),
        is_of_others: new.iter().any(|(_, kind)| kind.is_none_or(is_of_others)),
    })
}

/// Whether an event is of a type that others than projectors append. Those that they append themselves they publish from
/// memory, and nobody else needs to search for them.
const fn is_of_others(kind: EventType) -> bool {
    !matches!(
        kind,
        EventType::UserCreated
            | EventType::UserUpdated
            | EventType::UserDeactivated
            | EventType::UserReactivated
            | EventType::UserDeleted
            | EventType::GroupCreated
            | EventType::GroupUpdated
            | EventType::GroupDeleted
            | EventType::GroupMemberAdded
            | EventType::GroupMemberRemoved
            | EventType::DirectoryHeld
    )
}

async fn logged(store: &store::Store, directory: DirectoryId, after: i64) -> EventPage {
    loop {
        match store.events().page_of(directory, after, PAGE_EVENTS).await {
            Ok(page) => return page,
            Err(error) => unreadable(&error).await,
        }
    }
}

async fn unreadable(error: &StoreError) {
    tracing::warn!(error = %chain(error), "the log could not be read; trying again");
    tokio::time::sleep(RETRY_PAUSE).await;
}
