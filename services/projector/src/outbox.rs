//! What is on its way from the log to the bus: which events come next, and whose commands are done by it.
//!
//! Directories take turns, some events each, so that the sixty thousand events of one change do not hold up the one
//! event of another. Memory is bounded: what does not fit is not kept, because the log has it, and is read from there
//! when its turn comes.
//!
//! Pure: no IO and no clock.

use events::{DirectoryId, Event};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// Events of one directory that go before it is the next one's turn: as many as travel in one message to the dispatcher.
const AT_A_TURN: usize = 64;

/// How much is kept, and how much goes at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxBounds {
    /// Events that wait in memory.
    pub(crate) events: usize,
    /// Bytes of their bodies.
    pub(crate) bytes: usize,
    /// Events published at once.
    pub(crate) portion: usize,
    /// Bytes of their bodies; a larger event goes alone.
    pub(crate) portion_bytes: usize,
}

impl Default for OutboxBounds {
    fn default() -> Self {
        Self {
            events: 20_000,
            bytes: 32 << 20,
            portion: 512,
            portion_bytes: 1 << 20,
        }
    }
}

/// One directory's way to the bus.
#[derive(Debug)]
struct DirectoryLine {
    /// The last sequence on the bus; `None` while it is not known.
    published: Option<i64>,
    /// The last sequence that is on the bus, on its way, or in `waiting`.
    tail: i64,
    /// Without a gap, up to `tail`. Before `published` is known it may begin anywhere.
    waiting: VecDeque<Event>,
    /// The log reaches this far.
    known: i64,
    /// The log may reach further.
    more: bool,
    /// Its log is being read.
    reading: bool,
    /// Stands in [`Outbox::turns`].
    has_turn: bool,
    /// Stands in [`Outbox::to_read`].
    is_to_be_read: bool,
    /// Those who wait for a sequence to be on the bus, in the order of it.
    waiters: VecDeque<(i64, u64)>,
}

impl DirectoryLine {
    const fn new(published: Option<i64>, tail: i64) -> Self {
        Self {
            published,
            tail,
            waiting: VecDeque::new(),
            known: tail,
            more: false,
            reading: false,
            has_turn: false,
            is_to_be_read: false,
            waiters: VecDeque::new(),
        }
    }

    /// There is more in the log than in memory, and its turn has come.
    fn must_be_read(&self) -> bool {
        self.published.is_some() && self.waiting.is_empty() && (self.known > self.tail || self.more) && !self.reading
    }
}

/// Something that is done when certain events are on the bus.
#[derive(Debug)]
struct OpenReceipt<T> {
    /// Directories of which something is not on the bus yet.
    missing: usize,
    what: T,
}

/// The events that wait, by directory; `T` is handed back when the events that came with it are on the bus.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    bounds: OutboxBounds,
    lines: HashMap<DirectoryId, DirectoryLine>,
    /// Directories with events that may go, each once; the one in front is next.
    turns: VecDeque<DirectoryId>,
    /// Directories whose log is to be read, each once.
    to_read: VecDeque<DirectoryId>,
    /// Directories of which it is not known how far they are on the bus.
    unknown: HashSet<DirectoryId>,
    events: usize,
    bytes: usize,
    open: HashMap<u64, OpenReceipt<T>>,
    last_open: u64,
}

impl<T> Outbox<T> {
    pub(crate) fn new(bounds: OutboxBounds) -> Self {
        Self {
            bounds,
            lines: HashMap::new(),
            turns: VecDeque::new(),
            to_read: VecDeque::new(),
            unknown: HashSet::new(),
            events: 0,
            bytes: 0,
            open: HashMap::new(),
            last_open: 0,
        }
    }

