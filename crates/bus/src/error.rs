//! Why something could not be sent.

/// Why [`crate::Bus::request`] has no verdict.
///
/// After anything but [`RequestError::Unavailable`] the command may be applied, now or later: the caller must settle
/// it by claiming its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The bus is known to be down, closed or overloaded: nothing was published.
    #[error("the bus is not available, the command was not published")]
    Unavailable,
    /// The broker refused the command: its queue is full, or no queue took it.
    #[error("the bus refused the command")]
    Refused,
    /// The connection went away after the command was handed over.
    #[error("the connection to the bus was lost while waiting for the verdict")]
    Lost,
    /// No verdict came before the command's deadline and a second more.
    #[error("no verdict came in time")]
    TimedOut,
}

/// Why messages could not be published, parked or counted.
///
/// Whatever the reason, any part of what was to be published may have arrived: publish all of it again, in order.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus is known to be down or closed: nothing was published.
    #[error("the bus is not available")]
    Unavailable,
    /// The broker refused a message: its queue is full, or no queue took it.
    #[error("the bus refused a message")]
    Refused,
    /// The connection went away before everything was confirmed.
    #[error("the connection to the bus was lost before everything was confirmed")]
    Lost,
    /// The broker did not confirm in time.
    #[error("the bus did not confirm in time")]
    TimedOut,
    /// The URL is not one of an AMQP broker.
    #[error("the URL of the bus is not of the form amqp://user:password@host:5672/vhost")]
    InvalidUrl,
    /// A message could not be written as JSON.
    #[error("a message could not be encoded")]
    Encoding(#[from] serde_json::Error),
    /// The broker answered with an error.
    #[error("the broker answered with an error")]
    Broker(#[source] Box<dyn std::error::Error + Send + Sync>),
}
