//! Events become deliveries: matched, stored, acknowledged to the bus, and only then sent.

use crate::endpoints::LoadedEndpoint;
use crate::engine::Engine;
use crate::job::Job;
use crate::measure;
use crate::people::people;
use crate::queue::{ChainLink, ChainTurn};
use crate::streams;
use bus::{Acker, Consumer, Inbound};
use directory::{ParsedEvent, Rendering, Signal};
use events::{DeliveryId, EndpointId, Event, EventId, EventType, ResourceId, Timestamp};
use runtime::Backoff;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{InsertedDelivery, Lease, NewDelivery, OwnBody, Store, StoreError};
use telemetry::semconv;
use tokio_util::sync::CancellationToken;
use tracing::Span;

/// Events that come so soon after the ones before, and faster than they are stored one by one, are part of a stream, of which
/// more is waited for. One that comes alone never waits.
const STREAM_GAP: Duration = Duration::from_millis(3);
const STREAM_WAIT: Duration = Duration::from_millis(4);
/// No more than so many are waited for.
const MOST_EVENTS_WAITED_FOR: usize = 32;
/// Events taken at a time as long as the dispatcher has more to send than it can.
const EVENTS_WHEN_OVERLOADED: usize = 16;

/// Takes events from the bus.
#[derive(Debug)]
pub(crate) struct FanOut {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Store,
    pub(crate) owner: Arc<str>,
    pub(crate) consumer: Consumer<Event>,
    pub(crate) soft: CancellationToken,
}

/// An event in work.
#[derive(Debug)]
struct EventInWork<'a> {
    event: &'a Event,
    /// Open until the event is acknowledged.
    span: Span,
}

/// A delivery to be, with what is needed to send it.
#[derive(Debug)]
struct PlannedDelivery {
    new: NewDelivery,
    job: Job,
    place: MemoryPlace,
    /// The body is not that of the log.
    own: bool,
}

/// The place in memory that is kept for a delivery while it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MemoryPlace {
    /// None: it goes through the database.
    None,
    /// Among what is sent next.
    Reserved,
    /// In its line, in hand or behind what is.
    InLine(ChainLink),
}

/// Which endpoints get an event, and how.
type Recipients = Vec<(Arc<LoadedEndpoint>, Telling)>;

/// How an endpoint gets an event.
#[derive(Debug)]
enum Telling {
    /// As a webhook.
    Event(Rendering),
    /// As a signal for an app: an event may be several.
    Signal(Signal),
}

/// What a delivery tells.
struct Content {
    event_id: EventId,
    kind: EventType,
    /// Whom it is about, where it has a place in that line.
    subject: Option<ResourceId>,
    body: Arc<str>,
    /// The body is not that of the log.
    own: bool,
}

impl Telling {
    /// `body` is that of the log. Of several signals that an event is, the first stands in the line.
    fn content(self, event: &Event, body: &Arc<str>) -> Content {
        let as_it_is = Content {
            event_id: event.id,
            kind: event.kind,
            subject: event.subject_id,
            body: Arc::clone(body),
            own: false,
        };
        match self {
            Self::Event(Rendering::AsItIs) => as_it_is,
            Self::Event(Rendering::Rendered(kind, body)) => Content {
                kind,
                body,
                own: true,
                ..as_it_is
            },
            Self::Signal(signal) => Content {
                event_id: signal.event_id,
                subject: event.subject_id.filter(|_| signal.is_first),
                body: signal.body.into(),
                own: true,
                ..as_it_is
            },
        }
    }
}

impl PlannedDelivery {
    fn own_body(&self) -> Option<OwnBody> {
        self.own.then(|| OwnBody {
            delivery_id: self.new.id,
            directory_id: self.new.directory_id,
            body: Arc::clone(&self.job.body),
        })
    }
}

