//! What waits in memory, and what may be sent next: pure bookkeeping, no clock and no IO.
//!
//! Each endpoint has a line of its own, and the lines take turns, so that a slow or dead endpoint delays nobody else.
//! How many attempts an endpoint may have in flight follows its health: halved by each failure that looks like an
//! outage, doubled by each success. A dead endpoint is thus down to one attempt at a time after a handful of failures
//! and costs next to nothing, and one that comes back has its full share after a handful of successes.
//!
//! A line is short. What does not fit stays in the database and the endpoint is marked as *spilled*: from then on its
//! new deliveries go through the database too, behind the older ones, until nothing of it is left there.

use events::EndpointId;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

/// Deliveries in memory for each attempt that may be in flight: enough to never run dry between two claims.
const DEPTH: usize = 8;
/// A slow line holds no more than it can send in this time, so that leases need no renewing.
const PACED_SECONDS: usize = 10;

/// How an attempt speaks of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Good,
    /// The endpoint answers, but refuses this event.
    Neutral,
    Bad,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<J> {
    Send(J),
    /// Nothing before this time, unless something changes.
    WaitUntil(Instant),
    Idle,
}

#[derive(Debug)]
pub(crate) struct Queue<J> {
    in_flight_limit: usize,
    per_endpoint: usize,
    waiting_limit: usize,
    lines: HashMap<EndpointId, Line<J>>,
    /// Lines that may have something to send, in turn.
    turns: VecDeque<EndpointId>,
    /// Lines that must wait for their rate limit.
    paced: Vec<(Instant, EndpointId)>,
    in_flight: usize,
    /// Waiting and reserved.
    waiting: usize,
    closed: bool,
}

#[derive(Debug)]
struct Line<J> {
    jobs: VecDeque<J>,
    in_flight: usize,
    reserved: usize,
    limit: usize,
    spilled: bool,
    /// Counts the times that deliveries were left in the database.
    spills: u64,
    has_turn: bool,
    per_second: Option<u32>,
    /// When the rate limit lets the next attempt go.
    free_at: Option<Instant>,
}

impl<J> Line<J> {
    fn new(limit: usize) -> Self {
        Self {
            jobs: VecDeque::new(),
            in_flight: 0,
            reserved: 0,
            limit,
            spilled: false,
            spills: 0,
            has_turn: false,
            per_second: None,
            free_at: None,
        }
    }

    fn room(&self) -> usize {
        let paced = self.per_second.map_or(usize::MAX, |rate| {
            usize::try_from(rate)
                .unwrap_or(usize::MAX)
                .saturating_mul(PACED_SECONDS)
        });
        let capacity = self.limit.saturating_mul(DEPTH).min(paced);
        capacity.saturating_sub(self.jobs.len() + self.in_flight + self.reserved)
    }

    fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.in_flight == 0 && self.reserved == 0
    }
}

impl<J> Queue<J> {
    pub(crate) fn new(in_flight: usize, per_endpoint: usize, waiting: usize) -> Self {
        Self {
            in_flight_limit: in_flight.max(1),
            per_endpoint: per_endpoint.max(1),
            waiting_limit: waiting.max(1),
            lines: HashMap::new(),
            turns: VecDeque::new(),
            paced: Vec::new(),
            in_flight: 0,
            waiting: 0,
            closed: false,
        }
    }

    fn line(&mut self, id: EndpointId) -> &mut Line<J> {
        let limit = self.per_endpoint;
        self.lines.entry(id).or_insert_with(|| Line::new(limit))
    }

    /// Keeps a place for a delivery that is about to be stored. `false`: it must go through the database.
    pub(crate) fn reserve(&mut self, id: EndpointId) -> bool {
        let full = self.closed || self.waiting >= self.waiting_limit;
        let line = self.line(id);
        if full || line.spilled || line.room() == 0 {
            line.spilled = true;
            return false;
        }
        line.reserved += 1;
        self.waiting += 1;
        true
    }

    /// Gives a reserved place back.
    pub(crate) fn cancel(&mut self, id: EndpointId) {
        let line = self.line(id);
        if line.reserved > 0 {
            line.reserved -= 1;
            self.waiting -= 1;
        }
    }

    /// How many deliveries of an endpoint may be taken from the database now. None while places are reserved: what
    /// comes there is older than what is left in the database.
    pub(crate) fn room(&mut self, id: EndpointId) -> usize {
        if self.closed {
            return 0;
        }
        let all = self.waiting_limit.saturating_sub(self.waiting);
        let line = self.line(id);
        if line.reserved > 0 { 0 } else { line.room().min(all) }
    }

    /// Appends a delivery to its line; `reserved` when it has a place already.
    pub(crate) fn push(&mut self, id: EndpointId, job: J, reserved: bool) {
        if reserved {
            self.cancel(id);
        }
        self.line(id).jobs.push_back(job);
        self.waiting += 1;
        self.give_turn(id);
    }

