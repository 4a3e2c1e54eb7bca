//! Whatever happens in a tenant, and however badly Graph answers: at rest the directory is as the tenant is, and nobody was put
//! out who was not.
//!
//! `ROLLCALL_TEST_HISTORIES` is how many histories there are (200 by default), `ROLLCALL_TEST_SEED` the first one's seed.

use crate::world::{Pulled, World, said};
use entra::{Action, Expired, Fault, Kind, Presence, RetryAfter, Truth};
use events::EventType;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use store::Dialect;
use uuid::Uuid;

/// Histories that go on side by side.
const SIDE_BY_SIDE: usize = 20;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, some: &[T]) -> Option<T> {
        (!some.is_empty()).then(|| some[self.below(some.len())])
    }
}

struct History<'w> {
    world: &'w World,
    of: Pulled,
    dice: Dice,
    seed: u64,
    /// Makes names that nobody has.
    names: usize,
    /// Everybody who was ever disabled or deleted.
    ended: BTreeSet<Uuid>,
}

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn at_rest_a_directory_is_as_its_tenant_is_whatever_happened() {
    let (histories, first) = (
        variable("ROLLCALL_TEST_HISTORIES", 200),
        variable("ROLLCALL_TEST_SEED", 1),
    );
    let seeds: Vec<u64> = (first..first + histories).collect();
    for some in seeds.chunks(SIDE_BY_SIDE) {
        let world = World::seeded(Dialect::Sqlite, some[0]).await;
        side_by_side(&world, some).await;
        assert!(
            world.entra.requests().broken.is_empty(),
            "{:?}",
            world.entra.requests().broken
        );
        world.stop().await;
    }
}

/// Histories of tenants that one process pulls at the same time.
async fn side_by_side(world: &World, seeds: &[u64]) {
    let mut all = Vec::new();
    for seed in seeds {
        all.push(History::begin(world, *seed).await);
    }
    let mut dice = Dice(seeds[0]);
    for _ in 0..4 {
        all.iter_mut().for_each(History::goes_on);
        if dice.one_in(4) {
            world.entra.advance(Duration::from_hours(24 * 8));
        }
        rounds(world, &all).await;
    }
    // At rest: nothing goes wrong, what lags has been shown, and what waits for a later round has had one.
    for history in &all {
        history.of.tenant.clear_faults().unwrap();
    }
    for _ in 0..3 {
        world.entra.advance(Duration::from_hours(2));
        rounds(world, &all).await;
    }
    let mut before = Vec::new();
    for history in &all {
        before.push(history.is_at_rest().await);
    }
    rounds(world, &all).await;
    for (history, before) in all.iter().zip(before) {
        assert_eq!(
            world.types(&history.of).await.len(),
            before,
            "history {}: a round that brings nothing says nothing",
            history.seed
        );
    }
}

