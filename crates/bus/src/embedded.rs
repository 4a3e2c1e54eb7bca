//! The bus inside one process: bounded queues per lane, with the order, back-pressure, redelivery and single active
//! consumer of the broker. What is queued here is gone when the process ends: commands in it were never answered, and
//! events are in the log.

mod consumer;
mod dead;
mod half;
mod lane;

pub(crate) use consumer::{Consumer, Link};
pub(crate) use dead::HeldLetters;
pub(crate) use half::Half;

use crate::message::sealed::MessageKind as _;
use crate::trace::{event_span, request_span, traced};
use crate::waiters::Waiters;
use crate::{BusError, Health, Receipt, RequestError};
use dead::DeadLetters;
use events::{Command, Event, Verdict, lane_of};
use half::{LaneFull, WaitingMessages};
use lane::QueuedMessage;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use telemetry::semconv::messaging_system;

/// How long closing waits for verdicts that are on their way.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The in-process bus.
#[derive(Debug)]
pub(crate) struct Embedded {
    partitions: u16,
    commands: Arc<Half<Command>>,
    events: Arc<Half<Event>>,
    waiters: Arc<Waiters>,
    dead: DeadLetters,
    closed: AtomicBool,
}

impl Embedded {
    pub(crate) fn new(partitions: u16, max_length: u32) -> Arc<Self> {
        let partitions = partitions.max(1);
        let capacity = usize::try_from(max_length).unwrap_or(usize::MAX);
        Arc::new(Self {
            partitions,
            commands: Arc::new(Half::new(partitions, capacity)),
            events: Arc::new(Half::new(partitions, capacity)),
            waiters: Arc::default(),
            dead: DeadLetters::default(),
            closed: AtomicBool::new(false),
        })
    }

    pub(crate) const fn partitions(&self) -> u16 {
        self.partitions
    }

    pub(crate) const fn commands(&self) -> &Arc<Half<Command>> {
        &self.commands
    }

    pub(crate) const fn events(&self) -> &Arc<Half<Event>> {
        &self.events
    }

    pub(crate) const fn waiters(&self) -> &Arc<Waiters> {
        &self.waiters
    }

    pub(crate) const fn dead(&self) -> &DeadLetters {
        &self.dead
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) async fn request(&self, command: &Command, sent: impl FnOnce() + Send) -> Result<Verdict, RequestError> {
        let lane = lane_of(command.directory_id, self.partitions);
        let span = request_span(command, lane, messaging_system::EMBEDDED);
        traced(span, async {
            if self.is_closed() {
                return Err(RequestError::Unavailable);
            }
            let waiter = self.waiters.register(command.id).ok_or(RequestError::Unavailable)?;
            let queued = QueuedMessage::new(command.clone(), command.size(), telemetry::traceparent(), None);
            self.commands
                .push(lane, queued)
                .map_err(|LaneFull| RequestError::Refused)?;
            sent();
            waiter.wait(command.deadline).await
        })
        .await
    }

    /// Waits for room where a lane is full: as many as its consumer takes, and no more, are in memory here.
    pub(crate) async fn publish(&self, events: &[Event]) -> Result<Receipt, BusError> {
        let receipt = Receipt::open(events.len());
        let mut waiting = WaitingMessages::new();
        for event in events {
            let lane = lane_of(event.directory_id, self.partitions);
            let span = event_span(event, lane, messaging_system::EMBEDDED);
            let traceparent = telemetry::traceparent_of(&span).or_else(|| event.traceparent.clone());
            let queued = QueuedMessage::new(event.clone(), event.size(), traceparent, Some(receipt.clone()));
            waiting.entry(lane).or_default().push_back(queued);
        }
        if self.events.push_all(waiting, || self.is_closed()).await {
            Ok(receipt)
        } else {
            Err(BusError::Unavailable)
        }
    }

    pub(crate) fn health(&self) -> Health {
        let up = !self.is_closed();
        Health {
            up,
            detail: if up { "ok" } else { "closed" }.to_owned(),
        }
    }

    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.events.wake_all();
        self.commands.wake_all();
        // Requests that are still open at the end of the drain time wake up as lost.
        let _ = tokio::time::timeout(DRAIN_TIME, self.waiters.idle()).await;
        self.waiters.close();
    }
}