    /// Deliveries of the endpoint were stored without a place in memory.
    pub(crate) fn spill(&mut self, id: EndpointId) {
        let line = self.line(id);
        line.spilled = true;
        line.spills += 1;
    }

    /// How often the endpoint spilled so far: to be asked for before what it left in the database is looked up.
    pub(crate) fn spills(&mut self, id: EndpointId) -> u64 {
        self.line(id).spills
    }

    /// What was in the database has been looked up, and all that was found has been pushed. With `all`, nothing is
    /// left there and new deliveries may come directly again, unless more was spilled since.
    pub(crate) fn caught_up(&mut self, id: EndpointId, all: bool, spills: u64) {
        let line = self.line(id);
        line.spilled = !all || line.spills != spills;
    }

    pub(crate) fn set_rate(&mut self, id: EndpointId, per_second: Option<u32>) {
        self.line(id).per_second = per_second.filter(|rate| *rate > 0);
    }

    /// The next delivery to send, of the endpoint whose turn it is.
    pub(crate) fn next(&mut self, now: Instant) -> Next<J> {
        let (due, paced) = std::mem::take(&mut self.paced)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.paced = paced;
        let due: Vec<_> = due;
        for (_, id) in due {
            self.give_turn(id);
        }
        while self.in_flight < self.in_flight_limit {
            let Some(id) = self.turns.pop_front() else { break };
            let Some(line) = self.lines.get_mut(&id) else { continue };
            line.has_turn = false;
            if line.in_flight >= line.limit {
                // The end of one of its attempts gives it a turn again.
                continue;
            }
            if let Some(at) = line.free_at.filter(|at| *at > now && !line.jobs.is_empty()) {
                self.paced.push((at, id));
                continue;
            }
            if let Some(job) = line.jobs.pop_front() {
                line.free_at = line.per_second.map(|rate| now + Duration::from_secs(1) / rate);
                line.in_flight += 1;
                self.in_flight += 1;
                self.waiting -= 1;
                self.give_turn(id);
                return Next::Send(job);
            }
        }
        self.paced_until().map_or(Next::Idle, Next::WaitUntil)
    }

    /// When the first of the lines that wait for their rate limit may go on.
    pub(crate) fn paced_until(&self) -> Option<Instant> {
        self.paced.iter().map(|(at, _)| *at).min()
    }

    /// An attempt is over. `true` when the line runs low and more of it waits in the database.
    pub(crate) fn finished(&mut self, id: EndpointId, health: Health) -> bool {
        self.in_flight = self.in_flight.saturating_sub(1);
        let most = self.per_endpoint;
        let line = self.line(id);
        line.in_flight = line.in_flight.saturating_sub(1);
        line.limit = match health {
            Health::Good => line.limit.saturating_mul(2).min(most),
            Health::Neutral => line.limit,
            Health::Bad => (line.limit / 2).max(1),
        };
        let wants_more = line.spilled && line.jobs.len() <= line.limit;
        self.give_turn(id);
        wants_more
    }

    /// Takes out what waits for endpoints other than these, and forgets the idle ones.
    pub(crate) fn keep_only(&mut self, active: &HashSet<EndpointId>) -> Vec<J> {
        let mut removed = Vec::new();
        for (id, line) in &mut self.lines {
            if !active.contains(id) {
                removed.extend(line.jobs.drain(..));
            }
        }
        self.waiting -= removed.len();
        self.lines.retain(|id, line| active.contains(id) || !line.is_idle());
        removed
    }

    /// Takes out what waits and matches.
    pub(crate) fn remove(&mut self, mut matches: impl FnMut(&J) -> bool) {
        for line in self.lines.values_mut() {
            let before = line.jobs.len();
            line.jobs.retain(|job| !matches(job));
            self.waiting -= before - line.jobs.len();
        }
    }

    /// Takes out everything that waits, and takes nothing new.
    pub(crate) fn close(&mut self) -> Vec<J> {
        self.closed = true;
        self.keep_only(&HashSet::new())
    }