impl FanOut {
    pub(crate) async fn run(self) {
        let acker = self.consumer.acker();
        let mut free_since = Instant::now();
        let mut is_stream = false;
        let mut most = self.engine.config.batch;
        while let Some(Some(mut batch)) = self.soft.run_until_cancelled(self.consumer.next(most)).await {
            is_stream = free_since.elapsed() < STREAM_GAP && (is_stream || batch.len() > 1);
            if is_stream {
                self.linger(&mut batch).await;
                // Nothing came: the next one need not wait for others either.
                is_stream = batch.len() > 1;
            }
            self.work(&acker, &batch).await;
            free_since = Instant::now();
            // More may be waiting on the bus, and it may as well wait there: what does not fit into memory is written and
            // read once more, which those would pay for who wait for the database meanwhile.
            if batch.len() >= self.engine.config.batch {
                let _ = self.soft.run_until_cancelled(self.engine.wait_for_room()).await;
            }
            let overloaded = self.soft.run_until_cancelled(self.engine.wait_for_slots()).await;
            most = if overloaded == Some(true) {
                EVENTS_WHEN_OVERLOADED
            } else {
                self.engine.config.batch
            };
        }
        self.consumer.stop();
    }

    /// Waits a moment for more: storing and acknowledging many costs the database and the broker little more than one.
    async fn linger(&self, batch: &mut Vec<Inbound<Event>>) {
        let until = tokio::time::Instant::now() + STREAM_WAIT;
        while batch.len() < MOST_EVENTS_WAITED_FOR {
            match tokio::time::timeout_at(until, self.consumer.next(MOST_EVENTS_WAITED_FOR - batch.len())).await {
                Ok(Some(more)) => batch.extend(more),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Events that cannot be stored now stay unacknowledged and are tried again; ones that can never be are parked.
    async fn work(&self, acker: &Acker<Event>, batch: &[Inbound<Event>]) {
        let received: Vec<_> = batch.iter().map(received).collect();
        let error = match self.persist(&received).await {
            PersistOutcome::Stored(stored) => {
                acker.ack(batch).await;
                drop(received);
                self.engine.take_new(stored.jobs).await;
                if stored.more {
                    // Not before: what is left in the database comes after what is in memory.
                    self.engine.due.notify_one();
                }
                return;
            }
            PersistOutcome::Stopped => return,
            PersistOutcome::Refused(error) => error,
        };
        let [single] = batch else {
            for single in batch {
                Box::pin(self.work(acker, std::slice::from_ref(single))).await;
            }
            return;
        };
        let reason = telemetry::chain(&error).to_string();
        tracing::error!(event.id = %single.payload.id, error = reason, "an event cannot be dispatched");
        if let Err(error) = acker.park(single, &reason).await {
            tracing::warn!(event.id = %single.payload.id, error = %telemetry::chain(&error), "an event is not parked yet");
        }
    }

    async fn persist(&self, received: &[EventInWork<'_>]) -> PersistOutcome {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            match self.try_persist(received).await {
                Ok(stored) => return PersistOutcome::Stored(stored),
                Err(error) if !error.is_transient() => return PersistOutcome::Refused(error),
                Err(error) => tracing::warn!(error = %telemetry::chain(&error), "events are not dispatched yet"),
            }
            if self
                .soft
                .run_until_cancelled(tokio::time::sleep(backoff.pause()))
                .await
                .is_none()
            {
                return PersistOutcome::Stopped;
            }
        }
    }

    async fn try_persist(&self, received: &[EventInWork<'_>]) -> Result<StoredDeliveries, StoreError> {
        let endpoints = self.engine.endpoints.load().await?;
        let told = self.tell(received, &endpoints).await?;
        let planned = self.plan(received, told);
        let now = Timestamp::now();
        let lease = Lease {
            owner: &self.owner,
            until: now.plus(self.engine.config.lease),
        };
        let new: Vec<_> = planned.iter().map(|planned| planned.new).collect();
        let bodies: Vec<_> = planned.iter().filter_map(PlannedDelivery::own_body).collect();
        let catching_up: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.catching_up).collect();
        let batch = store::FannedOut {
            new: &new,
            bodies: &bodies,
            catching_up: &catching_up.iter().map(|endpoint| endpoint.id).collect::<Vec<_>>(),
        };
        let inserted = self.store.deliveries().fan_out(batch, lease, now).await;
        let inserted = inserted.inspect_err(|_| self.give_places_back(&planned, |_| true, false))?;
        measure::fanned_out(received.len(), inserted.len());
        let leased: HashSet<DeliveryId> = inserted.iter().filter(|new| new.leased).map(|new| new.id).collect();
        self.give_places_back(&planned, |id| !leased.contains(&id), true);
        let more = self.note_spills(&planned, &inserted);
        let jobs = planned.into_iter().map(|planned| planned.job);
        Ok(StoredDeliveries {
            jobs: jobs.filter(|job| leased.contains(&job.delivery_id)).collect(),
            more,
        })
    }

    /// Which endpoints get each event, and how.
    async fn tell(
        &self,
        received: &[EventInWork<'_>],
        endpoints: &[Arc<LoadedEndpoint>],
    ) -> Result<Vec<Recipients>, StoreError> {
        let parsed: Vec<ParsedEvent<'_>> = received
            .iter()
            .map(|received| ParsedEvent::of(received.event))
            .collect();
        let people = people(&self.store, endpoints, &parsed).await?;
        let signals = streams::tell(&self.store, endpoints, &parsed).await?;
        let told = |parsed: &ParsedEvent<'_>| {
            let told = |endpoint: &Arc<LoadedEndpoint>| {
                let told = endpoint.subscription.tell(parsed, &people).ok()?;
                Some((Arc::clone(endpoint), Telling::Event(told)))
            };
            endpoints.iter().filter_map(told).collect::<Vec<_>>()
        };
        let signals = signals.into_iter().map(|of_event| {
            let of_event = of_event.into_iter();
            of_event.map(|(endpoint, signal)| (endpoint, Telling::Signal(signal)))
        });
        let all = parsed.iter().map(told).zip(signals);
        Ok(all
            .map(|(mut told, signals)| {
                told.extend(signals);
                told
            })
            .collect())
    }

    /// A delivery for each event and each endpoint that gets it, in the order of the events. It is to be sent at once
    /// if there is a place for it in memory, or after those before it in its line; where newer updates supersede those that
    /// wait, only the first of a line.
    fn plan(&self, received: &[EventInWork<'_>], told: Vec<Recipients>) -> Vec<PlannedDelivery> {
        let now = Instant::now();
        let mut queue = self.engine.queue();
        let mut subjects: HashSet<(EndpointId, ResourceId)> = HashSet::new();
        let mut planned = Vec::new();
        for (EventInWork { event, span }, wanting) in received.iter().zip(told) {
            if wanting.is_empty() {
                continue;
            }
            let body: Arc<str> = event.body.as_str().into();
            let traceparent = telemetry::traceparent_of(span)
                .or_else(|| event.traceparent.clone())
                .map(Arc::from);
            for (endpoint, told) in wanting {
                queue.set_rate(endpoint.id, endpoint.per_second);
                let id = DeliveryId::new();
                let usable = endpoint.enabled && endpoint.credentials.is_some();
                let content = told.content(event, &body);
                let subject = content.subject.filter(|_| endpoint.ordered);
                let (place, after) = match subject {
                    _ if !usable => (MemoryPlace::None, None),
                    Some(subject) if endpoint.takes_lines() => {
                        let link = ChainLink { subject, delivery: id };
                        match queue.plan(endpoint.id, link, now) {
                            ChainTurn::Left => (MemoryPlace::None, None),
                            ChainTurn::First => (MemoryPlace::InLine(link), None),
                            ChainTurn::Behind(after) => (MemoryPlace::InLine(link), after),
                        }
                    }
                    _ => {
                        let is_first = subject.is_none_or(|subject| subjects.insert((endpoint.id, subject)));
                        if is_first && queue.reserve(endpoint.id, now) {
                            (MemoryPlace::Reserved, None)
                        } else {
                            (MemoryPlace::None, None)
                        }
                    }
                };
                let mut one = plan_one(event, &endpoint, (id, place), content, traceparent.as_ref());
                one.new.after = after;
                planned.push(one);
            }
        }
        planned
    }

    /// Deliveries that are stored but not in memory: new ones must stay behind them. Says whether one of them could be
    /// taken now; for an endpoint without room the end of an attempt asks again, or the regular sweep.
    fn note_spills(&self, planned: &[PlannedDelivery], inserted: &[InsertedDelivery]) -> bool {
        let left: HashSet<DeliveryId> = inserted
            .iter()
            .filter(|new| !new.leased && !new.held && !new.blocked)
            .map(|new| new.id)
            .collect();
        if left.is_empty() {
            return false;
        }
        let now = Instant::now();
        let mut queue = self.engine.queue();
        let mut more = false;
        for planned in planned.iter().filter(|planned| left.contains(&planned.new.id)) {
            // Of an ordered endpoint the database keeps the order: nothing has to stay behind what is left there.
            if !planned.new.ordered {
                queue.spill(planned.new.endpoint_id);
            }
            more = more || queue.room(planned.new.endpoint_id, now).0 > 0;
        }
        more
    }

    fn give_places_back(&self, planned: &[PlannedDelivery], which: impl Fn(DeliveryId) -> bool, are_stored: bool) {
        let mut queue = self.engine.queue();
        for planned in planned.iter().filter(|planned| which(planned.new.id)) {
            match planned.place {
                MemoryPlace::None => {}
                MemoryPlace::Reserved => queue.cancel(planned.new.endpoint_id),
                MemoryPlace::InLine(link) => queue.unplan(planned.new.endpoint_id, link, are_stored),
            }
        }
    }
}

/// What was stored.
struct StoredDeliveries {
    /// Leased, to be sent now.
    jobs: Vec<Job>,
    /// Something was left for the sweep, and there is room for it.
    more: bool,
}

/// What came of storing a batch.
enum PersistOutcome {
    Stored(StoredDeliveries),
    /// The program stops; the events come again elsewhere.
    Stopped,
    Refused(StoreError),
}

fn received(delivery: &Inbound<Event>) -> EventInWork<'_> {
    let event = &delivery.payload;
    let queue = format!("rollcall.dispatch.{}", delivery.lane);
    let span = tracing::info_span!(
        parent: None,
        "process rollcall.dispatch",
        { semconv::OTEL_NAME } = format!("process {queue}"),
        { semconv::OTEL_KIND } = "consumer",
        { semconv::MESSAGING_OPERATION_NAME } = semconv::messaging_operation::PROCESS,
        { semconv::MESSAGING_OPERATION_TYPE } = semconv::messaging_operation::PROCESS,
        { semconv::MESSAGING_DESTINATION_NAME } = queue,
        { semconv::MESSAGING_MESSAGE_ID } = %event.id,
        event.kind = event.kind.as_str(),
        directory.id = %event.directory_id,
    );
    telemetry::set_parent(&span, delivery.traceparent.as_deref().or(event.traceparent.as_deref()));
    EventInWork { event, span }
}

fn plan_one(
    event: &Event,
    endpoint: &LoadedEndpoint,
    (id, place): (DeliveryId, MemoryPlace),
    content: Content,
    traceparent: Option<&Arc<str>>,
) -> PlannedDelivery {
    let endpoint_id = endpoint.id;
    let Content {
        event_id,
        kind,
        subject,
        body,
        own,
    } = content;
    PlannedDelivery {
        place,
        own,
        new: NewDelivery {
            id,
            endpoint_id,
            event_id,
            directory_id: event.directory_id,
            subject_id: subject,
            sequence: event.sequence,
            event_type: kind,
            claim: place != MemoryPlace::None,
            after: None,
            ordered: endpoint.ordered,
        },
        job: Job {
            delivery_id: id,
            endpoint_id,
            event_id,
            subject: subject.filter(|_| endpoint.takes_lines()),
            body,
            attempt: 1,
            token: 1,
            traceparent: traceparent.cloned(),
            test: false,
        },
    }
}
