//! What a consumer has received: waiting to be handed out, or handed out and not acknowledged yet.

use crate::Delivery;
use futures_util::FutureExt;
use lapin::Channel;
use lapin::options::BasicAckOptions;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Between the task that receives and the handles that take and acknowledge. Bounded by the prefetch of its lanes.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    state: Mutex<State<T>>,
    changed: Notify,
    settled: Notify,
}

#[derive(Debug)]
struct State<T> {
    /// No more is handed out.
    stopped: bool,
    buffer: VecDeque<Delivery<T>>,
    sessions: HashMap<u64, LaneSession>,
}

/// One subscription of one lane, on a channel of its own: then the order of its tags is the order of its messages.
#[derive(Debug)]
struct LaneSession {
    channel: Channel,
    received: u64,
    /// Handed out, or about to be parked, and not acknowledged. What still waits in the buffer came later than these.
    unsettled: BTreeSet<u64>,
    buffered: usize,
}

/// One acknowledgement to the broker.
#[derive(Debug, PartialEq, Eq)]
struct Ack {
    tag: u64,
    multiple: bool,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        let state = State {
            stopped: false,
            buffer: VecDeque::new(),
            sessions: HashMap::new(),
        };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            settled: Notify::new(),
        }
    }
}

impl<T> Inbox<T> {
    pub(crate) fn open_session(&self, number: u64, channel: Channel) {
        let session = LaneSession {
            channel,
            received: 0,
            unsettled: BTreeSet::new(),
            buffered: 0,
        };
        self.lock().sessions.insert(number, session);
    }

    /// The connection is gone: what was not handed out comes again, so it is forgotten here.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.buffer.clear();
        state.sessions.clear();
        drop(state);
        self.settled.notify_one();
    }

    pub(crate) fn push(&self, delivery: Delivery<T>) {
        let mut state = self.lock();
        let Some(session) = state.sessions.get_mut(&delivery.session) else {
            return;
        };
        session.received += 1;
        session.buffered += 1;
        state.buffer.push_back(delivery);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Notes a message that is not handed out but parked.
    pub(crate) fn hold(&self, session: u64, tag: u64) {
        if let Some(session) = self.lock().sessions.get_mut(&session) {
            session.received += 1;
            session.unsettled.insert(tag);
        }
    }

    /// Whether a message of this session can still be acknowledged.
    pub(crate) fn holds(&self, session: u64, tag: u64) -> bool {
        self.lock()
            .sessions
            .get(&session)
            .is_some_and(|session| session.unsettled.contains(&tag))
    }

    /// Waits for messages; `None` once stopped.
    pub(crate) async fn next(&self, max: usize) -> Option<Vec<Delivery<T>>> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.lock();
                if state.stopped {
                    return None;
                }
                if !state.buffer.is_empty() {
                    return Some(state.take(max.max(1)));
                }
            }
            changed.await;
        }
    }

    /// Nothing is handed out any more.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        // Never to be handed out here; the broker gives them to the next consumer when the connection is closed.
        state.buffer.clear();
        drop(state);
        self.changed.notify_waiters();
        self.settled.notify_one();
    }

    /// Acknowledges exactly these.
    pub(crate) fn ack(&self, mut tags: HashMap<u64, Vec<u64>>) {
        let mut state = self.lock();
        for (number, tags) in &mut tags {
            let Some(session) = state.sessions.get_mut(number) else {
                continue;
            };
            for Ack { tag, multiple } in acknowledgements(&mut session.unsettled, tags) {
                // The first poll hands the frame to the connection; that happens under the lock, so that no two
                // acknowledgements overtake each other. Whether it arrives shows in what the broker sends again.
                let _ = session
                    .channel
                    .basic_ack(tag, BasicAckOptions { multiple })
                    .now_or_never();
            }
        }
        drop(state);
        self.settled.notify_one();
    }

    /// Returns once the inbox is stopped and everything handed out is acknowledged.
    pub(crate) async fn finished(&self) {
        loop {
            {
                let state = self.lock();
                if state.stopped && state.sessions.values().all(|session| session.unsettled.is_empty()) {
                    return;
                }
            }
            self.settled.notified().await;
        }
    }

    /// How many messages the session received so far, if all of them are acknowledged.
    pub(crate) fn idle_at(&self, session: u64) -> Option<u64> {
        let state = self.lock();
        let session = state.sessions.get(&session)?;
        (session.unsettled.is_empty() && session.buffered == 0).then_some(session.received)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn take(&mut self, max: usize) -> Vec<Delivery<T>> {
        let taken: Vec<_> = self.buffer.drain(..max.min(self.buffer.len())).collect();
        for delivery in &taken {
            if let Some(session) = self.sessions.get_mut(&delivery.session) {
                session.buffered = session.buffered.saturating_sub(1);
                session.unsettled.insert(delivery.tag);
            }
        }
        taken
    }
}

/// Takes the tags out of the unsettled ones, and says how to acknowledge exactly those: together up to the first that
/// stays unsettled, one by one after it.
fn acknowledgements(unsettled: &mut BTreeSet<u64>, tags: &mut Vec<u64>) -> Vec<Ack> {
    tags.sort_unstable();
    tags.retain(|tag| unsettled.remove(tag));
    let first_left = unsettled.first();
    let together = tags.partition_point(|tag| first_left.is_none_or(|left| tag < left));
    let (together, single) = tags.split_at(together);
    let prefix = together.last().map(|tag| Ack {
        tag: *tag,
        multiple: together.len() > 1,
    });
    prefix
        .into_iter()
        .chain(single.iter().map(|tag| Ack {
            tag: *tag,
            multiple: false,
        }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(unsettled: impl IntoIterator<Item = u64>, tags: &[u64]) -> (Vec<Ack>, Vec<u64>) {
        let mut unsettled = unsettled.into_iter().collect();
        let acks = acknowledgements(&mut unsettled, &mut tags.to_vec());
        (acks, unsettled.into_iter().collect())
    }

    #[test]
    fn a_prefix_is_acknowledged_at_once() {
        assert_eq!(
            plan(1..=5, &[2, 1, 3]),
            (vec![Ack { tag: 3, multiple: true }], vec![4, 5])
        );
        assert_eq!(
            plan(1..=2, &[1]),
            (
                vec![Ack {
                    tag: 1,
                    multiple: false
                }],
                vec![2]
            )
        );
    }

    #[test]
    fn nothing_before_or_between_is_acknowledged_along() {
        let single = |tag| Ack { tag, multiple: false };
        assert_eq!(plan(1..=5, &[3, 5]), (vec![single(3), single(5)], vec![1, 2, 4]));
        let expected = vec![Ack { tag: 2, multiple: true }, single(4)];
        assert_eq!(plan(1..=5, &[1, 2, 4]), (expected, vec![3, 5]));
    }

    #[test]
    fn what_is_unknown_or_settled_already_is_ignored() {
        assert_eq!(plan([4], &[1, 2, 9]), (vec![], vec![4]));
        assert_eq!(
            plan([4], &[4, 4]),
            (
                vec![Ack {
                    tag: 4,
                    multiple: false
                }],
                vec![]
            )
        );
    }
}
