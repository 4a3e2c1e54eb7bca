//! Chains: what this dispatcher holds of the lines of ordered endpoints.
//!
//! The deliveries about one user or group at an ordered endpoint form a line, and the database lets only its head go. To
//! wait for the database between any two of them would cost several milliseconds each. So those behind the head are leased
//! together with it, by the same dispatcher, and wait here as a chain. When one has succeeded, the next is sent at once,
//! while the record of the success is on its way to the database. These are the cases that the choice has to stand:
//!
//! - **Order.** A delivery is sent only after its receiver has taken the one before it, or after the database says that the one
//!   before it has ended. A chain has no gap: it is taken from the line as it stands in the database, and a new delivery
//!   joins only if the database finds that nothing is between it and the end of the chain.
//! - **Failure.** Any answer but a success ends the chain. What was not sent goes back to the database and waits in line
//!   again behind the one that is repeated, or goes next if that one was the last attempt.
//! - **A crash** loses the records that were on their way. The leases end, and the line is sent again from the first
//!   delivery whose success was not recorded: with the same ids and in the same order. The recorder bounds how many that are.
//! - **Two dispatchers.** A lease is for one dispatcher, for followers too. A delivery of a chain whose lease has run out by
//!   this dispatcher's clock is not sent. When a lease turns out to be lost, the chain ends before that delivery.
//! - **Coalescing endpoints** have no chains: what waits there must stay where a newer update can supersede it.
//! - **Rate limits, breaker, turns.** The next of a chain goes to the end of its endpoint's queue like any other delivery.
//!   What is taken out of the queue, because the endpoint is left alone, switched off or gone, takes its chain along.
//! - **Fairness.** Followers have at most half of an endpoint's places and come only while memory is at most half full, so
//!   that long lines leave room for other users and other endpoints. An endpoint that fails is given none until it has
//!   succeeded again, and then step by step more: leasing and giving back costs the database two writes each.
//! - **Retries** go alone, as long as they take. After their success the line goes on from the database.
//!
//! Pure bookkeeping like the rest of the queue.

use super::{Class, EndpointLine, SendQueue};
use events::{DeliveryId, EndpointId, ResourceId};
use std::collections::VecDeque;
use std::time::Instant;

/// Deliveries of one line that wait behind the one in hand.
pub(crate) const MOST_FOLLOWERS: usize = store::Head::MOST as usize;
/// The same at the beginning, when nothing is known of the endpoint.
pub(super) const FIRST_FOLLOWERS: usize = MOST_FOLLOWERS / 4;
/// Followers have at most this part of an endpoint's places, and of all places.
const BEHIND_SHARE: usize = 2;

/// A delivery and whose line it is in, at its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainLink {
    pub(crate) subject: ResourceId,
    pub(crate) delivery: DeliveryId,
}

/// What may be in a chain.
pub(crate) trait Linked {
    /// Its place; `None` where no order is kept.
    fn link(&self) -> Option<ChainLink>;
}

/// Where a delivery goes that is about to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChainTurn {
    /// It is left to the database.
    Left,
    /// Nothing of its line is in hand: it is sent at once, with a reserved place.
    First,
    /// Behind what is in hand, of which this one is the last that is stored.
    Behind(Option<DeliveryId>),
}

#[derive(Debug)]
pub(super) struct Chain<J> {
    /// Waits for its turn, or is in flight, or is just being stored.
    in_hand: Option<DeliveryId>,
    /// What follows it, in order; without the job while it is just being stored.
    behind: VecDeque<(DeliveryId, Option<J>)>,
    /// The last one that is stored and leased. What joins stands behind it.
    last: Option<DeliveryId>,
    /// Answered, and not recorded yet.
    unrecorded: VecDeque<DeliveryId>,
    /// The line goes on in the database, so nothing may join here.
    is_closed: bool,
}

impl<J> Chain<J> {
    const fn new(in_hand: DeliveryId) -> Self {
        Self {
            in_hand: Some(in_hand),
            behind: VecDeque::new(),
            last: None,
            unrecorded: VecDeque::new(),
            is_closed: false,
        }
    }

    fn is_over(&self) -> bool {
        self.in_hand.is_none() && self.behind.is_empty() && self.unrecorded.is_empty()
    }

    /// Nothing of it waits that is known to be stored.
    fn is_free(&self) -> bool {
        self.in_hand.is_none() && self.behind.iter().all(|(_, job)| job.is_none())
    }

    /// The next to send, if the one before it is out of hand.
    fn advance(&mut self) -> Option<J> {
        if self.in_hand.is_some() || self.behind.front()?.1.is_none() {
            return None;
        }
        let (id, job) = self.behind.pop_front()?;
        self.in_hand = Some(id);
        job
    }

