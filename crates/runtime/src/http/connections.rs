//! All connections of a process: how many there may be, how much they may hold, and which one goes when it is too much.
//!
//! Nobody is kept waiting because others hold connections open. When there are as many as there may be, a new one takes
//! the place of those that wait for their peer and for nothing of ours: first of those whose peer has shown no key, among
//! them of the peer that has most, among those of the one that waits longest. A peer that has shown a key and fills more than
//! half of the places is no better than a stranger. What we are working on is never closed.

use super::connection::{Connection, Peer};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Closed together when room is needed, as a part of all: looking through all of them is worth it then.
const CLOSED_SHARE: usize = 32;
/// A peer that has waited for less, in milliseconds, may just be slow on its way; it goes after those that do not move.
const FRESH_MILLIS: u64 = 1_000;
/// The log tells at most so often, in milliseconds, that connections are closed for lack of room.
const MILLIS_BETWEEN_WARNINGS: u64 = 60_000;

/// How much the connections of a process may be and hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionBounds {
    /// Connections at a time.
    pub(crate) connections: usize,
    /// Bytes of answers that wait for their readers. Above it, readers that take next to nothing are cut off; above twice
    /// as much, all that are waited for.
    pub(crate) unread: usize,
}

/// The connections of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<ConnectionTable>);

#[derive(Debug)]
struct ConnectionTable {
    bounds: ConnectionBounds,
    epoch: Instant,
    unread: AtomicUsize,
    told: AtomicU64,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    next: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// How many connections a peer has.
#[derive(Clone, Copy, Debug, Default)]
struct OfPeer {
    all: usize,
    proven: usize,
}

/// A connection that has its place, until this is dropped.
#[derive(Debug)]
pub(super) struct AdmittedConnection {
    connections: Connections,
    id: u64,
    connection: Arc<Connection>,
}

impl Connections {
    pub(super) fn new(bounds: ConnectionBounds) -> Self {
        Self(Arc::new(ConnectionTable {
            bounds,
            epoch: Instant::now(),
            unread: AtomicUsize::new(0),
            told: AtomicU64::new(0),
            open: Mutex::default(),
        }))
    }

    /// Gives a new connection its place; `None` when we are working on as many as there may be.
    pub(super) fn admit(&self, address: IpAddr) -> Option<AdmittedConnection> {
        let connection = Arc::new(Connection::new(Peer::from(address), self.0.epoch));
        let mut open = self.open();
        let mut gone = Vec::new();
        if open.connections.len() >= self.0.bounds.connections {
            gone = open.make_room();
        }
        let admitted = (open.connections.len() < self.0.bounds.connections).then(|| {
            let id = open.next;
            open.next += 1;
            open.connections.insert(id, Arc::clone(&connection));
            AdmittedConnection {
                connections: self.clone(),
                id,
                connection,
            }
        });
        metrics::gauge!("rollcall_http_connections").set(count(open.connections.len()));
        drop(open);
        self.close(&gone, "crowded");
        admitted
    }

    /// Notes that a connection holds so many bytes of an answer now, and cuts readers off when that is too much.
    pub(super) fn hold(&self, connection: &Connection, bytes: usize) {
        let before = connection.set_unread(bytes);
        self.0.unread.fetch_add(bytes, Relaxed);
        let all = self.0.unread.fetch_sub(before, Relaxed).saturating_sub(before);
        let most = self.0.bounds.unread;
        if bytes > before && all > most {
            let mut open = self.open();
            let gone = open.shed(all - most, all > most.saturating_mul(2));
            drop(open);
            self.close(&gone, "memory");
        }
    }

    /// Bytes of answers that wait for their readers.
    #[cfg(test)]
    fn unread(&self) -> usize {
        self.0.unread.load(Relaxed)
    }

