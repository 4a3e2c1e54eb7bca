//! Fair batches: who of those that wait is next.
//!
//! A directory that pushes its first million users would otherwise fill every batch of its lane, and one deactivation in
//! another directory would wait behind hundreds of them. So directories take turns, and a turn is not counted but
//! weighed: next is the directory that has been given least (start-time fair queueing). What goes apart, because it is heavy or its
//! directory has been slow, is in no batch: of that there is one at a time, directories in turn, and what comes after it
//! in its directory waits for it.
//!
//! What is held here was handed out by the bus and is neither applied nor acknowledged: when it is dropped, it comes again.
//!
//! Pure: no IO and no clock.

use events::DirectoryId;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// Something that waits for its turn.
pub(crate) trait Weighted {
    /// Whose turn it waits for.
    fn directory(&self) -> DirectoryId;
    /// The lane it came through.
    fn lane(&self) -> u16;
    /// The subscription of that lane that handed it out; later ones have higher numbers.
    fn session(&self) -> u64;
    /// What it costs.
    fn weight(&self) -> u64;
    /// Whether it goes apart, whatever else its directory sends.
    fn goes_apart(&self) -> bool;
}

/// Where a directory stands with what it has waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServedPlace {
    /// In turn for a batch: what it will have been given before, and a number that tells those with the same apart.
    Batch((u64, u64)),
    /// In turn to go apart.
    Apart,
    /// One of its commands is under way apart.
    UnderWay,
}

#[derive(Debug)]
struct DirectoryLine<T> {
    items: VecDeque<T>,
    place: ServedPlace,
}

/// What waits, by directory, each in the order in which it came.
#[derive(Debug)]
pub(crate) struct Rounds<T> {
    lines: HashMap<DirectoryId, DirectoryLine<T>>,
    /// The directories in turn for a batch.
    turns: BTreeMap<(u64, u64), DirectoryId>,
    /// The directories in turn to go apart; the one in front is next.
    apart: VecDeque<DirectoryId>,
    /// The directory of which a command is under way apart.
    under_way: Option<DirectoryId>,
    /// Directories that have been slow: all of theirs goes apart.
    slow: HashSet<DirectoryId>,
    /// What each directory has been given, where that is more than what a new one begins with.
    given: HashMap<DirectoryId, u64>,
    /// What the directory that was last in turn had been given.
    now: u64,
    /// Numbers the turns.
    last_turn: u64,
    /// How many wait, and how many of them in turn for a batch.
    len: usize,
    ready: usize,
    /// The latest subscription of each lane.
    sessions: HashMap<u16, u64>,
}

impl<T> Default for Rounds<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            turns: BTreeMap::new(),
            apart: VecDeque::new(),
            under_way: None,
            slow: HashSet::new(),
            given: HashMap::new(),
            now: 0,
            last_turn: 0,
            len: 0,
            ready: 0,
            sessions: HashMap::new(),
        }
    }
}

impl<T: Weighted> Rounds<T> {
    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// How many may be in the next batches.
    pub(crate) const fn ready(&self) -> usize {
        self.ready
    }