    /// Takes out everything from a place on.
    fn cut(&mut self, from: usize) -> impl Iterator<Item = J> {
        self.is_closed = true;
        self.behind.drain(from..).filter_map(|(_, job)| job)
    }
}

impl<J: Linked> EndpointLine<J> {
    /// Ends all chains; what waits in them.
    pub(super) fn cut_all(&mut self) -> Vec<J> {
        self.behind = 0;
        let cut: Vec<J> = self.chains.values_mut().flat_map(|chain| chain.cut(0)).collect();
        self.forget_chains();
        cut
    }

    /// Ends the chains of these, which were dropped from the queue, and those in which something matches. What matches is
    /// dropped too; returns the rest.
    pub(super) fn cut_where(&mut self, dropped: &[ChainLink], mut matches: impl FnMut(&J) -> bool) -> Vec<J> {
        for link in dropped {
            if let Some(chain) = self.chains.get_mut(&link.subject)
                && chain.in_hand == Some(link.delivery)
            {
                chain.in_hand = None;
                chain.is_closed = true;
            }
        }
        let mut astray = Vec::new();
        for chain in self.chains.values_mut() {
            let (count, headless) = (chain.behind.len(), chain.in_hand.is_none() && chain.is_closed);
            let first = chain
                .behind
                .iter()
                .position(|(_, job)| job.as_ref().is_some_and(&mut matches));
            let from = if headless { Some(0) } else { first };
            if let Some(from) = from {
                astray.extend(chain.cut(from).filter(|job| !matches(job)));
                self.behind -= count - chain.behind.len();
            }
        }
        self.forget_chains();
        astray
    }

    fn forget_chains(&mut self) {
        self.chains.retain(|_, chain| !chain.is_over());
    }

    /// How many more may wait behind others.
    fn room_behind(&self, now: Instant) -> usize {
        if self.breaker.is_open(now) || self.breaker.is_probing(now) {
            return 0;
        }
        (self.places() / BEHIND_SHARE).saturating_sub(self.behind)
    }
}

impl<J: Linked> SendQueue<J> {
    /// Finds a place for a delivery that is about to be stored. Called in the order of the line.
    pub(crate) fn plan(&mut self, id: EndpointId, link: ChainLink, now: Instant) -> ChainTurn {
        let room = self.room_behind(id, now);
        let line = self.line(id);
        let reach = line.reach;
        let Some(chain) = line.chains.get_mut(&link.subject) else {
            if !self.reserve(id, now) {
                return ChainTurn::Left;
            }
            self.line(id).chains.insert(link.subject, Chain::new(link.delivery));
            return ChainTurn::First;
        };
        if chain.is_closed || room == 0 || chain.behind.len() >= reach {
            chain.is_closed = true;
            return ChainTurn::Left;
        }
        chain.behind.push_back((link.delivery, None));
        let after = chain.last;
        line.behind += 1;
        self.waiting += 1;
        ChainTurn::Behind(after)
    }

    /// A planned delivery is stored, and leased if its job is given. Returns the job if its chain has ended meanwhile: then it
    /// must be given back.
    pub(crate) fn stored(&mut self, id: EndpointId, link: ChainLink, job: Option<J>) -> Option<J> {
        let is_first = self
            .chain(id, link)
            .is_some_and(|chain| chain.in_hand == Some(link.delivery));
        if !is_first {
            return self.stored_behind(id, link, job);
        }
        let chain = self.chain(id, link)?;
        if let Some(job) = job {
            chain.last = Some(link.delivery);
            self.push(id, job, Class::First, true);
        } else {
            self.unplan(id, link, true);
        }
        None
    }

    fn stored_behind(&mut self, id: EndpointId, link: ChainLink, job: Option<J>) -> Option<J> {
        let place = |chain: &mut Chain<J>| chain.behind.iter().position(|(id, _)| *id == link.delivery);
        let chain = self.chain(id, link);
        let Some((chain, place)) = chain.and_then(|chain| place(chain).map(|place| (chain, place))) else {
            return job;
        };
        let Some(job) = job else {
            self.unplan(id, link, true);
            return None;
        };
        chain.last = Some(link.delivery);
        if let Some(entry) = chain.behind.get_mut(place) {
            entry.1 = Some(job);
        }
        self.advance(id, link);
        None
    }

