//! What commands do to a directory, and what they announce, without a database.

#![allow(clippy::needless_pass_by_value, reason = "bodies are written where they are passed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

use directory::{AppliedCommand, DirectoryRows, Needs, Policy};
use events::{Command, CommandId, DirectoryId, EventType, OrganizationId, Outcome, ResourceId, ResourceKind, Source};
use events::{Timestamp, Verb};
use serde_json::{Map, Value, json};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A directory kept in memory from one command to the next.
struct World {
    directory: DirectoryRows,
    clock: i64,
}

impl World {
    fn new() -> Self {
        let directory = DirectoryRows::new(
            DirectoryId::new(),
            OrganizationId::new(),
            Policy::default(),
            &Needs::default(),
        );
        Self {
            directory,
            clock: 1_000,
        }
    }

    fn apply(&mut self, kind: ResourceKind, id: ResourceId, verb: Verb) -> AppliedCommand {
        self.apply_if(kind, id, verb, &[])
    }

    fn apply_if(&mut self, kind: ResourceKind, id: ResourceId, verb: Verb, if_match: &[&str]) -> AppliedCommand {
        self.clock += 1;
        let now = Timestamp::from_millis(self.clock);
        let command = Command {
            id: CommandId::new(),
            organization_id: OrganizationId::new(),
            directory_id: DirectoryId::new(),
            source: Source::Scim,
            issued_at: now,
            deadline: now,
            kind,
            resource_id: id,
            if_match: if_match.iter().map(|tag| (*tag).to_owned()).collect(),
            verb,
        };
        self.directory.apply(&command, now)
    }

    fn user(&mut self, name: &str) -> ResourceId {
        let id = ResourceId::new();
        let applied = self.apply(
            ResourceKind::User,
            id,
            Verb::Create(object(json!({ "userName": name, "active": true }))),
        );
        assert!(
            matches!(applied.outcome, Outcome::Stored { created: true, .. }),
            "{:?}",
            applied.outcome
        );
        id
    }

    fn group(&mut self, name: &str, members: &[ResourceId]) -> ResourceId {
        let id = ResourceId::new();
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = object(json!({ "displayName": name, "members": members }));
        let applied = self.apply(ResourceKind::Group, id, Verb::Create(body));
        assert!(
            matches!(applied.outcome, Outcome::Stored { created: true, .. }),
            "{:?}",
            applied.outcome
        );
        id
    }

    fn patch(&mut self, kind: ResourceKind, id: ResourceId, operations: Value) -> AppliedCommand {
        self.apply(
            kind,
            id,
            Verb::Patch(json!({ "schemas": [PATCH_OP], "Operations": operations })),
        )
    }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else {
        panic!("not an object: {value}")
    };
    members
}

fn kinds(applied: &AppliedCommand) -> Vec<EventType> {
    applied.events.iter().map(|event| event.kind).collect()
}

fn status(applied: &AppliedCommand) -> u16 {
    match &applied.outcome {
        Outcome::Refused { status, .. } => *status,
        _ => 200,
    }
}

fn version(applied: &AppliedCommand) -> i64 {
    match &applied.outcome {
        Outcome::Stored { resource, .. } => resource.version,
        Outcome::Applied { version, .. } => *version,
        other => panic!("{other:?}"),
    }
}

// Rules: B19
#[test]
fn user_names_are_unique_without_regard_to_case_and_a_user_may_change_its_own_case() {
    let mut world = World::new();
    let ada = world.user("Ada@Example.com");
    let body = object(json!({ "userName": "ADA@example.COM" }));
    let applied = world.apply(ResourceKind::User, ResourceId::new(), Verb::Create(body));
    assert_eq!((status(&applied), applied.events.len()), (409, 0));
    let applied = world.patch(
        ResourceKind::User,
        ada,
        json!([{ "op": "replace", "path": "userName", "value": "ada@example.com" }]),
    );
    assert_eq!(kinds(&applied), [EventType::UserUpdated]);
}

