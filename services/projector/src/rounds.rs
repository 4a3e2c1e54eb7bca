//! Fair batches: what waits is taken in rounds, one from each directory in turn.
//!
//! A directory that pushes its first million users would otherwise fill every batch of its lane, and one deactivation in
//! another directory would wait behind hundreds of them. What is held here was handed out by the bus and is neither
//! applied nor acknowledged: when it is dropped, it comes again.
//!
//! Pure: no IO and no clock.

use bus::Delivery;
use events::{Command, DirectoryId};
use std::collections::{HashMap, VecDeque};

/// Something that waits for its turn.
pub(crate) trait Waiting {
    /// Whose turn it waits for.
    fn directory(&self) -> DirectoryId;
    /// The lane it came through.
    fn lane(&self) -> u16;
    /// The subscription of that lane that handed it out; later ones have higher numbers.
    fn session(&self) -> u64;
}

impl Waiting for Delivery<Command> {
    fn directory(&self) -> DirectoryId {
        self.payload.directory_id
    }

    fn lane(&self) -> u16 {
        self.lane
    }

    fn session(&self) -> u64 {
        self.session
    }
}

/// What waits, by directory, each in the order in which it came.
#[derive(Debug)]
pub(crate) struct Rounds<T> {
    waiting: HashMap<DirectoryId, VecDeque<T>>,
    /// The directories that wait, each once; whoever is in front is next.
    turns: VecDeque<DirectoryId>,
    len: usize,
    /// The latest subscription of each lane.
    sessions: HashMap<u16, u64>,
}

impl<T> Default for Rounds<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            len: 0,
            sessions: HashMap::new(),
        }
    }
}

impl<T: Waiting> Rounds<T> {
    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes what came, in its order. The first message of a new subscription says that what an older one of the lane
    /// handed out comes again, through whoever has the lane now: it is forgotten here.
    pub(crate) fn extend(&mut self, arrived: impl IntoIterator<Item = T>) {
        for item in arrived {
            let (lane, session) = (item.lane(), item.session());
            let latest = self.sessions.entry(lane).or_insert(session);
            if session < *latest {
                continue;
            }
            if session > *latest {
                *latest = session;
                self.forget(lane, session);
            }
            let directory = item.directory();
            let queue = self.waiting.entry(directory).or_default();
            if queue.is_empty() {
                self.turns.push_back(directory);
            }
            queue.push_back(item);
            self.len += 1;
        }
    }

    /// Up to `max`, one from each directory in turn; each directory's in the order in which they came. Who was passed
    /// over because the batch was full is first the next time.
    pub(crate) fn take(&mut self, max: usize) -> Vec<T> {
        let mut taken = Vec::with_capacity(max.min(self.len));
        while taken.len() < max
            && let Some(directory) = self.turns.pop_front()
        {
            let Some(queue) = self.waiting.get_mut(&directory) else {
                continue;
            };
            if let Some(item) = queue.pop_front() {
                taken.push(item);
                self.len -= 1;
            }
            if queue.is_empty() {
                self.waiting.remove(&directory);
            } else {
                self.turns.push_back(directory);
            }
        }
        taken
    }

    /// Forgets everything: the subscription it came from is given up.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn forget(&mut self, lane: u16, before: u64) {
        for queue in self.waiting.values_mut() {
            queue.retain(|item| item.lane() != lane || item.session() >= before);
        }
        self.waiting.retain(|_, queue| !queue.is_empty());
        self.turns.retain(|directory| self.waiting.contains_key(directory));
        self.len = self.waiting.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Item {
        directory: u8,
        session: u64,
        n: usize,
    }

    impl Waiting for Item {
        fn directory(&self) -> DirectoryId {
            DirectoryId::from(uuid::Uuid::from_u128(u128::from(self.directory)))
        }

        fn lane(&self) -> u16 {
            u16::from(self.directory % 2)
        }

        fn session(&self) -> u64 {
            self.session
        }
    }

    fn item(directory: u8, n: usize) -> Item {
        Item {
            directory,
            session: 1,
            n,
        }
    }

    #[test]
    fn one_command_behind_a_thousand_of_another_directory_is_in_the_next_batch() {
        let mut rounds = Rounds::default();
        rounds.extend((0..1_000).map(|n| item(0, n)));
        assert_eq!(rounds.take(128).len(), 128);
        rounds.extend([item(2, 0)]);
        let batch = rounds.take(128);
        assert_eq!(
            (batch.len(), batch.iter().position(|item| item.directory == 2)),
            (128, Some(1))
        );
    }

    #[test]
    fn a_directory_alone_fills_the_batch() {
        let mut rounds = Rounds::default();
        rounds.extend((0..10).map(|n| item(0, n)));
        assert_eq!(rounds.take(4), [item(0, 0), item(0, 1), item(0, 2), item(0, 3)]);
        assert_eq!((rounds.take(100).len(), rounds.is_empty()), (6, true));
    }

    #[test]
    fn a_new_subscription_of_a_lane_replaces_what_its_older_one_handed_out_and_nothing_else() {
        let mut rounds = Rounds::default();
        rounds.extend([item(0, 0), item(1, 1), item(0, 2)]);
        let again = Item {
            session: 5,
            ..item(0, 0)
        };
        rounds.extend([again, item(0, 3)]);
        assert_eq!(rounds.len(), 2);
        assert_eq!(rounds.take(10), [item(1, 1), again]);
    }

    proptest! {
        #[test]
        fn everything_is_taken_once_in_order_within_its_directory_and_nobody_waits_longer_than_a_round(
            arrivals in proptest::collection::vec((proptest::collection::vec(0_u8..6, 0..40), 1_usize..20), 1..12)
        ) {
            let mut rounds = Rounds::default();
            let (mut sent, mut taken): (Vec<Item>, Vec<Item>) = (Vec::new(), Vec::new());
            for (directories, max) in &arrivals {
                let arrived: Vec<Item> = directories.iter().map(|directory| item(*directory, sent.len())).collect();
                let arrived: Vec<Item> = arrived.into_iter().enumerate().map(|(n, item)| Item { n: item.n + n, ..item }).collect();
                sent.extend(&arrived);
                rounds.extend(arrived);
                let before = rounds.len();
                let waiting = rounds.turns.clone();
                let batch = rounds.take(*max);
                prop_assert_eq!(batch.len(), before.min(*max));
                prop_assert_eq!(rounds.len(), before - batch.len());
                // Whoever is so far in front that one round reaches them, is in the batch.
                for directory in waiting.iter().take(*max) {
                    prop_assert!(batch.iter().any(|item| item.directory() == *directory));
                }
                taken.extend(batch);
            }
            taken.extend(rounds.take(usize::MAX));
            prop_assert!(rounds.is_empty() && rounds.turns.is_empty() && rounds.waiting.is_empty());
            for directory in 0..6 {
                let of = |items: &[Item]| -> Vec<usize> {
                    items.iter().filter(|item| item.directory == directory).map(|item| item.n).collect()
                };
                prop_assert_eq!(of(&taken), of(&sent));
            }
        }
    }
}
