//! One consumer: a connection of its own with a channel per lane.

use super::batches::publish;
use super::buffer::ConsumerBuffer;
use super::bundle::{self, BundlePart};
use super::connection::{self, ConnectError, ReconnectBackoff};
use super::replies::Reply;
use super::watchdog::{self, Alarm};
use super::wire::{self, Envelope};
use super::{Rabbit, Shared};
use crate::{BusError, Inbound, Message, Role};
use events::{Command, Verdict};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream, SelectAll};
use lapin::Connection;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Messages a lane may have received and not acknowledged. Commands: several batches of the projector, which forms each
/// out of all that it has, so that no directory waits for another. In a rush a message holds many commands, or events.
const fn prefetch(role: Role) -> u16 {
    match role {
        Role::Commands => 512,
        Role::Events => 128,
    }
}

/// Verdicts in one message, so that the first of many is not waited for long and none gets large.
const VERDICTS_AT_ONCE: usize = 32;
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
/// Between attempts to park what cannot be read.
const PARK_PAUSE: Duration = Duration::from_secs(1);

/// The consuming end; dropping it closes its connection, which gives back what is not acknowledged.
#[derive(Debug)]
pub(crate) struct Consumer<T: Message> {
    link: Link<T>,
    _gone: DropGuard,
}

/// What the consumer and its ackers share.
#[derive(Debug)]
pub(crate) struct Link<T: Message> {
    rabbit: Arc<Rabbit>,
    buffer: Arc<ConsumerBuffer<T>>,
}

impl<T: Message> Clone for Link<T> {
    fn clone(&self) -> Self {
        Self {
            rabbit: Arc::clone(&self.rabbit),
            buffer: Arc::clone(&self.buffer),
        }
    }
}

impl<T: Message> Consumer<T> {
    pub(crate) fn start(rabbit: Arc<Rabbit>, lanes: Vec<u16>) -> Self {
        let shared = Arc::clone(rabbit.shared());
        let buffer = Arc::<ConsumerBuffer<T>>::default();
        let gone = shared.stop.child_token();
        let worker = Worker {
            shared: Arc::clone(&shared),
            lanes,
            buffer: Arc::clone(&buffer),
            gone: gone.clone(),
        };
        shared.tasks.spawn(worker.run());
        Self {
            link: Link { rabbit, buffer },
            _gone: gone.drop_guard(),
        }
    }

    pub(crate) async fn next(&self, max: usize) -> Option<Vec<Inbound<T>>> {
        self.link.buffer.next(max).await
    }

    pub(crate) fn stop(&self) {
        self.link.buffer.stop();
    }

    pub(crate) const fn link(&self) -> &Link<T> {
        &self.link
    }
}

impl<T: Message> Link<T> {
    pub(crate) fn ack(&self, deliveries: &[Inbound<T>]) {
        let mut parts: HashMap<u64, Vec<(u64, u32)>> = HashMap::new();
        for delivery in deliveries {
            let part = (delivery.tag, delivery.part);
            parts.entry(delivery.session).or_default().push(part);
        }
        self.buffer.ack(parts);
    }

    pub(crate) async fn park(&self, delivery: &Inbound<T>, reason: &str) -> Result<(), BusError> {
        let session = self.rabbit.shared().session().ok_or(BusError::Unavailable)?;
        let message = wire::parked(delivery, reason)?;
        publish(session.batches(), vec![message]).await?;
        tracing::error!(
            lane = delivery.lane,
            message.id = delivery.payload.message_id(),
            reason,
            "parked a message"
        );
        self.ack(std::slice::from_ref(delivery));
        Ok(())
    }
}

impl Link<Command> {
    pub(crate) async fn reply(&self, verdicts: &[(&Inbound<Command>, &Verdict)]) {
        let Some(session) = self.rabbit.shared().session() else {
            return;
        };
        let mut by_queue: HashMap<&str, Vec<&Verdict>> = HashMap::new();
        for (delivery, verdict) in verdicts {
            if let Some(queue) = &delivery.reply_to {
                by_queue.entry(queue).or_default().push(verdict);
            }
        }
        for (queue, verdicts) in by_queue {
            for some in verdicts.chunks(VERDICTS_AT_ONCE) {
                match wire::verdicts(some, queue) {
                    // When the session ends meanwhile, so does the wait.
                    Ok(message) => drop(session.replies().send(Reply::Send(Box::new(message))).await),
                    Err(error) => tracing::error!(%error, verdicts = some.len(), "verdicts could not be encoded"),
                }
            }
        }
    }
}