    fn close(&self, gone: &[Arc<Connection>], why: &'static str) {
        if gone.is_empty() {
            return;
        }
        metrics::counter!("rollcall_http_connections_closed_total", "reason" => why).increment(gone.len() as u64);
        for connection in gone {
            self.hold(connection, 0);
            connection.close();
        }
        let now = u64::try_from(self.0.epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = self.0.told.load(Relaxed);
        if (told == 0 || now.saturating_sub(told) > MILLIS_BETWEEN_WARNINGS)
            && self.0.told.compare_exchange(told, now.max(1), Relaxed, Relaxed).is_ok()
        {
            tracing::warn!(
                reason = why,
                closed = gone.len(),
                max_connections = self.0.bounds.connections,
                max_unread = self.0.bounds.unread,
                "connections that waited for their clients are closed to make room (ROLLCALL_MAX_CONNECTIONS, ROLLCALL_MAX_UNREAD)"
            );
        }
    }

    fn open(&self) -> MutexGuard<'_, OpenConnections> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::ops::Deref for AdmittedConnection {
    type Target = Arc<Connection>;

    fn deref(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl AdmittedConnection {
    pub(super) fn connections(&self) -> &Connections {
        &self.connections
    }
}

impl Drop for AdmittedConnection {
    fn drop(&mut self) {
        self.connections.hold(&self.connection, 0);
        let mut open = self.connections.open();
        open.connections.remove(&self.id);
        metrics::gauge!("rollcall_http_connections").set(count(open.connections.len()));
    }
}

impl OpenConnections {
    /// Takes out those that wait for their peers, the worst of them.
    fn make_room(&mut self) -> Vec<Arc<Connection>> {
        let mut waiting = self.waiting(|connection| connection.waiting());
        let others = waiting.iter().filter(|(rank, _)| !rank.safe).count();
        let wanted = (self.connections.len() / CLOSED_SHARE).min(others).max(1);
        if waiting.len() > wanted {
            waiting.select_nth_unstable(wanted - 1);
        }
        waiting.truncate(wanted);
        waiting
            .into_iter()
            .filter_map(|(_, id)| self.connections.remove(&id))
            .collect()
    }

    /// Takes out readers that hold at least so many bytes together.
    fn shed(&mut self, bytes: usize, fresh_too: bool) -> Vec<Arc<Connection>> {
        let mut waiting = self.waiting(|connection| {
            let holds = connection.stalled().is_some() && connection.unread() > 0;
            connection.waiting().filter(|_| holds)
        });
        waiting.sort_unstable();
        let (mut gone, mut freed) = (Vec::new(), 0);
        for (rank, id) in waiting {
            if freed >= bytes || (rank.fresh && !fresh_too) {
                break;
            }
            if let Some(connection) = self.connections.remove(&id) {
                freed += connection.unread();
                gone.push(connection);
            }
        }
        gone
    }

    fn waiting(&self, since: impl Fn(&Connection) -> Option<u64>) -> Vec<(Rank, u64)> {
        let mut peers: HashMap<Peer, OfPeer> = HashMap::new();
        for connection in self.connections.values() {
            let peer = peers.entry(connection.peer).or_default();
            peer.all += 1;
            peer.proven += usize::from(connection.is_proven());
        }
        let half = self.connections.len() / 2;
        let rank = |(id, connection): (&u64, &Arc<Connection>)| {
            let since = since(connection)?;
            let of_peer = peers.get(&connection.peer).copied().unwrap_or_default();
            let proven = connection.is_proven();
            let rank = Rank {
                safe: proven && of_peer.proven <= half,
                fresh: connection.waited(since) < FRESH_MILLIS,
                proven,
                of_peer: Reverse(of_peer.all),
                since,
            };
            Some((rank, *id))
        };
        self.connections.iter().filter_map(rank).collect()
    }
}

/// The order in which connections go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    safe: bool,
    fresh: bool,
    proven: bool,
    of_peer: Reverse<usize>,
    since: u64,
}

#[expect(clippy::cast_precision_loss, reason = "a number of connections is far below 2^52")]
fn count(connections: usize) -> f64 {
    connections as f64
}

#[cfg(test)]
mod tests;
