//! What could not be processed, until somebody takes it to keep.

use super::Embedded;
use crate::message::sealed::MessageKind;
use crate::{DeadLetter, Receipt};
use events::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Letters that wait to be taken; beyond that the oldest go.
const MAX_DEAD: usize = 10_000;

/// What could not be processed.
#[derive(Debug, Default)]
pub(crate) struct DeadLetters(Mutex<Letters>);

#[derive(Debug, Default)]
struct Letters {
    waiting: VecDeque<Grave>,
    taken: usize,
    /// What can be kept nowhere else; the oldest go, as of those that wait.
    unstored: VecDeque<Grave>,
}

/// A letter, and who is told when it is kept elsewhere: until then its event is not done with.
#[derive(Debug)]
struct Grave {
    letter: DeadLetter,
    receipt: Option<Receipt>,
}

/// Letters that were taken and not yet acknowledged; dropping them puts them back.
#[derive(Debug)]
pub(crate) struct HeldLetters {
    bus: Arc<Embedded>,
    graves: Vec<Grave>,
}

/// Says which letter it is.
pub(super) fn letter<T: MessageKind>(message: T, lane: u16, of: Parked<'_>) -> DeadLetter {
    DeadLetter {
        queue: T::ROLE.queue(lane),
        lane: Some(lane),
        message: message.into_dead(),
        reason: of.reason.to_owned(),
        tried: Some(of.tried),
        parked_at: Some(Timestamp::now()),
        traceparent: of.traceparent,
    }
}

/// What is known of a message that is parked, beside the message.
pub(super) struct Parked<'a> {
    pub(super) reason: &'a str,
    pub(super) tried: u32,
    pub(super) traceparent: Option<String>,
}

impl DeadLetters {
    pub(super) fn park(&self, letter: DeadLetter, id: &str, receipt: Option<Receipt>) {
        tracing::error!(
            queue = letter.queue,
            message.id = id,
            reason = letter.reason,
            "a message was parked"
        );
        let mut letters = self.lock();
        if letters.waiting.len() >= MAX_DEAD
            && let Some(oldest) = letters.waiting.pop_front()
        {
            tracing::error!(
                queue = oldest.letter.queue,
                "too many messages are parked: the oldest is given up"
            );
            oldest.settled();
        }
        letters.waiting.push_back(Grave { letter, receipt });
    }

    /// Those that nobody has taken for good.
    pub(crate) fn count(&self) -> u64 {
        let letters = self.lock();
        u64::try_from(letters.waiting.len() + letters.taken).unwrap_or(u64::MAX)
    }

    /// Those that can be kept nowhere else.
    pub(crate) fn count_unstored(&self) -> u64 {
        u64::try_from(self.lock().unstored.len()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grave {
    fn settled(&self) {
        if let Some(receipt) = &self.receipt {
            receipt.settle_one();
        }
    }
}

impl HeldLetters {
    pub(crate) fn take(bus: &Arc<Embedded>, most: usize) -> Self {
        let mut letters = bus.dead().lock();
        let count = most.min(letters.waiting.len());
        let graves: Vec<_> = letters.waiting.drain(..count).collect();
        letters.taken += graves.len();
        drop(letters);
        Self {
            bus: Arc::clone(bus),
            graves,
        }
    }

    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        self.graves.iter().map(|grave| grave.letter.clone()).collect()
    }

    pub(crate) fn ack_except(mut self, unstored: &[usize]) {
        let graves = std::mem::take(&mut self.graves);
        let mut letters = self.bus.dead().lock();
        letters.taken -= graves.len();
        let mut settled = Vec::new();
        for (place, grave) in graves.into_iter().enumerate() {
            if unstored.contains(&place) {
                letters.unstored.push_back(grave);
            } else {
                settled.push(grave);
            }
        }
        while letters.unstored.len() > MAX_DEAD {
            settled.extend(letters.unstored.pop_front());
        }
        drop(letters);
        settled.iter().for_each(Grave::settled);
    }
}

impl Drop for HeldLetters {
    fn drop(&mut self) {
        let mut letters = self.bus.dead().lock();
        letters.taken -= self.graves.len();
        for grave in self.graves.drain(..).rev() {
            letters.waiting.push_front(grave);
        }
    }
}