#[test]
fn a_name_given_up_can_be_taken_in_the_same_batch() {
    let mut world = World::new();
    let first = world.user("x");
    world.patch(
        ResourceKind::User,
        first,
        json!([{ "op": "replace", "path": "userName", "value": "y" }]),
    );
    let second = world.user("x");
    let writes = world.directory.writes();
    assert_eq!(writes.users.len(), 2);
    assert!(writes.renamed_users.is_empty(), "neither is stored yet");
    world.apply(ResourceKind::User, first, Verb::Delete);
    world.user("y");
    assert!(world.directory.writes().users.iter().all(|user| user.id != first));
    assert!(world.directory.writes().users.iter().any(|user| user.id == second));
}

// Rules: R12
#[test]
fn a_patch_that_changes_nothing_makes_no_event_and_keeps_the_version() {
    let mut world = World::new();
    let ada = world.user("ada");
    let applied = world.patch(
        ResourceKind::User,
        ada,
        json!([{ "op": "Replace", "path": "active", "value": "True" }]),
    );
    assert_eq!((kinds(&applied).len(), version(&applied)), (0, 1));
}

// Rules: E21
#[test]
fn switching_active_off_and_on_is_announced_as_such() {
    let mut world = World::new();
    let ada = world.user("ada");
    let applied = world.patch(
        ResourceKind::User,
        ada,
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
    );
    assert_eq!(kinds(&applied), [EventType::UserDeactivated]);
    assert_eq!(
        applied.events[0].data["changes"],
        json!([{ "path": "active", "before": true, "after": false }])
    );
    assert_eq!(applied.events[0].data["user"]["state"], "inactive");
    let applied = world.patch(
        ResourceKind::User,
        ada,
        json!([{ "op": "Replace", "path": "active", "value": "True" }]),
    );
    assert_eq!(kinds(&applied), [EventType::UserReactivated]);
}

// Rules: R10
#[test]
fn a_precondition_that_does_not_hold_is_refused() {
    let mut world = World::new();
    let ada = world.user("ada");
    let rename = || Verb::Patch(json!({ "Operations": [{ "op": "replace", "path": "title", "value": "Dr" }] }));
    let applied = world.apply_if(ResourceKind::User, ada, rename(), &["7"]);
    assert_eq!((status(&applied), applied.events.len()), (412, 0));
    assert_eq!(
        version(&world.apply_if(ResourceKind::User, ada, rename(), &["7", "1"])),
        2
    );
    assert_eq!(
        status(&world.apply_if(ResourceKind::User, ada, Verb::Delete, &["*"])),
        200
    );
}

// Rules: E29, E30
#[test]
fn members_are_added_and_removed_one_by_one_and_each_has_one_event() {
    let mut world = World::new();
    let (ada, bob) = (world.user("ada"), world.user("bob"));
    let group = world.group("Sales", &[]);
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": ada }, { "value": bob }] }]);
    let applied = world.patch(ResourceKind::Group, group, add.clone());
    assert_eq!(kinds(&applied), [EventType::GroupMemberAdded; 2]);
    assert_eq!(version(&applied), 2);
    assert_eq!(
        applied.events[0].data["group"],
        json!({ "id": group, "display_name": "Sales" })
    );
    let applied = world.patch(ResourceKind::Group, group, add);
    assert_eq!(
        (kinds(&applied).len(), version(&applied)),
        (0, 2),
        "B6: adding a member again changes nothing"
    );
    // B1: removing with a value array removes those, not all.
    let applied = world.patch(
        ResourceKind::Group,
        group,
        json!([{ "op": "Remove", "path": "members", "value": [{ "value": ada }] }]),
    );
    assert_eq!(kinds(&applied), [EventType::GroupMemberRemoved]);
    let (added, removed) = (
        world.directory.writes().members_added,
        world.directory.writes().members_removed,
    );
    assert_eq!(added, [(group, bob, ResourceKind::User)]);
    assert!(removed.is_empty(), "nothing of it was stored");
}

