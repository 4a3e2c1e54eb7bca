//! The bus on RabbitMQ. Nothing of lapin leaves this module.
//!
//! A connection is disposable: whatever goes wrong on it, it is dropped as a whole, everybody who waits on it is woken
//! at once, and a new one is made after a pause. One connection publishes (commands, events, verdicts, parked
//! messages) and receives verdicts; each consumer has one of its own, because a broker short of memory or disk stops
//! reading from publishing connections, acknowledgements included.

mod batches;
mod buffer;
mod bundle;
mod commands;
mod connection;
mod consumer;
mod dead;
mod letter;
mod look;
mod publisher;
mod replies;
mod reply_queue;
mod requester;
mod session;
mod status;
mod supervisor;
mod watchdog;
mod wire;

pub(crate) use connection::parse_url;
pub(crate) use consumer::{Consumer, Link};
pub(crate) use dead::HeldLetters;
pub use look::{QueueDepth, look};

use crate::topology::Topology;
use crate::{BusError, Health};
use session::PublisherSession;
use status::StatusBoard;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Longer than draining and closing take when all goes well.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(9);

/// How to reach the broker.
#[derive(Clone)]
pub struct RabbitOptions {
    /// `amqp://user:password@host:5672/vhost`, or `amqps://`.
    pub url: String,
    /// The number of lanes; the same for all processes on this virtual host.
    pub partitions: u16,
    /// Name of the connections, shown by the broker's tools.
    pub name: String,
}

/// Without the URL, which has a password in it.
impl std::fmt::Debug for RabbitOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RabbitOptions")
            .field("partitions", &self.partitions)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The bus on RabbitMQ; the background tasks end when it is dropped or closed.
#[derive(Debug)]
pub(crate) struct Rabbit {
    shared: Arc<Shared>,
    _stop: DropGuard,
}

/// What the handles and the background tasks share.
#[derive(Debug)]
pub(crate) struct Shared {
    options: RabbitOptions,
    topology: Topology,
    status: StatusBoard,
    /// The publishing session, while there is one.
    session: Mutex<Option<Arc<PublisherSession>>>,
    /// Whether this process sends requests: then a new session opens its reply queue at once.
    requests: AtomicBool,
    last_number: AtomicU64,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Rabbit {
    pub(crate) fn start(mut options: RabbitOptions, commands_max_length: u32) -> Arc<Self> {
        options.partitions = options.partitions.max(1);
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            topology: Topology::new(options.partitions, commands_max_length),
            options,
            status: StatusBoard::default(),
            session: Mutex::new(None),
            requests: AtomicBool::new(false),
            last_number: AtomicU64::new(0),
            stop: stop.clone(),
            tasks: TaskTracker::new(),
        });
        shared.tasks.spawn(supervisor::run(Arc::clone(&shared)));
        Arc::new(Self {
            shared,
            _stop: stop.drop_guard(),
        })
    }

    pub(crate) fn partitions(&self) -> u16 {
        self.shared.options.partitions
    }

    pub(crate) fn health(&self) -> Health {
        self.shared.status.health()
    }

    pub(crate) async fn count_of(&self, queue: &str) -> Result<u64, BusError> {
        let session = self.shared.session().ok_or(BusError::Unavailable)?;
        let channel = session
            .connection()
            .create_channel()
            .await
            .map_err(connection::broker_error)?;
        let count = connection::message_count(&channel, queue)
            .await
            .map_err(connection::broker_error)?;
        // The channel closes itself when dropped; waiting for that tells nothing more.
        Ok(u64::from(count))
    }

    pub(crate) async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        if tokio::time::timeout(CLOSE_TIMEOUT, self.shared.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("the bus was left before everything on its way had arrived");
        }
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Shared {
    /// The publishing session, unless the broker is known to be down or not taking messages.
    pub(crate) fn session(&self) -> Option<Arc<PublisherSession>> {
        self.session
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .filter(|session| session.is_open())
    }

    pub(crate) fn set_session(&self, session: Option<Arc<PublisherSession>>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }

    /// A number that no session or consumer of this bus had before.
    pub(crate) fn next_number(&self) -> u64 {
        self.last_number.fetch_add(1, Ordering::Relaxed) + 1
    }
}
