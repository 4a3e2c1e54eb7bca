//! Requests that belong together: one after the other, until nothing comes for a while.

use super::operation::{Exchange, Operation};
use events::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A cycle is over when nothing came for so long. Identity providers pause within a cycle while they read from their own
/// directory, but for less than this.
pub const SILENCE: Duration = Duration::from_mins(5);
/// What asked for nobody yet is over sooner: an administrator who tests the connection goes on with something else.
const SILENCE_OF_PROBES: Duration = Duration::from_mins(1);
/// A cycle on demand is about one person, or one group of up to five members: it takes no more requests than these.
const MOST_ON_DEMAND: u32 = 16;
/// And no longer than this (Entra: typically less than 30 seconds).
const LONGEST_ON_DEMAND: Duration = Duration::from_mins(2);
/// Searches for a match in what is still a test of the connection: some ask by every matching attribute.
const MOST_TRIED: u32 = 3;

/// How many requests of each kind a cycle has, and how they went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All of them.
    pub requests: u32,
    /// Looks whether anybody answers, discovery and access tokens.
    pub probes: u32,
    /// Searches and reads.
    pub reads: u32,
    /// Users made.
    pub users_created: u32,
    /// Changes of users.
    pub users_updated: u32,
    /// Users deleted.
    pub users_deleted: u32,
    /// Groups made.
    pub groups_created: u32,
    /// Changes of groups.
    pub groups_updated: u32,
    /// Groups deleted.
    pub groups_deleted: u32,
    /// Bulk requests, and what else there is.
    pub others: u32,
    /// Requests that failed, whatever they were about.
    pub failures: u32,
    /// Of those, the ones that were refused for being too many (429).
    pub throttled: u32,
    /// Of those, the ones that the server is at fault for (5xx).
    pub server_errors: u32,
}

impl Counts {
    fn add(&mut self, exchange: &Exchange, times: u32) {
        let add = |count: &mut u32, is: bool| *count = count.saturating_add(if is { times } else { 0 });
        add(&mut self.requests, true);
        let is_failure = exchange.is_failure();
        add(&mut self.failures, is_failure);
        add(&mut self.throttled, is_failure && exchange.status == 429);
        add(&mut self.server_errors, is_failure && exchange.status >= 500);
        let is_done = exchange.status < 400;
        match exchange.operation {
            Operation::Probe | Operation::Discovery | Operation::Token => add(&mut self.probes, true),
            Operation::Find | Operation::Read => add(&mut self.reads, true),
            Operation::CreateUser => add(&mut self.users_created, is_done),
            Operation::UpdateUser => add(&mut self.users_updated, is_done),
            Operation::DeleteUser => add(&mut self.users_deleted, is_done),
            Operation::CreateGroup => add(&mut self.groups_created, is_done),
            Operation::UpdateGroup => add(&mut self.groups_updated, is_done),
            Operation::DeleteGroup => add(&mut self.groups_deleted, is_done),
            Operation::Bulk | Operation::Other => add(&mut self.others, true),
        }
    }

    /// Changes that were made, of users and groups.
    #[must_use]
    pub const fn changes(&self) -> u32 {
        self.users_created
            + self.users_updated
            + self.users_deleted
            + self.groups_created
            + self.groups_updated
            + self.groups_deleted
    }

    /// Requests that were about somebody or something.
    #[must_use]
    pub const fn operations(&self) -> u32 {
        self.requests.saturating_sub(self.probes)
    }
}

/// What a cycle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CycleKind {
    /// Somebody looked whether the connection works.
    ConnectionTest,
    /// Everybody was sent for the first time.
    Initial,
    /// What has changed was sent.
    Incremental,
    /// An administrator sent one person or one group.
    OnDemand,
}

impl CycleKind {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionTest => "connection_test",
            Self::Initial => "initial",
            Self::Incremental => "incremental",
            Self::OnDemand => "on_demand",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::ConnectionTest, Self::Initial, Self::Incremental, Self::OnDemand]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }

    /// Whether the identity provider itself began it, by its clock or because something had changed.
    #[must_use]
    pub const fn is_regular(self) -> bool {
        matches!(self, Self::Initial | Self::Incremental)
    }
}

/// Requests that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// When the first came.
    pub started_at: Timestamp,
    /// When the last came.
    pub last_at: Timestamp,
    /// How many of each kind.
    pub counts: Counts,
}

/// What is known of the cycles before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the initial cycle began.
    pub initial_at: Option<Timestamp>,
    /// When the last one on demand began.
    pub on_demand_at: Option<Timestamp>,
    /// When the last regular one began.
    pub regular_at: Option<Timestamp>,
    /// The time between the starts of two regular ones; `None` where changes are sent as they come.
    pub cadence: Option<Duration>,
}

impl Cycle {
    /// One that begins with this request.
    #[must_use]
    pub fn begin(exchange: &Exchange) -> Self {
        Self::begin_with(exchange, 1)
    }

    /// One that begins with so many requests of one kind, which came within a second.
    #[must_use]
    pub fn begin_with(exchange: &Exchange, times: u32) -> Self {
        let mut cycle = Self {
            started_at: exchange.at,
            last_at: exchange.at,
            counts: Counts::default(),
        };
        cycle.add_all(exchange, times);
        cycle
    }

    /// Takes one more request.
    pub fn add(&mut self, exchange: &Exchange) {
        self.add_all(exchange, 1);
    }

