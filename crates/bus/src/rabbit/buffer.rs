//! What a consumer has received: waiting to be handed out, or handed out and not acknowledged yet.

use crate::Inbound;
use futures_util::FutureExt;
use lapin::Channel;
use lapin::options::BasicAckOptions;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Between the task that receives and the handles that take and acknowledge. Bounded by the prefetch of its lanes.
#[derive(Debug)]
pub(crate) struct ConsumerBuffer<T> {
    state: Mutex<State<T>>,
    changed: Notify,
    settled: Notify,
}

#[derive(Debug)]
struct State<T> {
    /// No more is handed out.
    stopped: bool,
    buffer: VecDeque<Inbound<T>>,
    sessions: HashMap<u64, LaneSession>,
}

/// One subscription of one lane, on a channel of its own: then the order of its tags is the order of its messages.
#[derive(Debug)]
struct LaneSession {
    channel: Channel,
    received: u64,
    open: UnackedMessages,
}

/// What is not acknowledged: waiting in the buffer, handed out, or about to be parked.
#[derive(Debug, Default)]
struct UnackedMessages {
    /// Tags of messages and positions within them.
    parts: BTreeSet<(u64, u32)>,
    /// A message of which some parts are never handed out, because the consumer stopped: it comes again elsewhere. Those
    /// after it were not handed out at all.
    torn: Option<u64>,
}

/// One acknowledgement to the broker.
#[derive(Debug, PartialEq, Eq)]
struct Ack {
    tag: u64,
    multiple: bool,
}

