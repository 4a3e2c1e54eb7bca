//! A command that goes apart: in a transaction of its own beside those of the batches, on a thread of its own, so that
//! neither the lane nor this program's other work waits for it.

use crate::command::Work;
use crate::commit::{BatchMode, CommittedBatch, Terms};
use crate::desk::{BatchLost, Desk};
use crate::spans;
use crate::stages::Stage;
use bus::Inbound;
use events::Command;
use scim::Limits;
use std::time::Duration;
use telemetry::chain;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// A command that was handed over so often before and never came to a verdict is suspected: it goes apart.
pub(crate) const SUSPECT_AFTER: u32 = 2;
/// After so many times it is given up and parked.
pub(crate) const PARKED_AFTER: u32 = 4;

/// One command on its way.
#[derive(Debug)]
pub(crate) struct ApartCommand {
    pub(crate) desk: Desk,
    pub(crate) delivery: Inbound<Command>,
    pub(crate) held: Vec<(u16, i64)>,
    pub(crate) budget: Duration,
    pub(crate) limits: Limits,
}

impl ApartCommand {
    /// Starts it. It is over when its events are on the bus: so a client that sends many large changes is no faster than the bus.
    pub(crate) fn start(self) -> JoinHandle<Result<(), BatchLost>> {
        let runtime = tokio::runtime::Handle::current();
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || runtime.block_on(self.run().instrument(span)))
    }

    async fn run(self) -> Result<(), BatchLost> {
        let spans = vec![spans::process(&self.delivery)];
        Stage::Wait.record_each([self.delivery.received()].into_iter());
        let work = Work::new(
            &self.delivery.payload,
            spans.first().and_then(telemetry::traceparent_of),
        );
        let terms = Terms {
            held: &self.held,
            way: BatchMode::Apart,
            budget: self.budget,
            limits: self.limits,
        };
        let group = spans::group_commit(&spans);
        if self.delivery.delivery_count >= PARKED_AFTER {
            return self.park(terms, &work, spans).instrument(group).await;
        }
        let done = self.desk.commit(terms, &[work]).instrument(group).await?;
        let (published, is_published) = oneshot::channel();
        self.desk
            .conclude(vec![self.delivery], spans, done, Some(published))
            .await;
        // An error means that the relay is gone, and with it the reason to wait.
        let _ = is_published.await;
        Ok(())
    }

    /// Refuses what could not be brought to an end, and puts it aside for somebody to look at. What its sender has given
    /// up, or has a verdict after all, is answered and forgotten.
    async fn park(&self, terms: Terms<'_>, work: &Work<'_>, spans: Vec<tracing::Span>) -> Result<(), BatchLost> {
        let verdicts = self.desk.give_up(terms, work).await?;
        let refusal = crate::apply::hopeless(work.command);
        if verdicts.contains(&refusal) {
            let reason = format!(
                "handed over {} times, and each time the projector that took it was interrupted",
                self.delivery.delivery_count
            );
            if let Err(error) = self.desk.acker.park(&self.delivery, &reason).await {
                tracing::warn!(command.id = %work.command.id, error = %chain(&error), "a command is not parked yet");
            }
        }
        let done = CommittedBatch {
            verdicts,
            ..CommittedBatch::default()
        };
        // Acknowledging what is parked already does nothing.
        self.desk.conclude(vec![self.delivery.clone()], spans, done, None).await;
        Ok(())
    }
}