    /// Takes so many more requests of one kind, which came within a second.
    pub fn add_all(&mut self, exchange: &Exchange, times: u32) {
        self.counts.add(exchange, times);
        self.started_at = self.started_at.min(exchange.at);
        self.last_at = self.last_at.max(exchange.at);
    }

    /// When it is over, if nothing more comes.
    #[must_use]
    pub fn over_at(&self) -> Timestamp {
        let silence = match self.counts.operations() {
            0 => SILENCE_OF_PROBES,
            _ => SILENCE,
        };
        self.last_at.plus(silence)
    }

    /// Whether a request at this time belongs to it.
    #[must_use]
    pub fn is_going_on(&self, at: Timestamp) -> bool {
        at < self.over_at()
    }

    /// What it is for, as far as can be told: identity providers do not say.
    ///
    /// A directory's first cycle with more than one person or group is the initial one. A small one is on demand where an identity
    /// provider with a clock of its own is not due yet, and one without any change is a test of the connection where
    /// nothing was synced before or nothing is due.
    #[must_use]
    pub fn kind(&self, standing: &Standing) -> CycleKind {
        let counts = &self.counts;
        let is_due = self.is_due(standing);
        let is_empty = counts.changes() == 0 && counts.others == 0 && counts.failures == 0;
        if is_empty && counts.reads <= MOST_TRIED && !(is_due && standing.initial_at.is_some()) {
            return CycleKind::ConnectionTest;
        }
        let is_small = counts.users_created <= 1
            && counts.groups_created <= 1
            && counts.operations() <= MOST_ON_DEMAND
            && self.last_at.since(self.started_at) <= LONGEST_ON_DEMAND;
        if is_small && standing.cadence.is_some() && !is_due {
            return CycleKind::OnDemand;
        }
        match standing.initial_at {
            None => CycleKind::Initial,
            Some(_) => CycleKind::Incremental,
        }
    }

    /// Whether the identity provider's own clock can have begun it. Where it has none, everything is due.
    fn is_due(&self, standing: &Standing) -> bool {
        let Some(cadence) = standing.cadence else {
            return true;
        };
        let before = standing.regular_at.or(standing.on_demand_at);
        before.is_some_and(|before| self.started_at.since(before) >= cadence * 3 / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cycle, CycleKind, Exchange, Operation, Standing};
    use events::Timestamp;
    use std::time::Duration;

    const START: i64 = 1_800_000_000_000;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(START + minute * 60_000)
    }

    /// A cycle that begins in this minute, with these requests a second apart.
    fn cycle(minute: i64, operations: &[Operation]) -> Cycle {
        let mut exchanges = operations.iter().zip(0..).map(|(operation, second)| Exchange {
            at: at(minute).plus(Duration::from_secs(second)),
            operation: *operation,
            status: 200,
        });
        let mut cycle = Cycle::begin(&exchanges.next().expect("a cycle has requests"));
        exchanges.for_each(|exchange| cycle.add(&exchange));
        cycle
    }

    const PROBE: &[Operation] = &[Operation::Probe];
    const ONE: &[Operation] = &[Operation::Probe, Operation::Find, Operation::CreateUser];
    const MANY: &[Operation] = &[
        Operation::Probe,
        Operation::CreateUser,
        Operation::Find,
        Operation::CreateUser,
    ];

    #[test]
    fn a_cycle_goes_on_until_nothing_comes_for_a_while() {
        let probe = cycle(0, PROBE);
        assert!(probe.is_going_on(at(0)) && !probe.is_going_on(at(1)));
        let many = cycle(0, MANY);
        assert!(many.is_going_on(at(5)) && !many.is_going_on(at(6)));
    }

    #[test]
    fn the_kind_of_a_cycle_follows_from_what_it_does_and_when() {
        let entra = |initial: Option<i64>, regular: Option<i64>| Standing {
            initial_at: initial.map(at),
            regular_at: regular.map(at),
            on_demand_at: None,
            cadence: Some(Duration::from_mins(40)),
        };
        let fresh = entra(None, None);
        assert_eq!(cycle(0, PROBE).kind(&fresh), CycleKind::ConnectionTest);
        assert_eq!(cycle(0, ONE).kind(&fresh), CycleKind::OnDemand);
        assert_eq!(cycle(0, MANY).kind(&fresh), CycleKind::Initial);
        let synced = entra(Some(0), Some(0));
        assert_eq!(cycle(10, PROBE).kind(&synced), CycleKind::ConnectionTest);
        assert_eq!(cycle(10, ONE).kind(&synced), CycleKind::OnDemand);
        assert_eq!(
            cycle(40, PROBE).kind(&synced),
            CycleKind::Incremental,
            "there was nothing to do"
        );
        assert_eq!(cycle(40, ONE).kind(&synced), CycleKind::Incremental);
        assert_eq!(cycle(10, MANY).kind(&synced), CycleKind::Incremental);
    }

    #[test]
    fn a_directory_of_one_person_is_known_by_the_clock() {
        let after_the_first = Standing {
            on_demand_at: Some(at(0)),
            cadence: Some(Duration::from_mins(40)),
            ..Standing::default()
        };
        assert_eq!(cycle(40, ONE).kind(&after_the_first), CycleKind::Initial);
    }

    #[test]
    fn who_sends_changes_as_they_come_has_nothing_on_demand() {
        assert_eq!(cycle(0, ONE).kind(&Standing::default()), CycleKind::Initial);
        let synced = Standing {
            initial_at: Some(at(0)),
            ..Standing::default()
        };
        assert_eq!(cycle(9, ONE).kind(&synced), CycleKind::Incremental);
    }
}
