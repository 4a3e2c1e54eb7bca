//! The mass-change brake: whether one more active user may go.
//!
//! A mistake in the identity provider's scope or mapping deactivates a whole company within minutes, and every app
//! follows. So when more than a share of a directory's active users would be deactivated or deleted within a few minutes,
//! the directory is *held*: further deactivations and deletions are refused until an administrator has looked, and all
//! other changes go on. Users that the directory got a short while ago are no concern of the brake: a person who tries the product,
//! or tests it, creates a dozen people and deletes them again. Pure: counts come in, a decision and new counts come out.

use crate::refusal::Refusal;
use events::{Command, DirectoryId, ResourceKind, Timestamp, Verb};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// How the brake of a directory is set: the member `mass_change_brake` of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrakeSettings {
    /// Whether there is a brake at all.
    pub enabled: bool,
    /// The share of the active users that may go within the window, in percent.
    pub percent: u8,
    /// So many may always go, however few users there are.
    pub minimum: u32,
    /// The length of the window, in minutes.
    pub window_minutes: u32,
    /// Users that were created less than so many hours ago may always go, and are not counted; 0 counts everybody.
    pub new_user_hours: u32,
}

impl Default for BrakeSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            percent: 20,
            minimum: 10,
            window_minutes: 10,
            new_user_hours: 24,
        }
    }
}

impl BrakeSettings {
    /// The longest window: removals are counted for no longer than this.
    pub const LONGEST_WINDOW: Duration = Duration::from_hours(24);

    /// The window.
    #[must_use]
    pub fn window(&self) -> Duration {
        Duration::from_mins(u64::from(self.window_minutes)).min(Self::LONGEST_WINDOW)
    }

    /// Whether a user created then is too new to count.
    fn spares(&self, created_at: Timestamp, now: Timestamp) -> bool {
        now.since(created_at) < Duration::from_hours(u64::from(self.new_user_hours))
    }

    /// How many of so many active users may go within the window.
    #[must_use]
    pub fn allowed(&self, active: u64) -> u64 {
        let share = u128::from(active) * u128::from(self.percent) / 100;
        u64::try_from(share).unwrap_or(u64::MAX).max(u64::from(self.minimum))
    }
}

/// Whether a command could deactivate or delete a user: only then the brake has to be asked. Says yes too often rather than
/// too seldom.
#[must_use]
pub fn may_take_away(command: &Command) -> bool {
    if command.kind != ResourceKind::User {
        return false;
    }
    match &command.verb {
        Verb::Create(_) => false,
        Verb::Replace(attributes) => attributes.get("active") != Some(&Value::Bool(true)),
        Verb::Patch(body) => mentions_active(body),
        Verb::Delete => true,
    }
}

fn mentions_active(value: &Value) -> bool {
    let named = |text: &str| text.to_ascii_lowercase().contains("active");
    match value {
        Value::String(text) => named(text),
        Value::Array(values) => values.iter().any(mentions_active),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| named(name) || mentions_active(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What is known of a directory before a batch is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrakeFacts {
    /// Since when the directory is held.
    pub held_at: Option<Timestamp>,
    /// Until when an administrator lets everything through.
    pub released_until: Option<Timestamp>,
    /// Active users that were deactivated or deleted within the window.
    pub removed: u64,
    /// Active users now.
    pub active: u64,
}

/// What a batch did to the brake; to be stored with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrakeWrites {
    /// Active users that went with this batch, and count.
    pub removed: u64,
    /// Whether the directory is held from now on.
    pub held: bool,
}

/// Why a directory was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HoldReason {
    /// Active users that went within the window, without the one that was refused.
    pub removed: u64,
    /// The most that may go.
    pub allowed: u64,
    /// Active users at the beginning of the window.
    pub active_users: u64,
    /// The length of the window, in minutes.
    pub window_minutes: u32,
}

/// The brake of one directory during one batch.
#[derive(Clone, Debug)]
pub(crate) struct Brake {
    directory: DirectoryId,
    settings: BrakeSettings,
    facts: BrakeFacts,
    now: Timestamp,
    writes: BrakeWrites,
    news: Option<HoldReason>,
}

/// A user whose deactivation or deletion is asked for, as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Departure {
    /// Only an active user counts; an inactive one goes no more either while the directory is held.
    pub(crate) is_active: bool,
    /// Since when the directory has the user.
    pub(crate) created_at: Timestamp,
}

