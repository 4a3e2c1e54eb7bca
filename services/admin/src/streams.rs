//! The readers of the event log that wait for something new. One task of the process asks the database for all of them,
//! while there are any.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::Store;
use tokio::sync::watch;

/// How often the database is asked whether there is more.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Streams of one process.
pub(crate) const MOST_STREAMS: usize = 1_000;

/// The streams of a process.
#[derive(Clone, Debug)]
pub(crate) struct Streams(Arc<Mutex<Hub>>);

#[derive(Debug)]
enum Hub {
    /// Nobody listens.
    Idle,
    /// The log has moved when this changes.
    Looking(watch::Sender<(i64, i64)>),
    /// The process stops.
    Closed,
}

impl Streams {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Hub::Idle)))
    }

    /// Ends all streams, and every new one at once.
    pub(crate) fn close(&self) {
        *self.hub() = Hub::Closed;
    }

    fn hub(&self) -> std::sync::MutexGuard<'_, Hub> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts listening. `None` when there are too many already, or the process stops.
    pub(crate) fn listen(&self, store: &Store) -> Option<watch::Receiver<(i64, i64)>> {
        let mut hub = self.hub();
        match &*hub {
            Hub::Closed => None,
            Hub::Looking(sender) if sender.receiver_count() >= MOST_STREAMS => None,
            Hub::Looking(sender) => Some(sender.subscribe()),
            Hub::Idle => {
                let (sender, receiver) = watch::channel((0, 0));
                *hub = Hub::Looking(sender);
                let (streams, store) = (self.clone(), store.clone());
                tokio::spawn(async move { streams.look(&store).await });
                Some(receiver)
            }
        }
    }

    /// Asks the database as long as anybody listens.
    async fn look(&self, store: &Store) {
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            let head = store.events().head().await;
            let mut hub = self.hub();
            let Hub::Looking(sender) = &*hub else { return };
            if sender.receiver_count() == 0 {
                *hub = Hub::Idle;
                return;
            }
            if let Ok(head) = head {
                sender.send_if_modified(|known| std::mem::replace(known, head) != head);
            }
        }
    }
}