// Rules: P20, B5
#[test]
fn an_unknown_member_fails_the_whole_request_and_leaves_the_group_as_it_was() {
    let mut world = World::new();
    let ada = world.user("ada");
    let group = world.group("Sales", &[ada]);
    let stranger = ResourceId::new();
    let operations = json!([
        { "op": "replace", "path": "displayName", "value": "Other" },
        { "op": "replace", "path": "members", "value": [{ "value": stranger }] },
    ]);
    let applied = world.patch(ResourceKind::Group, group, operations);
    let Outcome::Refused {
        status,
        scim_type,
        detail,
    } = &applied.outcome
    else {
        panic!("{:?}", applied.outcome)
    };
    assert_eq!((*status, scim_type.as_deref()), (400, Some("invalidValue")));
    assert!(detail.contains(&stranger.to_string()), "{detail}");
    let writes = world.directory.writes();
    assert_eq!(writes.groups[0].display_name(), "Sales");
    assert_eq!(writes.members_added.len(), 1);
}

// Rules: B33, R52
#[test]
fn a_put_without_members_keeps_them_and_an_empty_list_removes_them() {
    let mut world = World::new();
    let ada = world.user("ada");
    let group = world.group("Sales", &[ada]);
    let keep = object(json!({ "displayName": "Sales 2" }));
    assert_eq!(
        kinds(&world.apply(ResourceKind::Group, group, Verb::Replace(keep))),
        [EventType::GroupUpdated]
    );
    let empty = object(json!({ "displayName": "Sales 2", "members": [] }));
    let applied = world.apply(ResourceKind::Group, group, Verb::Replace(empty));
    assert_eq!(kinds(&applied), [EventType::GroupMemberRemoved]);
}

// Rules: R54
#[test]
fn a_deleted_user_leaves_its_groups_and_its_reports_lose_their_manager() {
    let mut world = World::new();
    let (boss, ada) = (world.user("boss"), world.user("ada"));
    let group = world.group("Sales", &[boss]);
    let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    let applied = world.patch(
        ResourceKind::User,
        ada,
        json!([{ "op": "Add", "path": path, "value": boss }]),
    );
    assert_eq!(applied.events[0].data["user"]["manager_id"], json!(boss));
    let applied = world.apply(ResourceKind::User, boss, Verb::Delete);
    assert_eq!(kinds(&applied), [EventType::UserDeleted, EventType::UserUpdated]);
    assert_eq!(applied.events[1].data["user"]["manager_id"], Value::Null);
    assert_eq!(
        applied.events[1].data["user"]["raw"]["schemas"],
        json!([scim::urn::CORE_USER]),
        "P3"
    );
    let writes = world.directory.writes();
    assert!(writes.members_added.is_empty());
    assert_eq!(
        writes.groups.iter().find(|row| row.id == group).map(|row| row.version),
        Some(2)
    );
    assert_eq!(status(&world.apply(ResourceKind::User, boss, Verb::Delete)), 404);
}

#[test]
fn a_group_is_not_its_own_member_and_nested_groups_are_told_as_members() {
    let mut world = World::new();
    let inner = world.group("Inner", &[]);
    let outer = world.group("Outer", &[]);
    let add = |id: ResourceId| json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
    assert_eq!(status(&world.patch(ResourceKind::Group, outer, add(outer))), 400);
    let applied = world.patch(ResourceKind::Group, outer, add(inner));
    assert_eq!(applied.events[0].data["member"]["display_name"], "Inner");
    let applied = world.apply(ResourceKind::Group, inner, Verb::Delete);
    assert_eq!(kinds(&applied), [EventType::GroupDeleted]);
    assert!(world.directory.writes().members_added.is_empty());
}

#[test]
fn a_user_carries_its_groups_under_their_present_names() {
    let mut world = World::new();
    let ada = world.user("ada");
    let group = world.group("Sales", &[ada]);
    world.patch(
        ResourceKind::Group,
        group,
        json!([{ "op": "replace", "path": "displayName", "value": "Sales EMEA" }]),
    );
    let applied = world.patch(
        ResourceKind::User,
        ada,
        json!([{ "op": "replace", "path": "title", "value": "Dr" }]),
    );
    assert_eq!(
        applied.events[0].data["user"]["groups"],
        json!([{ "id": group, "display_name": "Sales EMEA" }])
    );
}

