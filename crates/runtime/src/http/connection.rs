//! One connection: what it is doing, for how long it has kept us waiting, and what it holds.
//!
//! The thread that serves it writes this; the [`Connections`] of the process read it to choose which one to close.
//!
//! [`Connections`]: super::connections::Connections

use futures_util::task::AtomicWaker;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use tokio::time::Instant;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing has come yet.
    New,
    /// A part of a request's head has come.
    Head,
    /// The last request is answered, and nothing of another one has come.
    Idle,
    /// A request is being handled, and its body has not come whole.
    Body,
    /// A request is being handled that came whole.
    Busy,
    /// The last request is answered before its body had come; what is left of it is thrown away.
    Rest,
}

const PHASES: [Phase; 6] = [
    Phase::New,
    Phase::Head,
    Phase::Idle,
    Phase::Body,
    Phase::Busy,
    Phase::Rest,
];

/// Whom connections are counted for: an address, or a /64 of IPv6, which is what one machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Peer(IpAddr);

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        const NETWORK: u128 = !0 << 64;
        match address.to_canonical() {
            IpAddr::V6(address) => Self(Ipv6Addr::from(u128::from(address) & NETWORK).into()),
            address @ IpAddr::V4(_) => Self(address),
        }
    }
}

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) peer: Peer,
    /// When the process began to count; times below are milliseconds since.
    epoch: Instant,
    phase: AtomicU8,
    /// When the phase began.
    since: AtomicU64,
    /// Since when the peer takes too little of what is sent; 0 while nothing waits for it.
    stalled: AtomicU64,
    /// The peer has shown a key.
    proven: AtomicBool,
    /// Bytes of answers that it has not taken.
    unread: AtomicUsize,
    /// Bytes that came since the last request's head and are not of its body: of the next head, and what follows that.
    came: AtomicUsize,
    /// The handler has dropped a body that had not come whole.
    left: AtomicBool,
    /// Nothing is read until the request is answered.
    paused: AtomicBool,
    /// It must go.
    closing: AtomicBool,
    waker: AtomicWaker,
}

impl Connection {
    pub(super) fn new(peer: Peer, epoch: Instant) -> Self {
        let connection = Self {
            peer,
            epoch,
            phase: AtomicU8::new(Phase::New as u8),
            since: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
            proven: AtomicBool::new(false),
            unread: AtomicUsize::new(0),
            came: AtomicUsize::new(0),
            left: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        };
        connection.enter(Phase::New);
        connection
    }

