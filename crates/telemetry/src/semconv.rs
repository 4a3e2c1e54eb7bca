//! The OpenTelemetry attribute names that spans use, in one place: the messaging and database ones may still change.
//!
//! Use them as constant field names: `info_span!("send", { semconv::MESSAGING_SYSTEM } = "rabbitmq")`.

pub use opentelemetry_semantic_conventions::attribute::{
    CLIENT_ADDRESS, DB_COLLECTION_NAME, DB_OPERATION_BATCH_SIZE, DB_OPERATION_NAME, DB_SYSTEM_NAME, ERROR_TYPE,
    HTTP_REQUEST_METHOD, HTTP_REQUEST_RESEND_COUNT, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE,
    MESSAGING_BATCH_MESSAGE_COUNT, MESSAGING_DESTINATION_NAME, MESSAGING_DESTINATION_PARTITION_ID,
    MESSAGING_MESSAGE_BODY_SIZE, MESSAGING_MESSAGE_CONVERSATION_ID, MESSAGING_MESSAGE_ID, MESSAGING_OPERATION_NAME,
    MESSAGING_OPERATION_TYPE, MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY, MESSAGING_SYSTEM, NETWORK_PROTOCOL_VERSION,
    SERVER_ADDRESS, SERVER_PORT, SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, URL_FULL, URL_PATH, URL_SCHEME,
    USER_AGENT_ORIGINAL,
};

/// Name of the span when it must not be the literal one (read by the tracing layer).
pub const OTEL_NAME: &str = "otel.name";
/// Kind of the span: `server`, `client`, `producer`, `consumer` or `internal` (read by the tracing layer).
pub const OTEL_KIND: &str = "otel.kind";
/// Status of the span: `OK` or `ERROR` (read by the tracing layer).
pub const OTEL_STATUS_CODE: &str = "otel.status_code";
/// Why the status is `ERROR` (read by the tracing layer).
pub const OTEL_STATUS_DESCRIPTION: &str = "otel.status_description";

/// Values of [`MESSAGING_SYSTEM`].
pub mod messaging_system {
    /// A broker that speaks AMQP 0-9-1.
    pub const RABBITMQ: &str = "rabbitmq";
    /// The queues inside one process.
    pub const EMBEDDED: &str = "embedded";
}

/// Values of [`MESSAGING_OPERATION_TYPE`].
pub mod messaging_operation {
    /// One or more messages are handed to the broker.
    pub const SEND: &str = "send";
    /// A message is being worked on.
    pub const PROCESS: &str = "process";
    /// Messages are acknowledged, rejected or parked.
    pub const SETTLE: &str = "settle";
}
