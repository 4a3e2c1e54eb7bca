//! The producer spans, whose context travels with the message.

use crate::{RequestError, topology};
use events::{Command, Event, Verdict};
use std::future::Future;
use telemetry::semconv;
use tracing::{Instrument, Span};

/// The span of one request: from handing the command over until its verdict.
pub(crate) fn request_span(command: &Command, lane: u16, system: &'static str) -> Span {
    tracing::info_span!(
        "send rollcall.commands",
        { semconv::OTEL_KIND } = "producer",
        { semconv::OTEL_STATUS_CODE } = tracing::field::Empty,
        { semconv::ERROR_TYPE } = tracing::field::Empty,
        { semconv::MESSAGING_SYSTEM } = system,
        { semconv::MESSAGING_OPERATION_NAME } = semconv::messaging_operation::SEND,
        { semconv::MESSAGING_OPERATION_TYPE } = semconv::messaging_operation::SEND,
        { semconv::MESSAGING_DESTINATION_NAME } = topology::COMMANDS,
        { semconv::MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY } = lane,
        { semconv::MESSAGING_MESSAGE_ID } = %command.id,
        { semconv::MESSAGING_MESSAGE_CONVERSATION_ID } = %command.id,
        rollcall.command = command.name(),
    )
}

/// The span of one event on its way to the broker; a child of the change that made it.
pub(crate) fn event_span(event: &Event, lane: u16, system: &'static str) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "send rollcall.events",
        { semconv::OTEL_KIND } = "producer",
        { semconv::MESSAGING_SYSTEM } = system,
        { semconv::MESSAGING_OPERATION_NAME } = semconv::messaging_operation::SEND,
        { semconv::MESSAGING_OPERATION_TYPE } = semconv::messaging_operation::SEND,
        { semconv::MESSAGING_DESTINATION_NAME } = topology::EVENTS,
        { semconv::MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY } = format!("{lane}.{}", event.kind.as_str()),
        { semconv::MESSAGING_MESSAGE_ID } = %event.id,
    );
    telemetry::set_parent(&span, event.traceparent.as_deref());
    span
}

/// Runs a request in its span and notes there how it failed.
pub(crate) async fn traced(
    span: Span,
    request: impl Future<Output = Result<Verdict, RequestError>>,
) -> Result<Verdict, RequestError> {
    let outcome = request.instrument(span.clone()).await;
    if let Err(error) = outcome {
        span.record(semconv::OTEL_STATUS_CODE, "ERROR");
        span.record(semconv::ERROR_TYPE, tracing::field::debug(error));
    }
    outcome
}