/// The background half of a consumer.
struct Worker<T: Message> {
    shared: Arc<Shared>,
    lanes: Vec<u16>,
    buffer: Arc<ConsumerBuffer<T>>,
    gone: CancellationToken,
}

/// Why a subscription ended.
enum SubscriptionEnd {
    /// The consumer is gone, or stopped and done.
    Finished,
    Lost(String),
    /// This lane has messages and hands out none.
    Stalled(u16),
}

/// What a lane's stream gives; `None` at its end.
type Item = (u16, u64, Option<lapin::Result<lapin::message::Delivery>>);

struct Subscription {
    connection: Connection,
    /// Lane and session.
    sessions: Vec<(u16, u64)>,
    stream: SelectAll<BoxStream<'static, Item>>,
}

impl<T: Message> Worker<T> {
    async fn run(self) {
        let number = self.shared.next_number();
        let name = format!("{} {}", self.shared.options.name, T::ROLE.as_str());
        let mut backoff = ReconnectBackoff::new();
        loop {
            let attempt = tokio::select! {
                () = self.gone.cancelled() => break,
                () = self.buffer.finished() => break,
                attempt = self.subscribe(&name) => attempt,
            };
            match attempt {
                Err(error) => self
                    .shared
                    .status
                    .down(number, &name, telemetry::chain(&error).to_string()),
                Ok(mut subscription) => {
                    backoff.connected();
                    self.shared.status.up(number, &name);
                    let end = self.receive(&mut subscription).await;
                    self.buffer.clear();
                    connection::close(&subscription.connection).await;
                    match end {
                        SubscriptionEnd::Finished => break,
                        SubscriptionEnd::Lost(reason) => self.shared.status.down(number, &name, reason),
                        // Most likely this consumer merely stands by, so it is not a matter of health.
                        SubscriptionEnd::Stalled(lane) => {
                            tracing::info!(connection = name, lane, "messages wait and none come: reconnecting");
                        }
                    }
                    backoff.lost();
                }
            }
            if self
                .gone
                .run_until_cancelled(tokio::time::sleep(backoff.next()))
                .await
                .is_none()
            {
                break;
            }
        }
        self.buffer.stop();
        self.shared.status.remove(number);
    }

    async fn subscribe(&self, name: &str) -> Result<Subscription, ConnectError> {
        let connection = connection::open(&self.shared, name).await?;
        let mut subscription = Subscription {
            connection,
            sessions: Vec::new(),
            stream: SelectAll::new(),
        };
        tokio::time::timeout(SUBSCRIBE_TIMEOUT, self.consume(&mut subscription))
            .await
            .map_err(|_| ConnectError::TimedOut)??;
        Ok(subscription)
    }

    async fn consume(&self, subscription: &mut Subscription) -> lapin::Result<()> {
        for lane in self.lanes.iter().copied() {
            let channel = subscription.connection.create_channel().await?;
            channel.basic_qos(prefetch(T::ROLE), BasicQosOptions::default()).await?;
            let mut arguments = FieldTable::default();
            arguments.insert(
                "x-priority".into(),
                AMQPValue::LongInt(priority(&self.shared.options.name, lane)),
            );
            let queue = T::ROLE.queue(lane).as_str().into();
            let options = BasicConsumeOptions::default();
            let consumer = channel.basic_consume(queue, "".into(), options, arguments).await?;
            let session = self.shared.next_number();
            self.buffer.open_session(session, channel);
            let items = consumer.map(move |item| (lane, session, Some(item)));
            let end = stream::iter([(lane, session, None)]);
            subscription.stream.push(items.chain(end).boxed());
            subscription.sessions.push((lane, session));
        }
        Ok(())
    }

