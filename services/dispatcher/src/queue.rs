//! What waits in memory, and what may be sent next: pure bookkeeping, no clock and no IO.
//!
//! Each endpoint has a line of its own, and the lines take turns, so that a slow or dead endpoint delays nobody else.
//! First attempts and retries are two classes with slots of their own: a mountain of retries does not stand in the way
//! of what is new.
//!
//! How many attempts an endpoint may have in flight adapts: halved when it does not answer in time or says 429 or 503,
//! one more for each success. When free slots get scarce no endpoint may take more than a share of them. An endpoint
//! that only fails is left alone altogether for a while (`breaker`); what waits for it goes back to the database.
//!
//! A line is short. What does not fit stays in the database and the endpoint is marked as *spilled*: from then on its
//! new deliveries go through the database too, behind the older ones, until nothing of it is left there.
//!
//! At an ordered endpoint a delivery about a user or group has followers, which wait outside the line until it has
//! succeeded (`chains`).

mod chains;

pub(crate) use chains::{ChainLink, ChainTurn, Linked, MOST_FOLLOWERS};

use crate::breaker::{Breaker, BreakerLimits};
use chains::{Chain, FIRST_FOLLOWERS};
use events::{EndpointId, ResourceId};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

/// Deliveries in memory for each attempt that may be in flight: enough to never run dry between two claims.
const DEPTH_A_PLACE: usize = 32;
/// A slow line holds no more than it can send in this time, so that leases need no renewing.
const PACED_SECONDS: usize = 10;
/// An endpoint's retries have this part of its slots beside those for first attempts.
const RETRY_SHARE: usize = 4;
/// An endpoint has at most this part of the slots that are free or its own.
const FREE_SHARE: usize = 4;

/// Of the slots for first attempts so few are free, and of the places in memory so many are taken, when it is not this or
/// that endpoint that is slow but the dispatcher.
const SCARCE_SHARE: usize = 3;
const CROWDED_SHARE: usize = 4;

/// How an attempt speaks of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndpointHealth {
    Good,
    /// The endpoint answers, but refuses this event; or nothing was tried.
    Neutral,
    Bad,
    /// Bad, and it asks for less at a time.
    Overloaded,
}

/// Which slots an attempt takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    First,
    Retry,
}

impl Class {
    const ALL: [Self; 2] = [Self::First, Self::Retry];
}

/// How many at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    /// First attempts in flight, over all endpoints.
    pub(crate) firsts: usize,
    /// Retries in flight, over all endpoints.
    pub(crate) retries: usize,
    /// First attempts in flight of one endpoint, at the beginning.
    pub(crate) start: usize,
    /// The same when all goes well.
    pub(crate) most: usize,
    /// Deliveries in memory that are not in flight.
    pub(crate) waiting: usize,
    /// When an endpoint is left alone.
    pub(crate) patience: BreakerLimits,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<J> {
    Send(J, Class),
    /// Nothing before this time, unless something changes.
    WaitUntil(Instant),
    Idle,
}

/// What the end of an attempt brings about.
#[derive(Debug)]
pub(crate) struct AttemptEnd<J> {
    /// The line runs low and more of it waits in the database.
    pub(crate) wants_more: bool,
    /// To be given back: the endpoint is left alone now.
    pub(crate) evicted: Vec<J>,
    /// To be given back: the one before it in its line did not succeed.
    pub(crate) astray: Vec<J>,
}

#[derive(Debug)]
pub(crate) struct SendQueue<J> {
    limits: QueueLimits,
    lines: HashMap<EndpointId, EndpointLine<J>>,
    firsts: Slots,
    retries: Slots,
    /// Lines that must wait for their rate limit.
    paced: Vec<(Instant, EndpointId)>,
    /// Waiting and reserved.
    waiting: usize,
    closed: bool,
}

/// The slots of one class over all endpoints.
#[derive(Debug)]
struct Slots {
    limit: usize,
    in_flight: usize,
    /// Lines that may have something to send, in turn.
    turns: VecDeque<EndpointId>,
}

impl Slots {
    fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            in_flight: 0,
            turns: VecDeque::new(),
        }
    }
}