impl Brake {
    pub(crate) fn new(directory: DirectoryId, settings: BrakeSettings, facts: BrakeFacts, now: Timestamp) -> Self {
        Self {
            directory,
            settings,
            facts,
            now,
            writes: BrakeWrites::default(),
            news: None,
        }
    }

    /// One that lets everything through.
    pub(crate) fn off(directory: DirectoryId) -> Self {
        let settings = BrakeSettings {
            enabled: false,
            ..BrakeSettings::default()
        };
        Self::new(directory, settings, BrakeFacts::default(), Timestamp::from_millis(0))
    }

    /// Lets a user go, and counts it; or refuses.
    ///
    /// # Errors
    /// 503 while the directory is held, and for the one that goes too far: that one holds it.
    pub(crate) fn pass(&mut self, who: Departure) -> Result<(), Refusal> {
        let is_released = self.facts.released_until.is_some_and(|until| self.now < until);
        if !self.settings.enabled || is_released || self.settings.spares(who.created_at, self.now) {
            return Ok(());
        }
        if self.is_held() {
            return Err(self.refusal());
        }
        if !who.is_active {
            return Ok(());
        }
        let counts = self.counts();
        if counts.removed >= counts.allowed {
            self.writes.held = true;
            self.news = Some(counts);
            return Err(self.refusal());
        }
        self.writes.removed += 1;
        Ok(())
    }

    pub(crate) const fn is_held(&self) -> bool {
        self.writes.held || self.facts.held_at.is_some()
    }

    /// Why the directory was held just now; given once.
    pub(crate) fn take_news(&mut self) -> Option<HoldReason> {
        self.news.take()
    }

    pub(crate) const fn writes(&self) -> BrakeWrites {
        self.writes
    }

    fn counts(&self) -> HoldReason {
        // Those that went are not among the active any more: together they are those at the beginning.
        let active_users = self.facts.active + self.facts.removed;
        HoldReason {
            removed: self.facts.removed + self.writes.removed,
            allowed: self.settings.allowed(active_users),
            active_users,
            window_minutes: self.settings.window_minutes,
        }
    }

