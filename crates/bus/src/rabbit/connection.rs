//! Making a connection, declaring the topology on it, and pausing between attempts.

use super::Shared;
use crate::BusError;
use crate::topology::{Argument, ExchangeType, Topology};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use std::time::{Duration, Instant};

/// From the first packet to the finished handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Declaring all lanes; a new quorum queue takes some tens of milliseconds.
const DECLARE_TIMEOUT: Duration = Duration::from_secs(30);
/// For saying goodbye; the broker notices a closed socket too.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Seconds; a broker that says nothing for twice as long counts as gone.
const HEARTBEAT: u16 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// A connection that stood this long was a good one: the next pause is the first again.
const STEADY_AFTER: Duration = Duration::from_secs(10);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error(transparent)]
    Url(#[from] BusError),
    #[error("the broker did not answer in time")]
    TimedOut,
    #[error(transparent)]
    Broker(#[from] lapin::Error),
}

/// Reads the URL.
pub(crate) fn parse_url(url: &str) -> Result<AMQPUri, BusError> {
    // The parser's own message could quote the password.
    url.parse::<AMQPUri>().map_err(|_| BusError::InvalidUrl)
}

pub(crate) fn broker_error(error: lapin::Error) -> BusError {
    BusError::Broker(Box::new(error))
}

/// Connects and declares everything.
pub(crate) async fn open(shared: &Shared, name: &str) -> Result<Connection, ConnectError> {
    let mut uri = parse_url(&shared.options.url)?;
    uri.query.heartbeat = Some(HEARTBEAT);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let connection = tokio::time::timeout(CONNECT_TIMEOUT, Connection::connect_uri(uri, properties))
        .await
        .map_err(|_| ConnectError::TimedOut)??;
    tokio::time::timeout(DECLARE_TIMEOUT, declare(&connection, &shared.topology))
        .await
        .map_err(|_| ConnectError::TimedOut)??;
    Ok(connection)
}

/// Says goodbye: the broker then passes the lanes on at once.
pub(crate) async fn close(connection: &Connection) {
    if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, connection.close(200, "OK".into())).await {
        tracing::debug!(%error, "the connection was gone before it could be closed");
    }
}

async fn declare(connection: &Connection, topology: &Topology) -> lapin::Result<()> {
    let channel = connection.create_channel().await?;
    for exchange in &topology.exchanges {
        let kind = match exchange.kind {
            ExchangeType::Direct => ExchangeKind::Direct,
            ExchangeType::Topic => ExchangeKind::Topic,
        };
        let options = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        channel
            .exchange_declare(exchange.name.into(), kind, options, FieldTable::default())
            .await?;
    }
    for queue in &topology.queues {
        let mut arguments = FieldTable::default();
        for (name, value) in &queue.arguments {
            arguments.insert((*name).into(), amqp_value(*value));
        }
        channel
            .queue_declare(queue.name.as_str().into(), QueueDeclareOptions::durable(), arguments)
            .await?;
    }
    for binding in &topology.bindings {
        let (queue, key) = (binding.queue.as_str().into(), binding.key.as_str().into());
        let options = QueueBindOptions::default();
        channel
            .queue_bind(queue, binding.exchange.into(), key, options, FieldTable::default())
            .await?;
    }
    for binding in &topology.unbound {
        // That there is none is no error.
        let (queue, key) = (binding.queue.as_str().into(), binding.key.as_str().into());
        channel
            .queue_unbind(queue, binding.exchange.into(), key, FieldTable::default())
            .await?;
    }
    channel.close(200, "OK".into()).await
}

fn amqp_value(argument: Argument) -> AMQPValue {
    match argument {
        Argument::Text(text) => AMQPValue::LongString(text.into()),
        Argument::Number(number) => AMQPValue::LongLongInt(i64::from(number)),
        Argument::Flag(flag) => AMQPValue::Boolean(flag),
    }
}

/// Messages that are ready in a queue.
pub(crate) async fn message_count(channel: &Channel, queue: &str) -> lapin::Result<u32> {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::durable()
    };
    let queue = channel
        .queue_declare(queue.into(), options, FieldTable::default())
        .await?;
    Ok(queue.message_count())
}

/// Pauses between attempts: doubling, and jittered so that the processes do not come back all at once.
#[derive(Debug)]
pub(crate) struct ReconnectBackoff {
    pause: Duration,
    began: Instant,
}

impl ReconnectBackoff {
    pub(crate) fn new() -> Self {
        Self {
            pause: FIRST_PAUSE,
            began: Instant::now(),
        }
    }

    /// A connection stands from now.
    pub(crate) fn connected(&mut self) {
        self.began = Instant::now();
    }

    /// The connection is gone.
    pub(crate) fn lost(&mut self) {
        if self.began.elapsed() >= STEADY_AFTER {
            self.pause = FIRST_PAUSE;
        }
    }

    /// How long to pause now: between half of the pause and all of it.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
        let jitter = u32::try_from(random >> 56).unwrap_or_default();
        pause / 2 + pause / 512 * jitter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_never_vanish() {
        let mut backoff = ReconnectBackoff::new();
        let pauses: Vec<Duration> = (0..12).map(|_| backoff.next()).collect();
        assert!(
            pauses
                .iter()
                .all(|pause| *pause >= FIRST_PAUSE / 2 && *pause <= LONGEST_PAUSE),
            "{pauses:?}"
        );
        assert!(pauses.last() >= Some(&(LONGEST_PAUSE / 2)));
    }

    #[test]
    fn a_url_that_is_not_amqp_is_refused_without_quoting_it() {
        let error = parse_url("http://user:secret@host").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("secret"));
        assert!(parse_url("amqp://guest:guest@localhost:5672/%2f").is_ok());
    }
}