mod replaying {
    use super::{World, object};
    use directory::replay::{Replay, ReplayError, fingerprint, user_fingerprint};
    use directory::{CountChange, Images, Writes};
    use events::{DirectoryId, EventBody, EventId, OrganizationId, ResourceId, ResourceKind, Source, Timestamp, Verb};
    use proptest::prelude::*;
    use serde_json::json;
    use std::collections::{BTreeMap, BTreeSet};

    /// One random step: which of a few people and groups, and what happens to them.
    type Step = (u8, usize, usize);

    fn verb((what, who, with): Step, users: &[ResourceId], groups: &[ResourceId]) -> (ResourceKind, ResourceId, Verb) {
        let patch = |operations| Verb::Patch(json!({ "Operations": operations }));
        let (user, other, group) = (users[who], users[with], groups[who % groups.len()]);
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        match what {
            0 | 1 => (
                ResourceKind::User,
                user,
                Verb::Create(object(json!({ "userName": format!("user{who}"), "active": true }))),
            ),
            2 => (
                ResourceKind::User,
                user,
                patch(json!([{ "op": "replace", "path": "active", "value": with % 2 == 0 }])),
            ),
            3 => (
                ResourceKind::User,
                user,
                patch(json!([{ "op": "add", "path": format!("{enterprise}:manager"), "value": other }])),
            ),
            4 => (ResourceKind::User, user, Verb::Delete),
            5 | 6 => {
                let body =
                    json!({ "displayName": format!("group{}", who % groups.len()), "members": [{ "value": other }] });
                (ResourceKind::Group, group, Verb::Create(object(body)))
            }
            7 => (
                ResourceKind::Group,
                group,
                patch(json!([{ "op": "add", "path": "members", "value": [{ "value": other }] }])),
            ),
            8 => (
                ResourceKind::Group,
                group,
                patch(json!([{ "op": "remove", "path": "members", "value": [{ "value": other }] }])),
            ),
            9 => (
                ResourceKind::Group,
                group,
                patch(json!([{ "op": "replace", "path": "members", "value": [{ "value": user }] }])),
            ),
            10 => {
                let nested = groups[with % groups.len()];
                (
                    ResourceKind::Group,
                    group,
                    patch(json!([{ "op": "add", "path": "members", "value": [{ "value": nested }] }])),
                )
            }
            _ => (ResourceKind::Group, group, Verb::Delete),
        }
    }

    fn number(count: usize) -> i64 {
        i64::try_from(count).unwrap()
    }

    /// As the next batch finds it: loaded with what the one before wrote.
    fn stored(writes: &Writes) -> World {
        let mut world = World::new();
        writes
            .users
            .iter()
            .for_each(|user| world.directory.load_user(user.clone()));
        writes
            .groups
            .iter()
            .for_each(|group| world.directory.load_group(group.clone()));
        world
    }