async fn rounds(world: &World, all: &[History<'_>]) {
    for history in all {
        world.ask(&history.of).await;
    }
    world.sync.settle().await.unwrap();
}

impl<'w> History<'w> {
    async fn begin(world: &'w World, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let of = world.pulled(&json!({ "scope": "all", "interval_seconds": 900 })).await;
        of.tenant
            .behave(|how| {
                how.page_size = 1 + u32::try_from(dice.below(7)).unwrap();
                how.member_page_size = 1 + u32::try_from(dice.below(4)).unwrap();
                how.empty_pages = if dice.one_in(3) { 0.3 } else { 0.0 };
                how.duplicates = if dice.one_in(2) { 0.3 } else { 0.0 };
                how.replays = if dice.one_in(2) { 0.3 } else { 0.0 };
                how.shuffled = dice.one_in(2);
                how.lag_seconds = if dice.one_in(3) { 120 } else { 0 };
                how.half_filled = if dice.one_in(2) { 0.5 } else { 0.0 };
                how.removed_in_first_round = dice.one_in(2);
                how.purge_unmentioned = dice.one_in(2);
                how.expired = [Expired::Location, Expired::NoLocation, Expired::SteadyState][dice.below(3)];
            })
            .unwrap();
        Self {
            world,
            of,
            dice,
            seed,
            names: 0,
            ended: BTreeSet::new(),
        }
    }

    /// Some things happen, and some requests may go wrong.
    fn goes_on(&mut self) {
        for _ in 0..=self.dice.below(12) {
            self.happens();
        }
        if self.dice.one_in(3) {
            self.goes_wrong();
        }
    }

    /// Compares the directory with the tenant. How many events it has.
    async fn is_at_rest(&self) -> usize {
        eprintln!("history {}", self.seed);
        let pull = self.world.pull(&self.of).await;
        assert_eq!(
            (pull.failures, pull.progress),
            (0, None),
            "the last round is over: {:?}",
            pull.last_error
        );
        self.world.assert_same(&self.of).await;
        self.nobody_was_put_out().await;
        self.world.types(&self.of).await.len()
    }

    async fn nobody_was_put_out(&self) {
        for event in self.world.log(&self.of).await {
            if !matches!(event.kind, EventType::UserDeactivated | EventType::UserDeleted) {
                continue;
            }
            let said = said(&event);
            let who: Uuid = said["data"]["user"]["external_id"].as_str().unwrap().parse().unwrap();
            assert!(self.ended.contains(&who), "{who} was put out: {:?}", event.kind);
        }
    }

    fn truth(&self) -> Truth {
        self.of.tenant.truth().unwrap()
    }

    fn users(&self, presence: Presence) -> Vec<Uuid> {
        let all = self.truth().users.into_iter();
        all.filter(|user| user.presence == presence)
            .map(|user| user.id)
            .collect()
    }

    fn groups(&self, presence: Presence) -> Vec<Uuid> {
        let all = self.truth().groups.into_iter();
        all.filter(|group| group.presence == presence)
            .map(|group| group.id)
            .collect()
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("name{}@fabrikam.example", self.names)
    }

    /// One thing happens in the tenant.
    fn happens(&mut self) {
        let tenant = self.of.tenant.clone();
        let (live, groups) = (self.users(Presence::Live), self.groups(Presence::Live));
        match self.dice.below(20) {
            0..=4 => {
                let name = self.name();
                let title = self.dice.one_in(2).then(|| format!("Title {}", self.names));
                tenant
                    .user(json!({ "userPrincipalName": name, "displayName": name, "jobTitle": title, "mail": name }))
                    .unwrap();
            }
            5..=6 => {
                if let Some(user) = self.dice.pick(&live) {
                    let value = self.dice.one_in(3).then(|| format!("Value {}", self.dice.below(50)));
                    let name = ["jobTitle", "department", "givenName", "surname", "mail"][self.dice.below(5)];
                    tenant.update_user(user, json!({ name: value })).unwrap();
                }
            }
            7 => {
                if let (Some(one), Some(other)) = (self.dice.pick(&live), self.dice.pick(&live)) {
                    self.swap(one, other);
                }
            }
            8 => {
                if let Some(user) = self.dice.pick(&live) {
                    let name = self.name();
                    tenant.update_user(user, json!({ "userPrincipalName": name })).unwrap();
                }
            }
            9 => {
                if let Some(user) = self.dice.pick(&live) {
                    let enabled = self.dice.one_in(2);
                    if !enabled {
                        self.ended.insert(user);
                    }
                    tenant.update_user(user, json!({ "accountEnabled": enabled })).unwrap();
                }
            }
            10 => {
                if let Some(user) = self.dice.pick(&live) {
                    self.ended.insert(user);
                    tenant.delete(Kind::User, user).unwrap();
                }
            }
            11 => {
                let deleted = self.users(Presence::Deleted);
                if let Some(user) = self.dice.pick(&deleted) {
                    tenant.restore(Kind::User, user).unwrap();
                }
            }
            12 => {
                let deleted = self.users(Presence::Deleted);
                if let Some(user) = self.dice.pick(&deleted) {
                    tenant.purge(Kind::User, user).unwrap();
                }
            }
            13..=14 => {
                self.names += 1;
                let types = if self.dice.one_in(2) {
                    json!(["Unified"])
                } else {
                    json!([])
                };
                let name = format!("Group {}", self.names);
                tenant
                    .group(json!({ "displayName": name, "groupTypes": types }))
                    .unwrap();
            }
            15 => {
                if let Some(group) = self.dice.pick(&groups) {
                    self.names += 1;
                    tenant
                        .update_group(group, json!({ "displayName": format!("Group {}", self.names) }))
                        .unwrap();
                }
            }
            16..=17 => self.members(&live, &groups),
            18 => {
                if let Some(user) = self.dice.pick(&live) {
                    let manager = if self.dice.one_in(3) {
                        None
                    } else {
                        self.dice.pick(&live)
                    };
                    tenant
                        .set_manager(user, manager.filter(|manager| *manager != user))
                        .unwrap();
                }
            }
            _ => self.end_of_group(&groups),
        }
    }

    fn swap(&self, one: Uuid, other: Uuid) {
        let truth = self.truth();
        let name =
            |id: Uuid| truth.users.iter().find(|user| user.id == id).unwrap().properties["userPrincipalName"].clone();
        self.of
            .tenant
            .update_user(one, json!({ "userPrincipalName": name(other) }))
            .unwrap();
        self.of
            .tenant
            .update_user(other, json!({ "userPrincipalName": name(one) }))
            .unwrap();
    }

    fn members(&mut self, live: &[Uuid], groups: &[Uuid]) {
        let Some(group) = self.dice.pick(groups) else { return };
        let mut some: Vec<Uuid> = (0..5).filter_map(|_| self.dice.pick(live)).collect();
        some.extend(self.dice.pick(groups).filter(|other| *other != group));
        some.sort_unstable();
        some.dedup();
        if self.dice.one_in(3) {
            self.of.tenant.remove_members(group, &some).unwrap();
        } else {
            self.of.tenant.add_members(group, &some).unwrap();
        }
    }

    fn end_of_group(&mut self, groups: &[Uuid]) {
        let deleted = self.groups(Presence::Deleted);
        match (self.dice.below(3), self.dice.pick(&deleted), self.dice.pick(groups)) {
            (0, Some(group), _) => self.of.tenant.restore(Kind::Group, group).unwrap(),
            (1, Some(group), _) => self.of.tenant.purge(Kind::Group, group).unwrap(),
            (_, _, Some(group)) => self.of.tenant.delete(Kind::Group, group).unwrap(),
            _ => {}
        }
    }

    /// Some of the next requests go wrong.
    fn goes_wrong(&mut self) {
        let action = match self.dice.below(8) {
            0 => Action::Throttle {
                retry_after: RetryAfter::Seconds(30),
            },
            1 => Action::Throttle {
                retry_after: RetryAfter::Seconds(3_600),
            },
            2 => Action::Status {
                status: 503,
                retry_after: RetryAfter::None,
            },
            3 => Action::Truncate,
            4 => Action::Reset,
            5 => Action::Html { status: 200 },
            6 => Action::Gone {
                location: self.dice.one_in(2),
            },
            _ => Action::Unauthorized,
        };
        let path = ["", "/users/delta", "/groups/delta"][self.dice.below(3)];
        let is_gone = matches!(action, Action::Gone { .. });
        let mut fault = Fault::new(action).at(if is_gone { "/users/delta" } else { path });
        fault = fault.next(if is_gone {
            1
        } else {
            1 + u32::try_from(self.dice.below(8)).unwrap()
        });
        if is_gone {
            fault = fault.asking("token");
        }
        self.of.tenant.fault(fault).unwrap();
    }
}