#[derive(Debug)]
struct EndpointLine<J> {
    firsts: Jobs<J>,
    retries: Jobs<J>,
    reserved: usize,
    limit: usize,
    breaker: Breaker,
    spilled: bool,
    /// Counts the times that deliveries were left in the database.
    spills: u64,
    per_second: Option<u32>,
    /// When the rate limit lets the next attempt go.
    free_at: Option<Instant>,
    chains: HashMap<ResourceId, Chain<J>>,
    /// Deliveries in chains, behind others.
    behind: usize,
    /// How many may follow one delivery.
    reach: usize,
}

/// One endpoint's deliveries of one class.
#[derive(Debug)]
struct Jobs<J> {
    waiting: VecDeque<J>,
    in_flight: usize,
    has_turn: bool,
}

impl<J> Jobs<J> {
    const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            in_flight: 0,
            has_turn: false,
        }
    }

    fn len(&self) -> usize {
        self.waiting.len() + self.in_flight
    }
}

impl<J> EndpointLine<J> {
    fn new(limits: &QueueLimits) -> Self {
        Self {
            firsts: Jobs::new(),
            retries: Jobs::new(),
            reserved: 0,
            limit: limits.start.min(limits.most).max(1),
            breaker: Breaker::new(limits.patience),
            spilled: false,
            spills: 0,
            per_second: None,
            free_at: None,
            chains: HashMap::new(),
            behind: 0,
            reach: FIRST_FOLLOWERS,
        }
    }

    const fn jobs(&mut self, class: Class) -> &mut Jobs<J> {
        match class {
            Class::First => &mut self.firsts,
            Class::Retry => &mut self.retries,
        }
    }

    /// Attempts of a class that may be in flight.
    fn cap(&self, class: Class) -> usize {
        match class {
            Class::First => self.limit,
            Class::Retry => (self.limit / RETRY_SHARE).max(1),
        }
    }

    fn room(&self, class: Class, now: Instant) -> usize {
        if self.breaker.is_open(now) {
            return 0;
        }
        if self.breaker.is_probing(now) {
            // One of each, to see how it fares.
            return usize::from(self.is_idle());
        }
        let (places, taken) = match class {
            Class::First => (self.places(), self.firsts.len() + self.reserved + self.behind),
            Class::Retry => (self.places_of(Class::Retry), self.retries.len()),
        };
        places.saturating_sub(taken)
    }

    /// Places in memory for deliveries that were never tried.
    fn places(&self) -> usize {
        self.places_of(Class::First)
    }

    fn places_of(&self, class: Class) -> usize {
        let paced = self.per_second.map_or(usize::MAX, |rate| {
            usize::try_from(rate)
                .unwrap_or(usize::MAX)
                .saturating_mul(PACED_SECONDS)
        });
        self.cap(class).saturating_mul(DEPTH_A_PLACE).min(paced)
    }

    fn is_idle(&self) -> bool {
        self.firsts.len() == 0 && self.retries.len() == 0 && self.reserved == 0 && self.chains.is_empty()
    }
}

impl<J: Linked> EndpointLine<J> {
    /// Takes out what waits, also behind others; with the number of places that are free then.
    fn drain(&mut self) -> (Vec<J>, usize) {
        let free = self.firsts.waiting.len() + self.retries.waiting.len() + self.behind;
        let behind = self.cut_all();
        let waiting = self.firsts.waiting.drain(..).chain(self.retries.waiting.drain(..));
        (waiting.chain(behind).collect(), free)
    }
}