    /// Takes what came, in its order. The first message of a new subscription says that what an older one of the lane
    /// handed out comes again, to the process that has the lane now: it is forgotten here.
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
            if let Some(line) = self.lines.get_mut(&directory) {
                line.items.push_back(item);
                self.len += 1;
                self.ready += usize::from(matches!(line.place, ServedPlace::Batch(_)));
            } else {
                self.place(directory, VecDeque::from([item]));
            }
        }
    }

    /// Puts back what was taken and not done, each directory's in its order, before what waits of it.
    pub(crate) fn put_back(&mut self, items: Vec<T>) {
        // Backwards, because each goes to the front of its line.
        for item in items.into_iter().rev() {
            // The subscription that handed it out is over: it comes again.
            if self
                .sessions
                .get(&item.lane())
                .is_some_and(|latest| item.session() < *latest)
            {
                continue;
            }
            let directory = item.directory();
            let mut line = self.remove(directory);
            line.push_front(item);
            self.place(directory, line);
        }
    }

    /// Up to `max` of so much weight together; a heavier one alone. Each directory's in the order in which they came, of
    /// the directories the one that has been given least. One that was passed over because the batch was full is first the next
    /// time.
    pub(crate) fn take(&mut self, max: usize, weight: u64) -> Vec<T> {
        let mut taken = Vec::with_capacity(max.min(self.ready));
        let mut sum = 0_u64;
        while taken.len() < max
            && let Some((turn, directory)) = self
                .turns
                .first_key_value()
                .map(|(turn, directory)| (*turn, *directory))
        {
            let first = self.lines.get(&directory).and_then(|line| line.items.front());
            let next = first.map_or(0, Weighted::weight);
            // The first one is taken whatever it weighs, or it would wait for ever.
            if !taken.is_empty() && sum.saturating_add(next) > weight {
                break;
            }
            sum = sum.saturating_add(next);
            // A directory that comes from now on begins here: not before those that have waited, and not behind them either.
            self.now = turn.0;
            // At least one, or a directory whose commands weigh nothing would be next for ever.
            self.given.insert(directory, turn.0.saturating_add(next.max(1)));
            // What it has in front now decides where it waits next: in turn again, to go apart, or nowhere.
            let mut line = self.remove(directory);
            taken.extend(line.pop_front());
            self.place(directory, line);
        }
        self.forget_given();
        taken
    }

    /// The next one to go apart, unless one is under way.
    pub(crate) fn take_apart(&mut self) -> Option<T> {
        if self.under_way.is_some() {
            return None;
        }
        let directory = self.apart.pop_front()?;
        let line = self.lines.get_mut(&directory)?;
        let item = line.items.pop_front()?;
        line.place = ServedPlace::UnderWay;
        self.len -= 1;
        self.under_way = Some(directory);
        Some(item)
    }

    /// What was under way apart is done.
    pub(crate) fn done_apart(&mut self) {
        let Some(directory) = self.under_way.take() else { return };
        let line = self.remove(directory);
        self.place(directory, line);
    }

    /// Whether all of a directory's goes apart.
    pub(crate) fn set_slow(&mut self, directory: DirectoryId, slow: bool) {
        let changed = if slow {
            self.slow.insert(directory)
        } else {
            self.slow.remove(&directory)
        };
        if changed && self.lines.contains_key(&directory) {
            let line = self.remove(directory);
            self.place(directory, line);
        }
    }

    /// Forgets all that waits: the subscription it came from is given up.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            under_way: self.under_way,
            slow: std::mem::take(&mut self.slow),
            ..Self::default()
        };
    }

    /// Takes a directory out of wherever it stands.
    fn remove(&mut self, directory: DirectoryId) -> VecDeque<T> {
        let Some(line) = self.lines.remove(&directory) else {
            return VecDeque::new();
        };
        self.len -= line.items.len();
        match line.place {
            ServedPlace::Batch(turn) => {
                self.turns.remove(&turn);
                self.ready -= line.items.len();
            }
            ServedPlace::Apart => self.apart.retain(|waiting| *waiting != directory),
            ServedPlace::UnderWay => {}
        }
        line.items
    }

    /// Puts a directory where what it has in front belongs; nowhere if it has nothing.
    fn place(&mut self, directory: DirectoryId, items: VecDeque<T>) {
        let Some(first) = items.front() else { return };
        self.len += items.len();
        let place = if self.under_way == Some(directory) {
            // Nothing of a directory passes its command that is under way.
            ServedPlace::UnderWay
        } else if first.goes_apart() || self.slow.contains(&directory) {
            self.apart.push_back(directory);
            ServedPlace::Apart
        } else {
            // Of directories that have been given the same, the one that came first is first.
            self.last_turn += 1;
            let given = self.given.get(&directory).copied().unwrap_or_default();
            let turn = (given.max(self.now), self.last_turn);
            self.turns.insert(turn, directory);
            self.ready += items.len();
            ServedPlace::Batch(turn)
        };
        self.lines.insert(directory, DirectoryLine { items, place });
    }

    /// Forgets what makes no difference any more. When no directory is in turn, all begin with the same; until then, one that
    /// has been given no more than a new one begins with is as good as new.
    fn forget_given(&mut self) {
        if self.turns.is_empty() {
            self.now = self.given.drain().map(|(_, given)| given).fold(self.now, u64::max);
        } else if self.given.len() > 2 * self.lines.len() + 64 {
            let now = self.now;
            self.given.retain(|_, given| *given > now);
        }
    }

    fn forget(&mut self, lane: u16, before: u64) {
        let concerned: Vec<DirectoryId> = self
            .lines
            .iter()
            .filter(|(_, line)| {
                line.items
                    .iter()
                    .any(|item| item.lane() == lane && item.session() < before)
            })
            .map(|(directory, _)| *directory)
            .collect();
        for directory in concerned {
            let mut line = self.remove(directory);
            line.retain(|item| item.lane() != lane || item.session() >= before);
            self.place(directory, line);
        }
    }
}

#[cfg(test)]
mod tests;