    /// Nobody waits for anything.
    pub(crate) fn is_settled(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes events that were just committed, each directory's in order. `what` comes back when they are on the bus, from
    /// here at once when there are none.
    pub(crate) fn commit(&mut self, events: Vec<Event>, what: T) -> Option<T> {
        let mut last: BTreeMap<DirectoryId, i64> = BTreeMap::new();
        for event in events {
            let reached = last.entry(event.directory_id).or_default();
            *reached = event.sequence.max(*reached);
            self.offer(event);
        }
        self.last_open += 1;
        let mut missing = 0;
        for (directory, sequence) in last {
            if let Some(line) = self.lines.get_mut(&directory)
                && line.published.is_none_or(|published| published < sequence)
            {
                line.waiters.push_back((sequence, self.last_open));
                missing += 1;
            }
        }
        if missing == 0 {
            return Some(what);
        }
        self.open.insert(self.last_open, OpenReceipt { missing, what });
        None
    }

    /// Takes events that were found in the log and are not marked as published, each directory's in order. What is known
    /// of a directory here counts more than the mark, which follows behind. `more`: there is more than these. Says whether
    /// any was news.
    pub(crate) fn found(&mut self, events: Vec<Event>, more: bool) -> bool {
        let mut news = false;
        let last = events.last().map(|event| event.directory_id);
        for event in events {
            let before = event.sequence - 1;
            let line = self.lines.entry(event.directory_id);
            let line = line.or_insert_with(|| DirectoryLine::new(Some(before), before));
            news |= line.known < event.sequence;
            self.offer(event);
        }
        if let Some(line) = last.filter(|_| more && news).and_then(|last| self.lines.get_mut(&last)) {
            line.more = true;
        }
        if let Some(last) = last {
            self.turn(last);
        }
        news
    }

    /// Another process may have published meanwhile: how far the directories are is to be asked again. What waits here is
    /// read from the log.
    pub(crate) fn forget_positions(&mut self) {
        self.lines.retain(|_, line| {
            !line.waiting.is_empty() || !line.waiters.is_empty() || line.reading || line.more || line.known > line.tail
        });
        for (directory, line) in &mut self.lines {
            line.known = line.known.max(line.tail);
            line.published = None;
            line.waiting.clear();
            (line.has_turn, line.is_to_be_read) = (false, false);
            self.unknown.insert(*directory);
        }
        self.turns.clear();
        self.to_read.clear();
        (self.events, self.bytes) = (0, 0);
    }

    /// Directories of which is to be asked how far they are on the bus; each is asked for once, until it is answered with
    /// [`Self::place`].
    pub(crate) fn take_unknown(&mut self) -> Vec<DirectoryId> {
        self.unknown.drain().collect()
    }

    /// A directory is so far on the bus. Gives back what is done by that.
    pub(crate) fn place(&mut self, directory: DirectoryId, published: i64) -> Vec<T> {
        let Some(line) = self.lines.get_mut(&directory).filter(|line| line.published.is_none()) else {
            return Vec::new();
        };
        line.published = Some(published);
        line.known = line.known.max(line.tail);
        let mut kept = std::mem::take(&mut line.waiting);
        let (count, bytes) = (kept.len(), kept.iter().map(|event| event.body.len()).sum::<usize>());
        kept.retain(|event| event.sequence > published);
        if kept.front().is_none_or(|first| first.sequence == published + 1) {
            line.tail = kept.back().map_or(published, |last| last.sequence);
            line.waiting = kept;
        } else {
            line.tail = published;
        }
        self.events -= count - line.waiting.len();
        self.bytes -= bytes - line.waiting.iter().map(|event| event.body.len()).sum::<usize>();
        self.unknown.remove(&directory);
        self.turn(directory);
        self.published(&BTreeMap::from([(directory, published)]))
    }

    /// The next directory whose log is to be read, and after which sequence; answered with [`Self::read`].
    pub(crate) fn next_read(&mut self) -> Option<(DirectoryId, i64)> {
        while let Some(directory) = self.to_read.pop_front() {
            if let Some(line) = self.lines.get_mut(&directory)
                && std::mem::take(&mut line.is_to_be_read)
                && line.must_be_read()
            {
                line.reading = true;
                return Some((directory, line.tail));
            }
        }
        None
    }

    /// What the log has; `more`: it may go on after that. Gives back what is done by that.
    pub(crate) fn read(&mut self, directory: DirectoryId, events: Vec<Event>, more: bool) -> Vec<T> {
        let Some(line) = self.lines.get_mut(&directory) else {
            return Vec::new();
        };
        line.reading = false;
        line.more = more;
        if line.published.is_some() && line.waiting.is_empty() {
            // A log has no gap. What has gone from one, as with a directory that is deleted, nobody waits for.
            let first = events.first().map_or(line.known + 1, |event| event.sequence);
            line.tail = line.tail.max(first - 1);
        }
        let gone = if events.is_empty() { line.tail } else { 0 };
        for event in events {
            self.offer(event);
        }
        self.turn(directory);
        self.published(&BTreeMap::from([(directory, gone)]))
    }

    /// The next events to publish; empty when none may go. To be answered with [`Self::published`] before the next call.
    pub(crate) fn portion(&mut self) -> Vec<Event> {
        let mut portion = Vec::new();
        let mut bytes = 0;
        while portion.len() < self.bounds.portion
            && let Some(directory) = self.turns.pop_front()
        {
            let Some(line) = self.lines.get_mut(&directory) else {
                continue;
            };
            line.has_turn = false;
            let mut full = false;
            for _ in 0..AT_A_TURN.min(self.bounds.portion - portion.len()) {
                let Some(size) = line.waiting.front().map(|event| event.body.len()) else {
                    break;
                };
                full = !portion.is_empty() && bytes + size > self.bounds.portion_bytes;
                if full {
                    break;
                }
                bytes += size;
                self.events -= 1;
                self.bytes -= size;
                portion.extend(line.waiting.pop_front());
            }
            if full {
                line.has_turn = true;
                self.turns.push_front(directory);
                break;
            }
            self.turn(directory);
        }
        portion
    }

    /// Directories are so far on the bus now. Gives back what is done by that.
    pub(crate) fn published(&mut self, positions: &BTreeMap<DirectoryId, i64>) -> Vec<T> {
        let mut done = Vec::new();
        for (directory, sequence) in positions {
            let Some(line) = self.lines.get_mut(directory) else {
                continue;
            };
            if let Some(published) = &mut line.published {
                *published = (*published).max(*sequence);
            }
            while let Some((_, open)) = line.waiters.pop_front_if(|(wanted, _)| *wanted <= *sequence) {
                done.extend(settle(&mut self.open, open));
            }
        }
        done
    }

    /// An event that is next in its line waits here, if there is room; any other is read from the log in its turn.
    fn offer(&mut self, event: Event) {
        let (directory, sequence) = (event.directory_id, event.sequence);
        let line = self.lines.entry(directory).or_insert_with(|| {
            self.unknown.insert(directory);
            DirectoryLine::new(None, sequence - 1)
        });
        line.known = line.known.max(sequence);
        if sequence == line.tail + 1
            && self.events < self.bounds.events
            && self.bytes + event.body.len() <= self.bounds.bytes
        {
            line.tail = sequence;
            self.events += 1;
            self.bytes += event.body.len();
            line.waiting.push_back(event);
        }
        self.turn(directory);
    }

    /// Gives the directory a turn, to go or to be read, if it needs one and has none.
    fn turn(&mut self, directory: DirectoryId) {
        let Some(line) = self.lines.get_mut(&directory) else {
            return;
        };
        if line.must_be_read() && !line.is_to_be_read {
            line.is_to_be_read = true;
            self.to_read.push_back(directory);
        }
        if line.published.is_some() && !line.waiting.is_empty() && !line.has_turn {
            line.has_turn = true;
            self.turns.push_back(directory);
        }
    }
}

/// One directory less is missing; gives back what is complete by that.
fn settle<T>(open: &mut HashMap<u64, OpenReceipt<T>>, number: u64) -> Option<T> {
    let entry = open.get_mut(&number)?;
    entry.missing -= 1;
    if entry.missing > 0 {
        return None;
    }
    open.remove(&number).map(|entry| entry.what)
}

#[cfg(test)]
mod tests;
