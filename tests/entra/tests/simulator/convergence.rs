//! Whatever happens in a tenant and however badly it tells: whoever keeps the rules of delta queries ends with the truth.

use crate::support::World;
use entra::{Bulk, Kind, Presence, Truth};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

const USERS: &str = "/users/delta?$select=displayName,jobTitle,accountEnabled,manager";
const GROUPS: &str = "/groups/delta?$select=displayName,members";
const LAG: u64 = 40;

/// What a client knows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    users: BTreeMap<Uuid, (BTreeMap<String, Value>, Option<Uuid>)>,
    groups: BTreeMap<Uuid, BTreeSet<Uuid>>,
}

fn id(value: &Value) -> Uuid {
    value["id"].as_str().unwrap().parse().unwrap()
}

impl Known {
    /// Takes users as they were told. What is absent stays, and is not there in somebody new.
    fn take_users(&mut self, told: &[Value]) {
        for item in told {
            let user = id(item);
            match item["@removed"]["reason"].as_str() {
                Some("changed") => {
                    self.users.remove(&user);
                }
                Some(_) => {
                    self.users.remove(&user);
                    self.users
                        .values_mut()
                        .filter(|(_, boss)| *boss == Some(user))
                        .for_each(|(_, boss)| *boss = None);
                    self.groups.values_mut().for_each(|members| {
                        members.remove(&user);
                    });
                }
                None => {
                    let (properties, boss) = self.users.entry(user).or_default();
                    for (name, value) in item.as_object().unwrap().iter().filter(|(name, _)| !name.contains('@')) {
                        properties.insert(name.clone(), value.clone());
                    }
                    properties.retain(|_, value| !value.is_null());
                    for manager in item["manager@delta"].as_array().into_iter().flatten() {
                        *boss = manager.get("@removed").is_none().then(|| id(manager));
                    }
                }
            }
        }
    }

    fn take_groups(&mut self, told: &[Value]) {
        for item in told {
            if item.get("@removed").is_some() {
                self.groups.remove(&id(item));
                continue;
            }
            let members = self.groups.entry(id(item)).or_default();
            for member in item["members@delta"].as_array().into_iter().flatten() {
                if member.get("@removed").is_some() {
                    members.remove(&id(member));
                } else {
                    members.insert(id(member));
                }
            }
        }
    }

    /// What there is to know.
    fn of(truth: &Truth) -> Self {
        let selected = ["id", "displayName", "jobTitle", "accountEnabled"];
        let users = truth
            .users
            .iter()
            .filter(|user| user.presence == Presence::Live)
            .map(|user| {
                let own = user
                    .properties
                    .iter()
                    .filter(|(name, _)| selected.contains(&name.as_str()));
                let mut properties: BTreeMap<String, Value> =
                    own.map(|(name, value)| (name.clone(), value.clone())).collect();
                properties.insert("id".to_owned(), json!(user.id));
                (user.id, (properties, user.manager))
            });
        let groups = truth.groups.iter().filter(|group| group.presence == Presence::Live);
        Self {
            users: users.collect(),
            groups: groups
                .map(|group| (group.id, group.members.iter().copied().collect()))
                .collect(),
        }
    }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

/// Something happens.
fn happen(world: &World, dice: &mut Dice) {
    let truth = world.tenant.truth().unwrap();
    let of = |presence| -> Vec<Uuid> {
        let those = truth.users.iter().filter(|user| user.presence == presence);
        those.map(|user| user.id).collect()
    };
    let (live, deleted) = (of(Presence::Live), of(Presence::Deleted));
    let groups: Vec<Uuid> = truth
        .groups
        .iter()
        .filter(|group| group.presence == Presence::Live)
        .map(|group| group.id)
        .collect();
    let user = dice.one(&live);
    let tenant = &world.tenant;
    match dice.roll(12) {
        0 => drop(
            tenant
                .user(json!({ "displayName": format!("New {}", dice.roll(1_000)) }))
                .unwrap(),
        ),
        1 | 2 => tenant
            .update_user(user, json!({ "jobTitle": format!("Job {}", dice.roll(9)) }))
            .unwrap(),
        3 => tenant.update_user(user, json!({ "jobTitle": null })).unwrap(),
        4 => tenant
            .update_user(user, json!({ "accountEnabled": dice.roll(2) == 0 }))
            .unwrap(),
        5 => tenant.set_manager(user, Some(dice.one(&live))).unwrap(),
        6 => tenant.set_manager(user, None).unwrap(),
        7 if live.len() > 10 => tenant.delete(Kind::User, user).unwrap(),
        8 if !deleted.is_empty() => tenant.restore(Kind::User, dice.one(&deleted)).unwrap(),
        9 if !deleted.is_empty() => tenant.purge(Kind::User, dice.one(&deleted)).unwrap(),
        10 if !groups.is_empty() => tenant.add_members(dice.one(&groups), &[user, dice.one(&live)]).unwrap(),
        11 if !groups.is_empty() => {
            let group = truth.groups.iter().find(|group| group.id == groups[0]).unwrap();
            let gone: Vec<Uuid> = group.members.iter().copied().take(dice.roll(4)).collect();
            tenant.remove_members(group.id, &gone).unwrap();
        }
        _ => {
            let group = tenant.group(json!({ "displayName": "Another" })).unwrap();
            tenant.add_members(group, &[user]).unwrap();
        }
    }
}

async fn follow(seed: u64) {
    let (world, mut dice, mut known) = (World::start().await, Dice(seed), Known::default());
    world
        .tenant
        .bulk(Bulk {
            users: 60,
            groups: 4,
            members: 25,
            managers: true,
        })
        .unwrap();
    world
        .tenant
        .behave(|tenant| {
            (tenant.page_size, tenant.member_page_size) = (7, 10);
            (tenant.empty_pages, tenant.duplicates, tenant.replays) = (0.2, 0.2, 0.1);
            (tenant.shuffled, tenant.lag_seconds) = (seed.is_multiple_of(2), LAG);
            tenant.purge_unmentioned = seed.is_multiple_of(3);
        })
        .unwrap();
    world.entra.advance(Duration::from_secs(LAG + 1));
    let (mut users, mut groups) = (USERS.to_owned(), GROUPS.to_owned());
    for _ in 0..8 {
        for _ in 0..12 {
            happen(&world, &mut dice);
            world.entra.advance(Duration::from_secs(dice.roll(8) as u64));
        }
        let round = world.round(&users).await;
        known.take_users(&round.told);
        users = round.link;
        let round = world.round(&groups).await;
        known.take_groups(&round.told);
        groups = round.link;
    }
    world.entra.advance(Duration::from_secs(LAG + 1));
    // Who is purged is told by users alone, so groups come first here.
    known.take_groups(&world.round(&groups).await.told);
    known.take_users(&world.round(&users).await.told);
    assert_eq!(known, Known::of(&world.tenant.truth().unwrap()), "with seed {seed}");
}

#[tokio::test]
async fn a_client_that_keeps_the_rules_ends_with_the_truth() {
    for seed in 1..=6 {
        follow(seed).await;
    }
}
