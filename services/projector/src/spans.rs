//! Spans of a command's way through the projector (OpenTelemetry semantic conventions for messaging).

use bus::Inbound;
use events::Command;
use tracing::Span;

/// The consumer span of one command, child of the span that sent it. It lasts until the verdict is out.
pub(crate) fn process(delivery: &Inbound<Command>) -> Span {
    let command = &delivery.payload;
    let span = tracing::info_span!(
        "process",
        otel.name = format!("process rollcall.commands.{}", delivery.lane),
        otel.kind = "consumer",
        messaging.system = "rabbitmq",
        messaging.operation.r#type = "process",
        messaging.destination.name = format!("rollcall.commands.{}", delivery.lane),
        messaging.message.id = %command.id,
        command.name = command.name(),
        directory.id = %command.directory_id,
        resource.id = %command.resource_id,
        redelivered = delivery.redelivered,
        verdict.status = tracing::field::Empty,
    );
    telemetry::set_parent(&span, delivery.traceparent.as_deref());
    span
}

/// The span of one transaction, which belongs to all commands in it: a root of its own, linked with each of them.
pub(crate) fn group_commit(spans: &[Span]) -> Span {
    let span = tracing::info_span!(parent: None, "group_commit", messaging.batch.message_count = spans.len());
    for process in spans {
        if let Some(context) = telemetry::traceparent_of(process) {
            telemetry::link(&span, &context);
        }
    }
    span
}

/// The HTTP status that the sender will answer with.
pub(crate) const fn status(outcome: &events::Outcome) -> u16 {
    use events::Outcome;
    match outcome {
        Outcome::Stored { created: true, .. } | Outcome::Applied { created: true, .. } => 201,
        Outcome::Stored { .. } | Outcome::Applied { .. } => 200,
        Outcome::Deleted => 204,
        Outcome::Refused { status, .. } => *status,
        Outcome::Abandoned => 503,
    }
}
