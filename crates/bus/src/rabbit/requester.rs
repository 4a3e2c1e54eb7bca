//! Commands out, verdicts back.

use super::Rabbit;
use super::letter::Letter;
use crate::RequestError;
use crate::trace::{request_span, traced};
use events::{Command, Verdict, lane_of};
use std::sync::atomic::Ordering;
use telemetry::semconv::messaging_system;

impl Rabbit {
    pub(crate) async fn request(&self, command: &Command, sent: impl FnOnce() + Send) -> Result<Verdict, RequestError> {
        let lane = lane_of(command.directory_id, self.partitions());
        let span = request_span(command, lane, messaging_system::RABBITMQ);
        traced(span, self.exchange(command, lane, sent)).await
    }

    async fn exchange(
        &self,
        command: &Command,
        lane: u16,
        sent: impl FnOnce() + Send,
    ) -> Result<Verdict, RequestError> {
        self.shared().requests.store(true, Ordering::Relaxed);
        let session = self.shared().session().ok_or(RequestError::Unavailable)?;
        let reply_to = session.reply_queue().await.ok_or(RequestError::Unavailable)?;
        let letter = Letter::new(command, lane, reply_to, telemetry::traceparent()).map_err(|error| {
            tracing::error!(%error, command.id = %command.id, "a command could not be encoded");
            RequestError::Unavailable
        })?;
        let waiter = session
            .waiters()
            .register(command.id)
            .ok_or(RequestError::Unavailable)?;
        // A full queue means that the broker is not keeping up: better refused now than late.
        session
            .commands()
            .try_send(letter)
            .map_err(|_| RequestError::Unavailable)?;
        sent();
        waiter.wait(command.deadline).await
    }
}