impl<J: Linked> SendQueue<J> {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self {
            lines: HashMap::new(),
            firsts: Slots::new(limits.firsts),
            retries: Slots::new(limits.retries),
            paced: Vec::new(),
            waiting: 0,
            closed: false,
            limits,
        }
    }

    fn line(&mut self, id: EndpointId) -> &mut EndpointLine<J> {
        let limits = &self.limits;
        self.lines.entry(id).or_insert_with(|| EndpointLine::new(limits))
    }

    const fn slots(&mut self, class: Class) -> &mut Slots {
        match class {
            Class::First => &mut self.firsts,
            Class::Retry => &mut self.retries,
        }
    }

    /// Keeps a place for a delivery that is about to be stored. `false`: it must go through the database.
    pub(crate) fn reserve(&mut self, id: EndpointId, now: Instant) -> bool {
        let full = self.closed || self.waiting >= self.limits.waiting;
        let line = self.line(id);
        // Once something of an endpoint is in the database only, newer deliveries follow it there, or they would overtake it.
        if full || line.spilled || line.room(Class::First, now) == 0 {
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

    /// How many deliveries of an endpoint, never tried and tried, may be taken from the database now. None while places
    /// are reserved: what comes there is older than what is left in the database.
    pub(crate) fn room(&mut self, id: EndpointId, now: Instant) -> (usize, usize) {
        if self.closed {
            return (0, 0);
        }
        let all = self.limits.waiting.saturating_sub(self.waiting);
        let line = self.line(id);
        if line.reserved > 0 {
            return (0, 0);
        }
        let [firsts, retries] = Class::ALL.map(|class| line.room(class, now));
        let firsts = firsts.min(all);
        (firsts, retries.min(all - firsts))
    }

    /// Appends a delivery to its line; `reserved` when it has a place already.
    pub(crate) fn push(&mut self, id: EndpointId, job: J, class: Class, reserved: bool) {
        if reserved {
            self.cancel(id);
        }
        self.line(id).jobs(class).waiting.push_back(job);
        self.waiting += 1;
        self.give_turn(id, class);
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

    /// The next delivery to send, of the endpoint whose turn it is; what is new comes before what is repeated.
    pub(crate) fn next(&mut self, now: Instant) -> Next<J> {
        // Lines whose rate limit lets them go again get their turns back.
        let (due, paced): (Vec<_>, Vec<_>) = std::mem::take(&mut self.paced)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.paced = paced;
        for (_, id) in due {
            self.give_turns(id);
        }
        for class in Class::ALL {
            if let Some((id, job)) = self.next_of(class, now) {
                self.give_turn(id, class);
                return Next::Send(job, class);
            }
        }
        self.paced_until().map_or(Next::Idle, Next::WaitUntil)
    }

    fn next_of(&mut self, class: Class, now: Instant) -> Option<(EndpointId, J)> {
        loop {
            let slots = self.slots(class);
            let free = slots.limit.saturating_sub(slots.in_flight);
            if free == 0 {
                return None;
            }
            let id = slots.turns.pop_front()?;
            let Some(line) = self.lines.get_mut(&id) else { continue };
            let in_flight = line.jobs(class).in_flight;
            // A share of what is free, its own included: the scarcer the slots, the fewer one endpoint may hold, so that
            // some are left for whatever comes next.
            let cap = line.cap(class).min(((free + in_flight) / FREE_SHARE).max(1));
            let free_at = line.free_at;
            let per_second = line.per_second;
            let jobs = line.jobs(class);
            jobs.has_turn = false;
            if jobs.in_flight >= cap {
                // The end of one of its attempts gives it a turn again.
                continue;
            }
            // Until its time it stands among the paced lines, and not in the turns, where it would be looked at again and again.
            if let Some(at) = free_at.filter(|at| *at > now && !jobs.waiting.is_empty()) {
                if !self.paced.iter().any(|(_, paced)| *paced == id) {
                    self.paced.push((at, id));
                }
                continue;
            }
            if let Some(job) = jobs.waiting.pop_front() {
                jobs.in_flight += 1;
                line.free_at = per_second.map(|rate| now + Duration::from_secs(1) / rate);
                self.slots(class).in_flight += 1;
                self.waiting -= 1;
                return Some((id, job));
            }
        }
    }

    /// When the first of the lines that wait for their rate limit may go on.
    pub(crate) fn paced_until(&self) -> Option<Instant> {
        self.paced.iter().map(|(at, _)| *at).min()
    }

    /// An attempt is over, of a delivery with a place in a line or without.
    pub(crate) fn finished(
        &mut self,
        id: EndpointId,
        class: Class,
        link: Option<ChainLink>,
        health: EndpointHealth,
        now: Instant,
    ) -> AttemptEnd<J> {
        let slots = self.slots(class);
        slots.in_flight = slots.in_flight.saturating_sub(1);
        let most = self.limits.most.max(1);
        let line = self.line(id);
        let jobs = line.jobs(class);
        jobs.in_flight = jobs.in_flight.saturating_sub(1);
        // As congestion control does it: one more with each success, half of it when the endpoint is overloaded.
        line.limit = match health {
            EndpointHealth::Good => line.limit.saturating_add(1).min(most),
            EndpointHealth::Neutral | EndpointHealth::Bad => line.limit,
            EndpointHealth::Overloaded => (line.limit / 2).max(1),
        };
        line.reach = match health {
            EndpointHealth::Good => (line.reach * 2).clamp(1, MOST_FOLLOWERS),
            EndpointHealth::Neutral | EndpointHealth::Bad | EndpointHealth::Overloaded => 0,
        };
        let (mut evicted, mut free) = (Vec::new(), 0);
        match health {
            EndpointHealth::Good | EndpointHealth::Neutral => line.breaker.close(),
            EndpointHealth::Bad | EndpointHealth::Overloaded => {
                // Left alone from now on: what waits is given back, because in memory it would only hold leases.
                if line.breaker.fail(now) {
                    (evicted, free) = line.drain();
                    line.spilled = true;
                    line.spills += 1;
                }
            }
        }
        // Filled up again before it is empty, and not with every attempt: looking into the database costs a statement.
        let wants_more = line.spilled && !line.breaker.is_open(now) && line.firsts.waiting.len() <= line.limit;
        self.waiting -= free;
        let astray = link.map_or_else(Vec::new, |link| self.answered(id, link, health == EndpointHealth::Good));
        self.give_turns(id);
        AttemptEnd {
            wants_more,
            evicted,
            astray,
        }
    }

    /// Takes out what waits for endpoints that are left alone: it was on its way when that began.
    pub(crate) fn evict(&mut self, now: Instant) -> Vec<J> {
        let mut evicted = Vec::new();
        for line in self.lines.values_mut().filter(|line| line.breaker.is_open(now)) {
            let (jobs, free) = line.drain();
            evicted.extend(jobs);
            self.waiting -= free;
            line.spilled = true;
        }
        evicted
    }

    /// Endpoints that are left alone at this time.
    pub(crate) fn open_breakers(&self, now: Instant) -> usize {
        self.lines.values().filter(|line| line.breaker.is_open(now)).count()
    }

    /// Takes out what waits for endpoints other than these, and forgets the idle ones.
    pub(crate) fn keep_only(&mut self, active: &HashSet<EndpointId>) -> Vec<J> {
        let mut removed = Vec::new();
        for (id, line) in &mut self.lines {
            if !active.contains(id) {
                let (jobs, free) = line.drain();
                removed.extend(jobs);
                self.waiting -= free;
            }
        }
        self.lines.retain(|id, line| active.contains(id) || !line.is_idle());
        removed
    }

    /// Drops what waits and matches; `matches` is asked once or twice of each. Returns what was to follow it: that is to be
    /// given back.
    pub(crate) fn remove(&mut self, mut matches: impl FnMut(&J) -> bool) -> Vec<J> {
        let mut astray = Vec::new();
        for line in self.lines.values_mut() {
            let mut dropped = Vec::new();
            for class in Class::ALL {
                let jobs = line.jobs(class);
                let before = jobs.waiting.len();
                jobs.waiting.retain(|job| {
                    let drop = matches(job);
                    dropped.extend(job.link().filter(|_| drop));
                    !drop
                });
                self.waiting -= before - jobs.waiting.len();
            }
            let before = line.behind;
            astray.extend(line.cut_where(&dropped, &mut matches));
            self.waiting -= before - line.behind;
        }
        astray
    }

    /// Takes out everything that waits, and takes nothing new.
    pub(crate) fn close(&mut self) -> Vec<J> {
        self.closed = true;
        self.keep_only(&HashSet::new())
    }

    /// Attempts in flight: first ones and retries.
    pub(crate) const fn in_flight(&self) -> (usize, usize) {
        (self.firsts.in_flight, self.retries.in_flight)
    }

    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether more is taken in than can be sent at all: many endpoints at once use up the slots, and much waits. A few
    /// slow endpoints cannot bring that about, because none may take more than a share of the slots.
    pub(crate) const fn is_overloaded(&self) -> bool {
        let free = self.firsts.limit.saturating_sub(self.firsts.in_flight);
        free <= self.firsts.limit / SCARCE_SHARE && self.waiting > self.limits.waiting / CROWDED_SHARE
    }

    fn give_turns(&mut self, id: EndpointId) {
        for class in Class::ALL {
            self.give_turn(id, class);
        }
    }

    fn give_turn(&mut self, id: EndpointId, class: Class) {
        if let Some(line) = self.lines.get_mut(&id)
            && !self.paced.iter().any(|(_, paced)| *paced == id)
        {
            let jobs = line.jobs(class);
            if !jobs.has_turn && !jobs.waiting.is_empty() {
                jobs.has_turn = true;
                self.slots(class).turns.push_back(id);
            }
        }
    }
}

#[cfg(test)]
mod tests;