    /// A planned delivery is not to be sent from here after all. The chain is closed if the delivery was stored.
    pub(crate) fn unplan(&mut self, id: EndpointId, link: ChainLink, is_stored: bool) {
        let line = self.line(id);
        let Some(chain) = line.chains.get_mut(&link.subject) else {
            return;
        };
        chain.is_closed |= is_stored;
        let before = chain.behind.len();
        chain.behind.retain(|(id, _)| *id != link.delivery);
        let left = before - chain.behind.len();
        let was_first = chain.in_hand == Some(link.delivery);
        if was_first {
            chain.in_hand = None;
        }
        line.behind -= left;
        self.waiting -= left;
        if was_first {
            self.cancel(id);
        }
        self.advance(id, link);
        self.line(id).forget_chains();
    }

    /// How many may be taken along behind a delivery of this line that the database has just handed out, after so many
    /// were granted to others of the endpoint.
    pub(crate) fn reach(&mut self, id: EndpointId, subject: ResourceId, granted: usize, now: Instant) -> usize {
        let room = self.room_behind(id, now).saturating_sub(granted);
        let line = self.line(id);
        let is_free = line.chains.get(&subject).is_none_or(Chain::is_free);
        if is_free { line.reach.min(room) } else { 0 }
    }

    /// Appends a delivery that the database handed out, with what is behind it in its line, which may go on there. Returns
    /// followers that cannot be kept.
    pub(crate) fn push_chain(
        &mut self,
        id: EndpointId,
        job: J,
        class: Class,
        followers: Vec<J>,
        goes_on: bool,
    ) -> Vec<J> {
        let Some(link) = job.link() else {
            self.push(id, job, class, false);
            return followers;
        };
        let line = self.line(id);
        let chain = line
            .chains
            .entry(link.subject)
            .or_insert_with(|| Chain::new(link.delivery));
        let mut astray = followers;
        if chain.is_free() || chain.in_hand == Some(link.delivery) {
            let behind: Vec<_> = std::mem::take(&mut astray)
                .into_iter()
                .filter_map(|job| Some((job.link()?.delivery, Some(job))))
                .collect();
            chain.in_hand = Some(link.delivery);
            chain.last = behind.last().map_or(Some(link.delivery), |(id, _)| Some(*id));
            chain.is_closed = goes_on;
            line.behind += behind.len();
            let count = behind.len();
            // Before what is just being stored, which is behind them in the line.
            for entry in behind.into_iter().rev() {
                chain.behind.push_front(entry);
            }
            self.waiting += count;
        }
        self.push(id, job, class, false);
        astray
    }

    /// Whether this delivery is the last of its line in hand, and the line goes on in the database.
    pub(crate) fn is_waited_for(&mut self, id: EndpointId, link: ChainLink) -> bool {
        self.chain(id, link)
            .is_none_or(|chain| chain.is_closed && chain.behind.is_empty())
    }

    /// A delivery was answered. Its next follower is up after a success; otherwise returns all of them.
    pub(super) fn answered(&mut self, id: EndpointId, link: ChainLink, is_success: bool) -> Vec<J> {
        let line = self.line(id);
        let Some(chain) = line.chains.get_mut(&link.subject) else {
            return Vec::new();
        };
        if chain.in_hand != Some(link.delivery) {
            return Vec::new();
        }
        chain.in_hand = None;
        chain.unrecorded.push_back(link.delivery);
        if is_success {
            self.advance(id, link);
            return Vec::new();
        }
        let count = chain.behind.len();
        let astray: Vec<J> = chain.cut(0).collect();
        line.behind -= count;
        self.waiting -= count;
        astray
    }

    /// What became of a delivery is recorded, or it was given back.
    pub(crate) fn recorded(&mut self, id: EndpointId, link: ChainLink) {
        let line = self.line(id);
        let Some(chain) = line.chains.get_mut(&link.subject) else {
            return;
        };
        if chain.in_hand == Some(link.delivery) {
            chain.in_hand = None;
        }
        // Nearly always the first one.
        if let Some(place) = chain.unrecorded.iter().position(|id| *id == link.delivery) {
            chain.unrecorded.remove(place);
        }
        if chain.is_over() {
            line.chains.remove(&link.subject);
        }
    }

    fn advance(&mut self, id: EndpointId, link: ChainLink) {
        let line = self.line(id);
        if let Some(job) = line.chains.get_mut(&link.subject).and_then(Chain::advance) {
            line.behind -= 1;
            self.waiting -= 1;
            self.push(id, job, Class::First, false);
        }
    }

    fn chain(&mut self, id: EndpointId, link: ChainLink) -> Option<&mut Chain<J>> {
        self.line(id).chains.get_mut(&link.subject)
    }

    fn room_behind(&mut self, id: EndpointId, now: Instant) -> usize {
        if self.closed {
            return 0;
        }
        let all = (self.limits.waiting / BEHIND_SHARE).saturating_sub(self.waiting);
        self.line(id).room_behind(now).min(all)
    }
}

#[cfg(test)]
mod tests;