    proptest! {
        #[test]
        fn the_counts_of_two_batches_add_up_to_the_rows(
            first in prop::collection::vec((0u8..12, 0usize..6, 0usize..6), 1..40),
            second in prop::collection::vec((0u8..12, 0usize..6, 0usize..6), 1..40),
        ) {
            let users: Vec<_> = (0..6).map(|_| ResourceId::new()).collect();
            let groups: Vec<_> = (0..3).map(|_| ResourceId::new()).collect();
            let mut world = World::new();
            let mut used = BTreeSet::new();
            let mut run = |world: &mut World, steps: Vec<Step>| {
                for step in steps {
                    let (kind, id, verb) = verb(step, &users, &groups);
                    // Ids are never used again.
                    if !matches!(verb, Verb::Create(_)) || used.insert(id) {
                        world.apply(kind, id, verb);
                    }
                }
                world.directory.writes()
            };
            let before = run(&mut world, first);
            let mut world = stored(&before);
            let after = run(&mut world, second);
            let mut rows: BTreeMap<_, _> = before.users.iter().map(|user| (user.id, user.is_active())).collect();
            rows.extend(after.users.iter().map(|user| (user.id, user.is_active())));
            rows.retain(|id, _| !after.deleted_users.contains(id));
            let mut names: BTreeSet<_> = before.groups.iter().chain(&after.groups).map(|group| group.id).collect();
            names.retain(|id| !after.deleted_groups.contains(id));
            prop_assert_eq!(before.counts.users + after.counts.users, number(rows.len()));
            let active = rows.values().filter(|is_active| **is_active).count();
            prop_assert_eq!(before.counts.active_users + after.counts.active_users, number(active));
            prop_assert_eq!(before.counts.groups + after.counts.groups, number(names.len()));
        }

        #[test]
        fn the_replay_of_the_log_equals_the_state(steps in prop::collection::vec((0u8..12, 0usize..6, 0usize..6), 1..60)) {
            let users: Vec<_> = (0..6).map(|_| ResourceId::new()).collect();
            let groups: Vec<_> = (0..3).map(|_| ResourceId::new()).collect();
            let mut world = World::new();
            let mut replay = Replay::default();
            for step in steps {
                let (kind, id, verb) = verb(step, &users, &groups);
                // Ids are never used again.
                if matches!(verb, Verb::Create(_)) && (replay.users.contains_key(&id) || replay.groups.contains_key(&id)) {
                    continue;
                }
                for event in world.apply(kind, id, verb).events {
                    let body = EventBody {
                        kind: event.kind,
                        timestamp: Timestamp::from_millis(0),
                        id: EventId::new(),
                        sequence: replay.sequence + 1,
                        organization_id: OrganizationId::new(),
                        directory_id: DirectoryId::new(),
                        source: Source::Scim,
                        data: event.data,
                    };
                    replay.apply(&body).unwrap();
                }
            }
            let writes = world.directory.writes();
            prop_assert_eq!(replay.users.len(), writes.users.len());
            for user in &writes.users {
                prop_assert_eq!(replay.users.get(&user.id), Some(&user_fingerprint(&user.attributes, user.version)));
            }
            prop_assert_eq!(replay.groups.len(), writes.groups.len());
            for group in &writes.groups {
                prop_assert_eq!(replay.groups.get(&group.id), Some(&fingerprint(&group.attributes)));
                let mut stored: Vec<_> = writes.members_added.iter().filter(|row| row.0 == group.id).map(|row| row.1).collect();
                stored.sort_unstable();
                prop_assert_eq!(replay.members(group.id).collect::<Vec<_>>(), stored);
            }
            prop_assert_eq!(replay.memberships(), writes.members_added.len());
            let active = writes.users.iter().filter(|user| user.is_active()).count();
            let counts = CountChange { users: number(writes.users.len()), active_users: number(active), groups: number(writes.groups.len()) };
            prop_assert_eq!(writes.counts, counts);
        }
    }

    #[test]
    fn what_is_told_of_sessions_changes_nothing_that_is_replayed() {
        let mut replay = Replay::default();
        let mut images = Images::after(0);
        let person = ResourceId::new();
        let kinds = [events::EventType::SessionCreated, events::EventType::SessionEnded];
        for (sequence, kind) in (1..).zip(kinds) {
            let body = EventBody {
                kind,
                timestamp: Timestamp::from_millis(0),
                id: EventId::new(),
                sequence,
                organization_id: OrganizationId::new(),
                directory_id: DirectoryId::new(),
                source: Source::System,
                data: json!({ "session": { "id": "s", "user_id": person }, "user": { "id": person } }),
            };
            replay.apply(&body).unwrap();
            images.add(&body).unwrap();
        }
        assert_eq!(replay, Replay::after(2));
        assert_eq!(images, Images::after(2));
    }

    #[test]
    fn a_gap_in_the_log_is_noticed() {
        let mut replay = Replay::default();
        let body = EventBody {
            kind: events::EventType::DirectoryUpdated,
            timestamp: Timestamp::from_millis(0),
            id: EventId::new(),
            sequence: 2,
            organization_id: OrganizationId::new(),
            directory_id: DirectoryId::new(),
            source: Source::Api,
            data: json!({}),
        };
        assert_eq!(replay.apply(&body), Err(ReplayError::Gap { last: 0, found: 2 }));
    }
}