    pub(crate) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    fn give_turn(&mut self, id: EndpointId) {
        if let Some(line) = self.lines.get_mut(&id)
            && !line.has_turn
            && !line.jobs.is_empty()
            && !self.paced.iter().any(|(_, paced)| *paced == id)
        {
            line.has_turn = true;
            self.turns.push_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue<u32> {
        Queue::new(100, 4, 1_000)
    }

    fn sent(queue: &mut Queue<u32>, now: Instant) -> Vec<u32> {
        std::iter::from_fn(|| match queue.next(now) {
            Next::Send(job) => Some(job),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn a_line_keeps_its_order_and_its_limit() {
        let (mut queue, id, now) = (queue(), EndpointId::new(), Instant::now());
        for job in 0..10 {
            queue.push(id, job, false);
        }
        assert_eq!(sent(&mut queue, now), [0, 1, 2, 3]);
        assert_eq!(queue.next(now), Next::Idle);
        queue.finished(id, Health::Good);
        assert_eq!(sent(&mut queue, now), [4]);
        assert_eq!((queue.in_flight(), queue.waiting()), (4, 5));
    }

    #[test]
    fn endpoints_take_turns() {
        let (mut queue, now) = (Queue::new(4, 4, 100), Instant::now());
        let (busy, quiet) = (EndpointId::new(), EndpointId::new());
        for job in 0..5 {
            queue.push(busy, job, false);
        }
        queue.push(quiet, 100, false);
        assert_eq!(sent(&mut queue, now), [0, 100, 1, 2]);
        queue.finished(quiet, Health::Good);
        assert_eq!(sent(&mut queue, now), [3]);
    }

    #[test]
    fn a_failing_endpoint_gets_one_attempt_at_a_time_until_it_recovers() {
        let (mut queue, id, now) = (queue(), EndpointId::new(), Instant::now());
        for job in 0..20 {
            queue.push(id, job, false);
        }
        assert_eq!(sent(&mut queue, now).len(), 4);
        for _ in 0..4 {
            queue.finished(id, Health::Bad);
        }
        assert_eq!(sent(&mut queue, now).len(), 1);
        queue.finished(id, Health::Neutral);
        assert_eq!(sent(&mut queue, now).len(), 1);
        queue.finished(id, Health::Good);
        assert_eq!(sent(&mut queue, now).len(), 2);
        queue.finished(id, Health::Good);
        queue.finished(id, Health::Good);
        assert_eq!(sent(&mut queue, now).len(), 4);
    }

    #[test]
    fn what_does_not_fit_goes_through_the_database_until_that_is_empty() {
        let (mut queue, id, now) = (queue(), EndpointId::new(), Instant::now());
        let capacity = 4 * DEPTH;
        for job in 0..u32::try_from(capacity).unwrap() {
            assert!(queue.reserve(id));
            queue.push(id, job, true);
        }
        assert!(!queue.reserve(id));
        assert_eq!(queue.room(id), 0);
        sent(&mut queue, now);
        let mut asked = 0;
        while queue.in_flight() > 0 {
            asked += u32::from(queue.finished(id, Health::Good));
            sent(&mut queue, now);
        }
        assert!(asked > 0, "the line asks for more before it is empty");
        assert!(!queue.reserve(id), "new deliveries stay behind those in the database");
        assert_eq!(queue.room(id), capacity);
        let spills = queue.spills(id);
        queue.spill(id);
        queue.caught_up(id, true, spills);
        assert!(!queue.reserve(id), "more was spilled while the database was searched");
        let spills = queue.spills(id);
        queue.caught_up(id, false, spills);
        assert!(!queue.reserve(id), "not everything was taken");
        queue.caught_up(id, true, spills);
        assert!(queue.reserve(id));
        assert_eq!(queue.room(id), 0, "what is reserved comes first");
        queue.cancel(id);
        assert_eq!((queue.waiting(), queue.room(id)), (0, capacity));
    }

    #[test]
    fn memory_is_bounded_over_all_endpoints() {
        let mut queue: Queue<u32> = Queue::new(10, 10, 3);
        assert!((0..3).all(|_| queue.reserve(EndpointId::new())));
        let id = EndpointId::new();
        assert!(!queue.reserve(id));
        assert_eq!(queue.room(id), 0);
    }

    #[test]
    fn a_rate_limit_spaces_attempts_and_holds_nobody_else_up() {
        let (mut queue, now) = (queue(), Instant::now());
        let (slow, other) = (EndpointId::new(), EndpointId::new());
        queue.set_rate(slow, Some(10));
        for job in 0..3 {
            queue.push(slow, job, false);
        }
        assert_eq!(sent(&mut queue, now), [0]);
        queue.push(other, 100, false);
        assert_eq!(sent(&mut queue, now), [100]);
        let step = Duration::from_millis(100);
        assert_eq!(queue.next(now), Next::WaitUntil(now + step));
        assert_eq!(sent(&mut queue, now + step), [1]);
        assert_eq!(sent(&mut queue, now + step * 2), [2]);
        assert_eq!(queue.next(now + step * 3), Next::Idle);
    }

    #[test]
    fn lines_of_endpoints_that_are_gone_are_emptied() {
        let (mut queue, now) = (queue(), Instant::now());
        let (gone, kept) = (EndpointId::new(), EndpointId::new());
        for job in 0..6 {
            queue.push(gone, job, false);
        }
        queue.push(kept, 100, false);
        assert_eq!(sent(&mut queue, now).len(), 5);
        assert_eq!(queue.keep_only(&HashSet::from([kept])), [4, 5]);
        for _ in 0..4 {
            queue.finished(gone, Health::Good);
        }
        queue.keep_only(&HashSet::from([kept]));
        assert_eq!(queue.lines.len(), 1);
        queue.push(kept, 101, false);
        queue.push(kept, 102, false);
        queue.remove(|job| *job == 101);
        assert_eq!(queue.close(), [102]);
        assert!(!queue.reserve(kept));
        assert_eq!((queue.room(kept), queue.waiting(), queue.in_flight()), (0, 0, 1));
    }
}