    fn refusal(&self) -> Refusal {
        let HoldReason {
            removed,
            allowed,
            active_users,
            window_minutes,
        } = self.counts();
        let BrakeSettings { percent, minimum, .. } = self.settings;
        Refusal::status(
            503,
            format!(
                "nothing was changed: this directory is held. {removed} of its {active_users} active users were deactivated \
                 or deleted within {window_minutes} minutes, and no more than {allowed} may be ({percent} %, or {minimum} \
                 where that is more); other changes go on. Check the scope and the mappings of the identity provider. An \
                 administrator then releases the directory with POST /api/v1/directories/{}/release, or with Release on its \
                 page where the portal is installed, and the same request goes through",
                self.directory
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minute: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000_000).plus(Duration::from_mins(minute))
    }

    fn brake_with(settings: BrakeSettings, facts: BrakeFacts, now: Timestamp) -> Brake {
        Brake::new(DirectoryId::new(), settings, facts, now)
    }

    fn brake(facts: BrakeFacts) -> Brake {
        brake_with(BrakeSettings::default(), facts, at(0))
    }

    /// A user of long standing.
    fn user(is_active: bool) -> Departure {
        let created_at = at(0).minus(Duration::from_hours(24 * 365));
        Departure { is_active, created_at }
    }

    fn facts(active: u64, removed: u64) -> BrakeFacts {
        BrakeFacts {
            active,
            removed,
            ..BrakeFacts::default()
        }
    }

    #[test]
    fn of_a_hundred_users_twenty_may_go_and_the_twenty_first_holds_the_directory() {
        let mut brake = brake(facts(100, 0));
        assert!((0..20).all(|_| brake.pass(user(true)).is_ok()));
        assert_eq!(brake.pass(user(true)).unwrap_err().status, 503);
        let held = HoldReason {
            removed: 20,
            allowed: 20,
            active_users: 100,
            window_minutes: 10,
        };
        assert_eq!((brake.take_news(), brake.take_news()), (Some(held), None));
        assert!(brake.pass(user(false)).is_err(), "nor does an inactive user go now");
        assert_eq!(
            brake.writes(),
            BrakeWrites {
                removed: 20,
                held: true
            }
        );
    }

    #[test]
    fn what_a_directory_of_few_users_does_is_no_mass_change() {
        let mut brake = brake(facts(10, 0));
        assert!((0..10).all(|_| brake.pass(user(true)).is_ok()));
    }

    #[test]
    fn users_of_the_last_day_go_uncounted_even_while_the_directory_is_held() {
        let settings = BrakeSettings::default();
        let created = |minutes: u64| Departure {
            is_active: true,
            created_at: at(0).minus(Duration::from_mins(minutes)),
        };
        let mut brake = brake(facts(100, 0));
        assert!((0..100).all(|_| brake.pass(created(24 * 60 - 1)).is_ok()));
        assert_eq!(brake.writes(), BrakeWrites::default());
        assert!((0..20).all(|_| brake.pass(created(24 * 60)).is_ok()));
        assert!(brake.pass(created(24 * 60)).is_err(), "a day old is old");
        assert!(brake.pass(created(5)).is_ok());

        let everybody = BrakeSettings {
            new_user_hours: 0,
            ..settings
        };
        let mut strict = brake_with(everybody, facts(0, 10), at(0));
        assert!(strict.pass(created(0)).is_err(), "0 counts everybody");
    }

    #[test]
    fn the_refusal_says_how_many_the_limit_and_both_ways_to_release() {
        let directory = DirectoryId::new();
        let mut brake = Brake::new(directory, BrakeSettings::default(), facts(80, 20), at(0));
        let detail = brake.pass(user(true)).unwrap_err().detail;
        let release = format!("POST /api/v1/directories/{directory}/release");
        for part in [
            "20 of its 100 active users",
            "within 10 minutes",
            "no more than 20",
            &release,
            "portal",
        ] {
            assert!(detail.contains(part), "{part}: {detail}");
        }
    }

    #[test]
    fn a_directory_that_is_held_is_held_without_news() {
        let mut brake = brake(BrakeFacts {
            held_at: Some(at(0)),
            ..facts(1_000, 0)
        });
        assert!(brake.pass(user(true)).is_err());
        assert_eq!((brake.take_news(), brake.writes()), (None, BrakeWrites::default()));
    }

    #[test]
    fn a_release_lets_everything_through_until_it_ends_and_counts_nothing() {
        let released = BrakeFacts {
            released_until: Some(at(60)),
            ..facts(80, 20)
        };
        let mut during = brake_with(BrakeSettings::default(), released, at(59));
        assert!((0..100).all(|_| during.pass(user(true)).is_ok()));
        assert_eq!(during.writes(), BrakeWrites::default());
        assert!(
            brake_with(BrakeSettings::default(), released, at(60))
                .pass(user(true))
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn no_sequence_of_batches_lets_more_go_than_allowed_and_none_is_stopped_before(
            active in 0_u64..2_000,
            percent in 0_u8..=100,
            minimum in 0_u32..50,
            batches in proptest::collection::vec(1_usize..80, 1..40),
        ) {
            let settings = BrakeSettings { percent, minimum, ..BrakeSettings::default() };
            let allowed = settings.allowed(active);
            let (mut known, mut gone, mut asked) = (facts(active, 0), 0_u64, 0_u64);
            for size in batches {
                let mut brake = brake_with(settings, known, at(0));
                for _ in 0..size {
                    if gone == active {
                        break;
                    }
                    asked += 1;
                    let passed = brake.pass(user(true)).is_ok();
                    prop_assert_eq!(passed, asked <= allowed, "the decision does not depend on how they are batched");
                    gone += u64::from(passed);
                }
                let writes = brake.writes();
                known.active -= writes.removed;
                known.removed += writes.removed;
                if writes.held {
                    prop_assert!(brake.take_news().is_some());
                    known.held_at = Some(at(0));
                }
                prop_assert_eq!(known.removed, gone);
            }
            prop_assert!(gone <= allowed);
            prop_assert_eq!(known.held_at.is_some(), asked > allowed);
        }

        #[test]
        fn a_brake_that_is_off_never_refuses(active in any::<u32>(), removed in any::<u32>()) {
            let settings = BrakeSettings { enabled: false, ..BrakeSettings::default() };
            let known = BrakeFacts { held_at: Some(at(0)), ..facts(active.into(), removed.into()) };
            prop_assert!(brake_with(settings, known, at(0)).pass(user(true)).is_ok());
        }
    }
}
