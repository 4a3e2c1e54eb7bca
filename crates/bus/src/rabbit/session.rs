//! One publishing connection, from its handshake to its end.

use super::batches::{self, PublishBatch, publish_batches};
use super::commands::publish_commands;
use super::connection::{self, ConnectError};
use super::letter::Letter;
use super::replies::{self, Reply, send_replies};
use super::{Shared, reply_queue};
use crate::waiters::Waiters;
use futures_util::StreamExt;
use lapin::options::ConfirmSelectOptions;
use lapin::types::ShortString;
use lapin::{Channel, Connection, Event};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;

/// Commands that wait to be handed over; more are turned away.
const COMMANDS_WAITING: usize = 4_096;
const BATCHES_WAITING: usize = 64;
const REPLIES_WAITING: usize = 4_096;
/// Opening the channels.
const SETUP_TIMEOUT: Duration = Duration::from_secs(5);
/// A request gives up on a broker that does not even declare its reply queue in this time.
const REPLY_QUEUE_TIMEOUT: Duration = Duration::from_secs(2);
/// For verdicts and confirmations that are on their way when the bus is closed.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(6);
/// Not every end of a connection is announced.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What is done on one publishing connection; gone with it.
#[derive(Debug)]
pub(crate) struct PublisherSession {
    connection: Connection,
    waiters: Arc<Waiters>,
    commands: mpsc::Sender<Letter>,
    batches: mpsc::Sender<PublishBatch>,
    replies: mpsc::Sender<Reply>,
    reply_queue: OnceCell<ShortString>,
    /// The broker is short of memory or disk and takes no messages.
    blocked: Arc<AtomicBool>,
    /// Cancelled at the first sign of the end.
    lost: CancellationToken,
}

/// Why a session ended.
pub(crate) enum SessionEnd {
    /// The bus is closing.
    Closing,
    /// The connection or one of its channels failed.
    Lost(String),
}

impl PublisherSession {
    pub(crate) async fn open(shared: &Shared, name: &str) -> Result<Arc<Self>, ConnectError> {
        let connection = connection::open(shared, name).await?;
        let channels = tokio::time::timeout(SETUP_TIMEOUT, async {
            Ok::<_, lapin::Error>((
                confirming(&connection).await?,
                confirming(&connection).await?,
                connection.create_channel().await?,
            ))
        });
        let (for_commands, for_batches, for_replies) = channels.await.map_err(|_| ConnectError::TimedOut)??;
        let waiters = Arc::<Waiters>::default();
        let lost = CancellationToken::new();
        let blocked = Arc::<AtomicBool>::default();
        let (commands, commands_out) = mpsc::channel(COMMANDS_WAITING);
        let (batches, batches_out) = mpsc::channel(BATCHES_WAITING);
        let (replies, replies_out) = mpsc::channel(REPLIES_WAITING);
        tokio::spawn(publish_commands(
            for_commands,
            commands_out,
            Arc::clone(&waiters),
            lost.clone(),
        ));
        tokio::spawn(publish_batches(
            for_batches,
            batches_out,
            Arc::clone(&blocked),
            lost.clone(),
        ));
        tokio::spawn(send_replies(for_replies, replies_out, lost.clone()));
        let session = Arc::new(Self {
            connection,
            waiters,
            commands,
            batches,
            replies,
            reply_queue: OnceCell::new(),
            blocked,
            lost,
        });
        if shared.requests.load(Ordering::Relaxed) {
            // The first request would open it; this spares it the wait.
            let _ = session.reply_queue().await;
        }
        Ok(session)
    }

    /// Waits for the end of the session; tells of every time the broker stops or resumes taking messages.
    pub(crate) async fn watch(
        &self,
        stop: &CancellationToken,
        mut on_blocked: impl FnMut(Option<String>),
    ) -> SessionEnd {
        let mut events = std::pin::pin!(self.connection.events_listener());
        let mut check = tokio::time::interval(CHECK_INTERVAL);
        loop {
            tokio::select! {
                () = stop.cancelled() => return SessionEnd::Closing,
                () = self.lost.cancelled() => return SessionEnd::Lost("a channel failed".to_owned()),
                event = events.next() => match event {
                    Some(Event::ConnectionBlocked(reason)) => {
                        self.blocked.store(true, Ordering::Relaxed);
                        on_blocked(Some(reason));
                    }
                    Some(Event::ConnectionUnblocked) => {
                        self.blocked.store(false, Ordering::Relaxed);
                        on_blocked(None);
                    }
                    Some(Event::Error(error)) => return SessionEnd::Lost(error.to_string()),
                    Some(_) => {}
                    None => return SessionEnd::Lost("the connection ended".to_owned()),
                },
                _ = check.tick() => if !self.connection.status().connected() {
                    return SessionEnd::Lost("the broker closed the connection".to_owned());
                },
            }
        }
    }

    /// Lets everything that is on its way arrive, within some seconds.
    pub(crate) async fn drain(&self) {
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, async {
            self.waiters.idle().await;
            batches::flush(&self.batches).await;
            replies::flush(&self.replies).await;
        })
        .await;
    }

    /// Ends everything on this session and wakes everybody who waits on it.
    pub(crate) fn abandon(&self) {
        self.lost.cancel();
        self.waiters.close();
    }

    /// Says goodbye to the broker.
    pub(crate) async fn close(&self) {
        connection::close(&self.connection).await;
    }

    /// Whether the broker takes messages, as far as is known.
    pub(crate) fn is_open(&self) -> bool {
        !self.lost.is_cancelled() && !self.blocked.load(Ordering::Relaxed) && self.connection.status().connected()
    }

    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) const fn waiters(&self) -> &Arc<Waiters> {
        &self.waiters
    }

    pub(crate) const fn commands(&self) -> &mpsc::Sender<Letter> {
        &self.commands
    }

    pub(crate) const fn batches(&self) -> &mpsc::Sender<PublishBatch> {
        &self.batches
    }

    pub(crate) const fn replies(&self) -> &mpsc::Sender<Reply> {
        &self.replies
    }

    /// The queue for verdicts, opened at the first request.
    pub(crate) async fn reply_queue(&self) -> Option<ShortString> {
        let open = || reply_queue::open(&self.connection, &self.waiters, &self.lost);
        match tokio::time::timeout(REPLY_QUEUE_TIMEOUT, self.reply_queue.get_or_try_init(open)).await {
            Ok(Ok(queue)) => Some(queue.clone()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the reply queue could not be opened");
                None
            }
            Err(_) => None,
        }
    }
}

async fn confirming(connection: &Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}