    /// Milliseconds of the process; never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).map_or(u64::MAX, |now| now.saturating_add(1))
    }

    fn instant(&self, milliseconds: u64) -> Instant {
        self.epoch + std::time::Duration::from_millis(milliseconds)
    }

    pub(super) fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Relaxed)).min(PHASES.len() - 1)]
    }

    /// When the phase began.
    pub(super) fn since(&self) -> Instant {
        self.instant(self.since.load(Relaxed))
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.since.store(self.now(), Relaxed);
    }

    /// Since when the peer takes too little, if anything waits for it.
    pub(super) fn stalled(&self) -> Option<Instant> {
        match self.stalled.load(Relaxed) {
            0 => None,
            since => Some(self.instant(since)),
        }
    }

    pub(super) fn set_stalled(&self, stalled: bool) {
        self.stalled.store(if stalled { self.now() } else { 0 }, Relaxed);
    }

    /// Since when it waits for its peer and for nothing of ours, as time of the process; `None` while we owe it something.
    pub(super) fn waiting(&self) -> Option<u64> {
        match (self.stalled.load(Relaxed), self.phase()) {
            (0, Phase::Busy) => None,
            (0, _) => Some(self.since.load(Relaxed)),
            (since, _) => Some(since),
        }
    }

    /// How long that is, in milliseconds.
    pub(super) fn waited(&self, since: u64) -> u64 {
        self.now().saturating_sub(since)
    }

    pub(super) fn is_proven(&self) -> bool {
        self.proven.load(Relaxed)
    }

    pub(super) fn prove(&self) {
        self.proven.store(true, Relaxed);
    }

    pub(super) fn unread(&self) -> usize {
        self.unread.load(Relaxed)
    }

    /// Returns what it was before.
    pub(super) fn set_unread(&self, bytes: usize) -> usize {
        self.unread.swap(bytes, Relaxed)
    }

    /// Bytes that came since the last request's head and are not of its body.
    pub(super) fn came(&self) -> usize {
        self.came.load(Relaxed)
    }

    /// Notes bytes that came.
    pub(super) fn receive(&self, bytes: usize) {
        match self.phase() {
            Phase::Body | Phase::Rest => return,
            Phase::Idle => self.enter(Phase::Head),
            // The time of the first head began with the connection.
            Phase::New | Phase::Head | Phase::Busy => {}
        }
        self.came.fetch_add(bytes, Relaxed);
    }

    pub(super) fn is_left(&self) -> bool {
        self.left.load(Relaxed)
    }

    pub(super) fn pause(&self) {
        self.paused.store(true, Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Has its thread close it.
    pub(super) fn close(&self) {
        self.closing.store(true, Relaxed);
        self.waker.wake();
    }

    /// Its thread waits; [`close`](Self::close) must wake it.
    pub(super) fn register(&self, waker: &std::task::Waker) {
        self.waker.register(waker);
    }

    /// A request's head has come.
    pub(super) fn begin(self: &Arc<Self>, has_body: bool) -> RequestInFlight {
        self.came.store(0, Relaxed);
        self.left.store(false, Relaxed);
        self.enter(if has_body { Phase::Body } else { Phase::Busy });
        RequestInFlight(Arc::clone(self))
    }

    /// The request's body has come, whole or broken.
    pub(super) fn body_came(&self) {
        if self.phase() == Phase::Body {
            self.enter(Phase::Busy);
        }
    }

    /// The handler needs no more of the body.
    pub(super) fn leave_body(&self) {
        if self.phase() == Phase::Body {
            self.left.store(true, Relaxed);
            self.enter(Phase::Busy);
        }
    }

    fn finish(&self) {
        let next = if self.is_left() || self.phase() == Phase::Body {
            Phase::Rest
        } else if self.came() > 0 {
            Phase::Head
        } else {
            Phase::Idle
        };
        self.enter(next);
        if self.paused.swap(false, Relaxed) {
            self.waker.wake();
        }
    }
}

/// A request between its head and the end of its answer. Dropped with the last of the answer's body, or with the handler
/// that fails.
#[derive(Debug)]
pub(super) struct RequestInFlight(Arc<Connection>);

impl RequestInFlight {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.0
    }
}

impl Drop for RequestInFlight {
    fn drop(&mut self) {
        self.0.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, Peer, Phase};
    use std::net::IpAddr;
    use std::sync::Arc;
    use tokio::time::Instant;

    fn connection() -> Arc<Connection> {
        let peer = Peer::from(IpAddr::from([10, 0, 0, 1]));
        Arc::new(Connection::new(peer, Instant::now()))
    }

    #[test]
    fn a_machine_is_an_address_of_ipv4_or_a_64_of_ipv6() {
        let peer = |text: &str| Peer::from(text.parse::<IpAddr>().expect("an address"));
        assert_ne!(peer("10.0.0.1"), peer("10.0.0.2"));
        assert_eq!(peer("10.0.0.1"), peer("::ffff:10.0.0.1"));
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
    }

    #[test]
    fn what_waits_for_its_peer_is_told_from_what_we_work_on() {
        let connection = connection();
        assert!(connection.waiting().is_some());
        let request = connection.begin(true);
        assert!(connection.waiting().is_some(), "its body is still on the way");
        connection.body_came();
        assert_eq!(connection.waiting(), None);
        connection.set_stalled(true);
        assert!(connection.waiting().is_some(), "the answer is not taken");
        connection.set_stalled(false);
        drop(request);
        assert_eq!(connection.phase(), Phase::Idle);
        assert!(connection.waiting().is_some());
    }

    #[test]
    fn what_comes_after_an_answer_is_the_rest_of_a_body_or_the_next_head() {
        let connection = connection();
        let request = connection.begin(true);
        connection.leave_body();
        assert_eq!(connection.phase(), Phase::Busy);
        drop(request);
        assert_eq!(connection.phase(), Phase::Rest);
        let request = connection.begin(false);
        connection.receive(1);
        drop(request);
        assert_eq!(connection.phase(), Phase::Head);
        drop(connection.begin(false));
        assert_eq!(connection.phase(), Phase::Idle);
    }
}