impl<T> Default for ConsumerBuffer<T> {
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

impl<T> ConsumerBuffer<T> {
    pub(crate) fn open_session(&self, number: u64, channel: Channel) {
        let session = LaneSession {
            channel,
            received: 0,
            open: UnackedMessages::default(),
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

    /// Takes in the parts of one message.
    pub(crate) fn push(&self, parts: Vec<Inbound<T>>) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(session) = parts.first().and_then(|first| state.sessions.get_mut(&first.session)) else {
            return;
        };
        session.received += 1;
        for part in parts {
            let position = (part.tag, part.part);
            if state.stopped {
                session.open.give_up(position);
            } else {
                session.open.parts.insert(position);
                state.buffer.push_back(part);
            }
        }
        drop(guard);
        self.changed.notify_waiters();
    }

    /// Notes a message that is not handed out but parked.
    pub(crate) fn hold(&self, session: u64, tag: u64) {
        if let Some(session) = self.lock().sessions.get_mut(&session) {
            session.received += 1;
            session.open.parts.insert((tag, 0));
        }
    }

    /// Whether a message of this session can still be acknowledged.
    pub(crate) fn holds(&self, session: u64, tag: u64) -> bool {
        self.lock()
            .sessions
            .get(&session)
            .is_some_and(|session| session.open.parts.contains(&(tag, 0)))
    }

    /// Waits for messages; `None` once stopped.
    pub(crate) async fn next(&self, max: usize) -> Option<Vec<Inbound<T>>> {
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
                    let some = max.clamp(1, state.buffer.len());
                    return Some(state.buffer.drain(..some).collect());
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
        for delivery in std::mem::take(&mut state.buffer) {
            if let Some(session) = state.sessions.get_mut(&delivery.session) {
                session.open.give_up((delivery.tag, delivery.part));
            }
        }
        drop(state);
        self.changed.notify_waiters();
        self.settled.notify_one();
    }

    /// Acknowledges exactly these: of each session the tags of messages and the positions within them. A message is
    /// acknowledged to the broker with the last of its parts.
    pub(crate) fn ack(&self, mut parts: HashMap<u64, Vec<(u64, u32)>>) {
        let mut state = self.lock();
        for (number, parts) in &mut parts {
            let Some(session) = state.sessions.get_mut(number) else {
                continue;
            };
            for Ack { tag, multiple } in session.open.acknowledge(parts) {
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

    /// Returns once the buffer is stopped and everything handed out is acknowledged.
    pub(crate) async fn finished(&self) {
        loop {
            {
                let state = self.lock();
                if state.stopped && state.sessions.values().all(|session| session.open.parts.is_empty()) {
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
        session.open.parts.is_empty().then_some(session.received)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnackedMessages {
    /// A part that will not be handed out.
    fn give_up(&mut self, part: (u64, u32)) {
        self.parts.remove(&part);
        self.torn = Some(self.torn.map_or(part.0, |torn| torn.min(part.0)));
    }

    /// Takes the parts out, and says how to acknowledge exactly the messages that are done with them: together up to the
    /// first that stays open, one by one after it.
    fn acknowledge(&mut self, parts: &mut Vec<(u64, u32)>) -> Vec<Ack> {
        parts.sort_unstable();
        parts.retain(|part| self.parts.remove(part));
        let mut tags: Vec<u64> = parts.iter().map(|(tag, _)| *tag).collect();
        tags.dedup();
        tags.retain(|tag| self.torn != Some(*tag) && self.parts.range((*tag, 0)..=(*tag, u32::MAX)).next().is_none());
        let open = self.parts.first().map(|(tag, _)| *tag);
        let first_left = open.into_iter().chain(self.torn).min();
        let together = tags.partition_point(|tag| first_left.is_none_or(|left| *tag < left));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(parts: impl IntoIterator<Item = (u64, u32)>) -> UnackedMessages {
        UnackedMessages {
            parts: parts.into_iter().collect(),
            torn: None,
        }
    }

    /// Messages of one part.
    fn whole(tags: impl IntoIterator<Item = u64>) -> Vec<(u64, u32)> {
        tags.into_iter().map(|tag| (tag, 0)).collect()
    }

    fn plan(unsettled: impl IntoIterator<Item = u64>, tags: &[u64]) -> (Vec<Ack>, Vec<u64>) {
        let mut open = open(whole(unsettled));
        let acks = open.acknowledge(&mut whole(tags.iter().copied()));
        (acks, open.parts.into_iter().map(|(tag, _)| tag).collect())
    }

    const fn single(tag: u64) -> Ack {
        Ack { tag, multiple: false }
    }

    const fn up_to(tag: u64) -> Ack {
        Ack { tag, multiple: true }
    }

    #[test]
    fn a_prefix_is_acknowledged_at_once() {
        assert_eq!(plan(1..=5, &[2, 1, 3]), (vec![up_to(3)], vec![4, 5]));
        assert_eq!(plan(1..=2, &[1]), (vec![single(1)], vec![2]));
    }

    #[test]
    fn nothing_before_or_between_is_acknowledged_along() {
        assert_eq!(plan(1..=5, &[3, 5]), (vec![single(3), single(5)], vec![1, 2, 4]));
        assert_eq!(plan(1..=5, &[1, 2, 4]), (vec![up_to(2), single(4)], vec![3, 5]));
    }

    #[test]
    fn what_is_unknown_or_settled_already_is_ignored() {
        assert_eq!(plan([4], &[1, 2, 9]), (vec![], vec![4]));
        assert_eq!(plan([4], &[4, 4]), (vec![single(4)], vec![]));
    }

    #[test]
    fn a_message_is_acknowledged_with_the_last_of_its_parts() {
        let mut open = open([(1, 0), (2, 0), (2, 1), (2, 2), (3, 0)]);
        assert_eq!(open.acknowledge(&mut vec![(2, 2), (2, 0)]), []);
        assert_eq!(open.acknowledge(&mut vec![(2, 0), (3, 0)]), [single(3)]);
        assert_eq!(open.acknowledge(&mut vec![(1, 0), (2, 1)]), [up_to(2)]);
        assert!(open.parts.is_empty());
    }

    #[test]
    fn a_message_of_which_a_part_was_not_handed_out_is_never_acknowledged() {
        let mut open = open([(1, 0), (2, 0), (2, 1), (3, 0), (4, 0)]);
        open.give_up((2, 1));
        open.give_up((3, 0));
        assert_eq!(open.acknowledge(&mut vec![(2, 0)]), []);
        assert_eq!(open.acknowledge(&mut vec![(1, 0), (4, 0)]), [single(1), single(4)]);
        assert!(open.parts.is_empty());
    }
}
