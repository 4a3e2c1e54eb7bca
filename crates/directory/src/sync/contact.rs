//! What is remembered of an identity provider from one request to the next.

use super::cadence::{SILENT_AFTER, expected};
use super::cycle::{Cycle, CycleKind, Standing};
use super::operation::Exchange;
use events::Timestamp;
use std::time::Duration;

/// A key that was used after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedKey {
    /// When it ended: it expired or was revoked.
    pub ended_at: Timestamp,
    /// When it was last used since.
    pub seen_at: Timestamp,
}

/// When an identity provider was in contact, and how it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The last request of somebody who proved who they are.
    pub last_at: Option<Timestamp>,
    /// The last one that was answered well.
    pub good_at: Option<Timestamp>,
    /// The last one that changed a user.
    pub users_at: Option<Timestamp>,
    /// The last one that changed a group.
    pub groups_at: Option<Timestamp>,
    /// When the initial cycle began.
    pub initial_at: Option<Timestamp>,
    /// When the last regular cycle began.
    pub regular_at: Option<Timestamp>,
    /// When the last cycle on demand began.
    pub on_demand_at: Option<Timestamp>,
    /// The time between the starts of two regular cycles, once it was observed.
    pub cadence: Option<Duration>,
    /// When the directory counts as silent, if nothing comes before.
    pub silent_at: Option<Timestamp>,
    /// When its silence was announced.
    pub silenced_at: Option<Timestamp>,
    /// A key that was used after its end, since the last good request.
    pub ended_key: Option<EndedKey>,
    /// Requests without a good key since the last good one. Anybody can send them.
    pub strangers: u32,
    /// The last of those.
    pub stranger_at: Option<Timestamp>,
}

impl Contact {
    /// Takes one request of somebody who proved who they are.
    pub fn add(&mut self, exchange: &Exchange, provider: &str) {
        let at = |known: Option<Timestamp>| known.max(Some(exchange.at));
        self.last_at = at(self.last_at);
        self.silenced_at = None;
        if exchange.status < 400 {
            self.good_at = at(self.good_at);
            self.ended_key = None;
            self.strangers = 0;
            if exchange.operation.is_about_users() {
                self.users_at = at(self.users_at);
            }
            if exchange.operation.is_about_groups() {
                self.groups_at = at(self.groups_at);
            }
        }
        self.expect(provider);
    }

    /// Takes requests of strangers.
    pub fn add_strangers(&mut self, count: u32, at: Timestamp) {
        self.strangers = self.strangers.saturating_add(count);
        self.stranger_at = self.stranger_at.max(Some(at));
    }

    /// Takes a cycle that is over; `starts` are those of the last regular ones with this one, the newest first.
    pub fn close(&mut self, cycle: &Cycle, kind: CycleKind, starts: &[Timestamp], provider: &str) {
        match kind {
            CycleKind::ConnectionTest => return,
            CycleKind::OnDemand => self.on_demand_at = self.on_demand_at.max(Some(cycle.started_at)),
            CycleKind::Initial | CycleKind::Incremental => {
                self.initial_at = self.initial_at.or(Some(cycle.started_at));
                self.regular_at = self.regular_at.max(Some(cycle.started_at));
                self.cadence = super::observed(provider, starts).or(self.cadence);
            }
        }
        self.expect(provider);
    }

    /// Silence begins a few cycles after the last contact, once there was a cycle.
    fn expect(&mut self, provider: &str) {
        self.silent_at = match (self.last_at, self.regular_at, expected(provider, self.cadence)) {
            (Some(last), Some(_), Some(cadence)) => Some(last.plus(cadence * SILENT_AFTER)),
            _ => None,
        };
    }

    /// When the next cycle is expected.
    #[must_use]
    pub fn next_at(&self, provider: &str) -> Option<Timestamp> {
        Some(self.regular_at?.plus(expected(provider, self.cadence)?))
    }

    /// What the kind of the next cycle follows from.
    #[must_use]
    pub fn standing(&self, provider: &str) -> Standing {
        Standing {
            initial_at: self.initial_at,
            on_demand_at: self.on_demand_at,
            regular_at: self.regular_at,
            cadence: expected(provider, self.cadence),
        }
    }
}