    async fn receive(&self, subscription: &mut Subscription) -> SubscriptionEnd {
        let Subscription {
            connection,
            sessions,
            stream,
        } = subscription;
        let watchdog = watchdog::watch(connection, T::ROLE, sessions, &self.buffer);
        tokio::pin!(watchdog);
        loop {
            tokio::select! {
                biased;
                () = self.gone.cancelled() => return SubscriptionEnd::Finished,
                () = self.buffer.finished() => return SubscriptionEnd::Finished,
                alarm = &mut watchdog => return match alarm {
                    Alarm::Broken(reason) => SubscriptionEnd::Lost(reason),
                    Alarm::Stalled(lane) => SubscriptionEnd::Stalled(lane),
                },
                item = stream.next() => match item {
                    Some((lane, session, Some(Ok(delivery)))) => self.accept(lane, session, delivery),
                    Some((_, _, Some(Err(error)))) => return SubscriptionEnd::Lost(error.to_string()),
                    Some((lane, _, None)) => return SubscriptionEnd::Lost(format!("the broker cancelled the consumer of lane {lane}")),
                    // Without a lane there is nothing to receive, and nothing to end either.
                    None => std::future::pending().await,
                },
            }
        }
    }

    fn accept(&self, lane: u16, session: u64, delivery: lapin::message::Delivery) {
        let lapin::message::Delivery {
            delivery_tag: tag,
            redelivered,
            properties,
            data,
            ..
        } = delivery;
        let parts = match bundle::read::<T>(&data) {
            Ok(parts) => parts,
            Err(error) => {
                self.buffer.hold(session, tag);
                self.park_unreadable(session, tag, lane, properties, data, &error);
                return;
            }
        };
        let Envelope {
            traceparent,
            delivery_count,
            reply_to,
        } = Envelope::read(&properties);
        let redelivered = redelivered || delivery_count > 0;
        let size = data.len() / parts.len();
        let received = Instant::now();
        let deliveries = (0..).zip(parts).map(
            |(
                part,
                BundlePart {
                    traceparent: own,
                    message,
                },
            )| Inbound {
                lane,
                session,
                redelivered,
                delivery_count,
                traceparent: own.or_else(|| traceparent.clone()),
                payload: message,
                size,
                received,
                tag,
                part,
                reply_to: reply_to.clone(),
            },
        );
        self.buffer.push(deliveries.collect());
    }

    /// Parks in the background, so that the lane goes on.
    fn park_unreadable(
        &self,
        session: u64,
        tag: u64,
        lane: u16,
        properties: lapin::BasicProperties,
        data: Vec<u8>,
        error: &serde_json::Error,
    ) {
        // The position says where to look; the error's text could quote the message.
        let reason = format!(
            "not a valid message: {:?} error at column {}",
            error.classify(),
            error.column()
        );
        tracing::error!(
            lane,
            queue = T::ROLE.queue(lane),
            reason,
            "a message cannot be read and is parked"
        );
        let (shared, buffer) = (Arc::clone(&self.shared), Arc::clone(&self.buffer));
        let gone = self.gone.clone();
        self.shared.tasks.spawn(async move {
            let parking = async {
                while buffer.holds(session, tag) {
                    let letter = wire::dead_letter::<T>(&properties, data.clone(), lane, &reason);
                    if let Some(publishing) = shared.session()
                        && publish(publishing.batches(), vec![letter]).await.is_ok()
                    {
                        buffer.ack(HashMap::from([(session, vec![(tag, 0)])]));
                        return;
                    }
                    tokio::time::sleep(PARK_PAUSE).await;
                }
            };
            gone.run_until_cancelled(parking).await;
        });
    }
}

/// From RabbitMQ 4.0 on, the consumer with the highest priority becomes the active one of a lane: so the lanes spread
/// over the processes. Older brokers keep the one that came first.
fn priority(name: &str, lane: u16) -> i32 {
    let mut hasher = DefaultHasher::new();
    (name, lane).hash(&mut hasher);
    i32::try_from(hasher.finish() % 100).unwrap_or_default()
}
