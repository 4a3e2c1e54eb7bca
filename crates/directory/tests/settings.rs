//! What the settings of a directory change about its rules.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]
#![expect(clippy::needless_pass_by_value, reason = "bodies are written where they are used")]

use directory::{AppliedCommand, DirectoryRows, Needs, Policy};
use events::{
    Command, CommandId, DirectoryId, OrganizationId, Outcome, ResourceId, ResourceKind, Source, Timestamp, Verb,
};
use serde_json::{Map, Value, json};

const BADGE: &str = "urn:acme:params:scim:schemas:badge:2.0:User";

struct World {
    policy: Policy,
    directory: DirectoryRows,
}

impl World {
    fn with(settings: Value) -> Self {
        let policy = Policy::from_settings(&settings.to_string()).unwrap();
        let directory = DirectoryRows::new(
            DirectoryId::new(),
            OrganizationId::new(),
            policy.clone(),
            &Needs::default(),
        );
        Self { policy, directory }
    }

    fn apply(&mut self, kind: ResourceKind, id: ResourceId, verb: Verb) -> AppliedCommand {
        self.directory
            .apply(&command(kind, id, verb), Timestamp::from_millis(1_000))
    }

    fn create(&mut self, kind: ResourceKind, attributes: Value) -> (ResourceId, AppliedCommand) {
        let id = ResourceId::new();
        (id, self.apply(kind, id, Verb::Create(object(attributes))))
    }

    fn replace(&mut self, id: ResourceId, attributes: Value) -> AppliedCommand {
        self.apply(ResourceKind::User, id, Verb::Replace(object(attributes)))
    }

    fn patch(&mut self, kind: ResourceKind, id: ResourceId, operations: Value) -> AppliedCommand {
        self.apply(kind, id, Verb::Patch(json!({ "Operations": operations })))
    }
}

fn command(kind: ResourceKind, resource_id: ResourceId, verb: Verb) -> Command {
    let now = Timestamp::from_millis(1_000);
    Command {
        id: CommandId::new(),
        organization_id: OrganizationId::new(),
        directory_id: DirectoryId::new(),
        source: Source::Scim,
        issued_at: now,
        deadline: now,
        kind,
        resource_id,
        if_match: Vec::new(),
        verb,
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[track_caller]
fn accepted(applied: &AppliedCommand) -> &AppliedCommand {
    assert!(
        !matches!(applied.outcome, Outcome::Refused { .. }),
        "{:?}",
        applied.outcome
    );
    applied
}

#[track_caller]
fn refused(applied: &AppliedCommand) -> (u16, &str, &str) {
    assert!(applied.events.is_empty());
    match &applied.outcome {
        Outcome::Refused {
            status,
            scim_type,
            detail,
        } => (*status, scim_type.as_deref().unwrap_or_default(), detail),
        other => panic!("{other:?}"),
    }
}

fn role_and_grants(applied: &AppliedCommand) -> (Value, Value) {
    let user = &accepted(applied).events[0].data["user"];
    (user["role"].clone(), user["grants"].clone())
}

#[test]
fn a_required_attribute_that_is_missing_is_refused_with_what_to_map_in_entra() {
    let mut world = World::with(json!({ "required_attributes": ["name.givenName", "emails.value"] }));
    let full = json!({
        "userName": "ada", "active": true, "name": { "givenName": "Ada" }, "emails": [{ "type": "work", "value": "a@b.c" }]
    });
    for (missing, path, target) in [
        ("name", "name.givenName", "name.givenName"),
        ("emails", "emails.value", "emails[type eq \"work\"].value"),
    ] {
        let mut body = full.clone();
        body.as_object_mut().unwrap().remove(missing);
        let (_, applied) = world.create(ResourceKind::User, body.clone());
        let (status, scim_type, detail) = refused(&applied);
        assert_eq!((status, scim_type), (400, "invalidValue"));
        assert!(
            detail.starts_with(path) && detail.contains(target) && detail.contains("Attribute mapping"),
            "{detail}"
        );
    }
    let (id, applied) = world.create(ResourceKind::User, full.clone());
    accepted(&applied);
    let removal = json!([{ "op": "remove", "path": "name.givenName" }]);
    assert_eq!(refused(&world.patch(ResourceKind::User, id, removal)).1, "invalidValue");
    let mut blank = full.clone();
    blank["name"]["givenName"] = json!("  ");
    assert_eq!(refused(&world.replace(id, blank)).1, "invalidValue");
    accepted(&world.replace(id, full));
}

#[test]
fn a_missing_attribute_never_keeps_a_user_from_being_deactivated() {
    let mut world = World::with(json!({ "required_attributes": ["name.givenName"] }));
    let attributes = json!({ "userName": "ada", "active": true, "name": { "givenName": "Ada" } });
    let (id, _) = world.create(ResourceKind::User, attributes);
    let leaving = json!([
        { "op": "remove", "path": "name.givenName" }, { "op": "replace", "path": "active", "value": "False" }
    ]);
    accepted(&world.patch(ResourceKind::User, id, leaving));
    let back = json!([{ "op": "replace", "path": "active", "value": true }]);
    assert_eq!(refused(&world.patch(ResourceKind::User, id, back)).0, 400);
    accepted(&world.apply(ResourceKind::User, id, Verb::Delete));
}

#[test]
fn the_required_manager_of_a_user_may_be_deleted() {
    let manager_path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    let mut world = World::with(json!({ "required_attributes": [manager_path] }));
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let (boss, applied) = world.create(
        ResourceKind::User,
        json!({ "userName": "boss", urn: { "department": "x" } }),
    );
    accepted(&applied);
    let report = json!({ "userName": "ada", urn: { "department": "x", "manager": { "value": boss } } });
    accepted(&world.create(ResourceKind::User, report).1);
    assert_eq!(
        accepted(&world.apply(ResourceKind::User, boss, Verb::Delete))
            .events
            .len(),
        2
    );
}

#[test]
fn addresses_are_unique_without_regard_to_case_also_within_a_batch_where_the_directory_says_so() {
    let mut world = World::with(json!({ "unique_emails": true }));
    let user = |name: &str, email: &str| json!({ "userName": name, "emails": [{ "type": "work", "value": email }] });
    let (ada, _) = world.create(ResourceKind::User, user("ada", "Ada@example.com"));
    let (_, applied) = world.create(ResourceKind::User, user("bob", "aDA@EXAMPLE.com"));
    let (status, scim_type, detail) = refused(&applied);
    assert_eq!((status, scim_type), (409, "uniqueness"));
    assert!(detail.starts_with("emails") && detail.contains("\"ada\""), "{detail}");
    let (bob, _) = world.create(ResourceKind::User, user("bob", "bob@example.com"));
    let take = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "ADA@example.com" }]);
    assert_eq!(refused(&world.patch(ResourceKind::User, bob, take.clone())).0, 409);
    accepted(&world.replace(ada, user("ada", "ADA@example.com")));
    accepted(&world.replace(ada, user("ada", "countess@example.com")));
    accepted(&world.patch(ResourceKind::User, bob, take));

    let mut without = World::with(json!({}));
    for name in ["a", "b"] {
        accepted(&without.create(ResourceKind::User, user(name, "same@example.com")).1);
    }
}

#[test]
fn duplicates_from_before_the_rule_stay_until_somebody_changes_them() {
    let mut world = World::with(json!({ "unique_emails": true }));
    let ids = [ResourceId::new(), ResourceId::new()];
    for (id, name) in ids.iter().zip(["a", "b"]) {
        world.directory.load_user(directory::User {
            id: *id,
            attributes: object(
                json!({ "userName": name, "emails": [{ "type": "work", "value": "same@example.com" }] }),
            ),
            version: 1,
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(1),
        });
    }
    let operations = json!([{ "op": "replace", "path": "title", "value": "Dr" }]);
    accepted(&world.patch(ResourceKind::User, ids[0], operations));
    let add = json!([{ "op": "add", "path": "emails", "value": [{ "type": "home", "value": "b@example.com" }] }]);
    accepted(&world.patch(ResourceKind::User, ids[1], add.clone()));
    assert_eq!(refused(&world.patch(ResourceKind::User, ids[0], add)).0, 409);
}

#[test]
fn only_people_of_verified_domains_are_taken_where_the_directory_says_so() {
    let settings = json!({ "people_of": "verified_domains", "verified_domains": ["contoso.com"] });
    let mut world = World::with(settings);
    let user = |name: &str, emails: &[&str]| {
        let emails: Vec<_> = emails.iter().map(|email| json!({ "value": email })).collect();
        json!({ "userName": name, "emails": emails })
    };
    accepted(
        &world
            .create(ResourceKind::User, user("ada@Contoso.com", &["ada@eu.contoso.com"]))
            .1,
    );
    let (bob, applied) = world.create(ResourceKind::User, user("bob", &["bob@contoso.com"]));
    accepted(&applied);
    for (bad, attribute, domain) in [
        (user("eve@evil.example", &[]), "userName", "evil.example"),
        (
            user("eve", &["eve@contoso.com", "ada@evil.example"]),
            "emails",
            "evil.example",
        ),
        (
            user("eve@contoso.com.evil.example", &[]),
            "userName",
            "contoso.com.evil.example",
        ),
        (user("eve", &["eve@notcontoso.com"]), "emails", "notcontoso.com"),
    ] {
        let (_, applied) = world.create(ResourceKind::User, bad);
        let (status, scim_type, detail) = refused(&applied);
        assert_eq!((status, scim_type), (400, "invalidValue"));
        assert!(
            detail.starts_with(attribute) && detail.contains(domain) && detail.contains("verify"),
            "{detail}"
        );
    }
    let (_, applied) = world.create(ResourceKind::User, user("eve", &[]));
    let (_, _, detail) = refused(&applied);
    assert!(detail.starts_with("neither userName nor emails"), "{detail}");
    let take = json!([{ "op": "replace", "path": "userName", "value": "bob@evil.example" }]);
    assert_eq!(refused(&world.patch(ResourceKind::User, bob, take)).0, 400);
    assert_eq!(refused(&world.replace(bob, user("bob", &["ada@evil.example"]))).0, 400);
    accepted(
        &world
            .create(ResourceKind::Group, json!({ "displayName": "anybody@evil.example" }))
            .1,
    );
    let mut open = World::with(json!({ "verified_domains": ["contoso.com"] }));
    accepted(&open.create(ResourceKind::User, user("eve@evil.example", &[])).1);
}

#[test]
fn people_from_before_a_domain_was_asked_for_can_be_deactivated_and_corrected() {
    let mut world = World::with(json!({ "people_of": "verified_domains", "verified_domains": ["contoso.com"] }));
    let id = ResourceId::new();
    world.directory.load_user(directory::User {
        id,
        attributes: object(json!({ "userName": "eve@evil.example", "active": true })),
        version: 1,
        created_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(1),
    });
    accepted(&world.patch(
        ResourceKind::User,
        id,
        json!([{ "op": "replace", "path": "active", "value": false }]),
    ));
    let add = json!([{ "op": "add", "path": "emails", "value": [{ "value": "eve@other.example" }] }]);
    assert_eq!(refused(&world.patch(ResourceKind::User, id, add)).0, 400);
    let correct = json!([{ "op": "replace", "path": "userName", "value": "eve@contoso.com" }]);
    accepted(&world.patch(ResourceKind::User, id, correct));
}

#[test]
fn the_owners_of_addresses_are_loaded_only_where_addresses_are_unique() {
    let body = json!({ "Operations": [
        { "op": "add", "path": "emails[type eq \"work\"].value", "value": "Ada@Example.com" },
        { "op": "add", "value": { "emails": [{ "value": "Two@example.com" }] } }
    ] });
    let command = command(ResourceKind::User, ResourceId::new(), Verb::Patch(body));
    let needs = |settings: Value| {
        let mut needs = Needs::default();
        needs.add(&command, &Policy::from_settings(&settings.to_string()).unwrap());
        needs.emails
    };
    let keys = needs(json!({ "unique_emails": true }));
    assert!(
        keys.contains("ada@example.com") && keys.contains("two@example.com"),
        "{keys:?}"
    );
    assert!(needs(json!({})).is_empty());
}

#[test]
fn where_groups_are_switched_off_they_are_refused_and_unseen_but_can_be_deleted() {
    let mut world = World::with(json!({ "groups_enabled": false }));
    let (_, applied) = world.create(ResourceKind::Group, json!({ "displayName": "Staff" }));
    let (status, _, detail) = refused(&applied);
    assert!(
        status == 403 && detail.contains("switched off") && detail.contains("Mappings"),
        "{detail}"
    );
    let group = ResourceId::new();
    world.directory.load_group(directory::Group {
        id: group,
        attributes: object(json!({ "displayName": "Old" })),
        version: 1,
        created_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(1),
    });
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "New" }]);
    assert_eq!(refused(&world.patch(ResourceKind::Group, group, rename)).0, 403);
    assert_eq!(
        world.apply(ResourceKind::Group, group, Verb::Delete).outcome,
        Outcome::Deleted
    );
    accepted(&world.create(ResourceKind::User, json!({ "userName": "ada" })).1);
}

#[test]
fn the_role_of_a_group_counts_for_members_without_a_role_of_their_own_and_the_first_rule_wins() {
    let (admins, readers) = (ResourceId::new(), ResourceId::new());
    let mut world = World::with(json!({ "group_roles": [
        { "group_id": admins, "role": "Admin" }, { "group_id": readers, "role": "Guest" }
    ] }));
    let (ada, applied) = world.create(ResourceKind::User, json!({ "userName": "ada" }));
    assert_eq!(role_and_grants(&applied), (Value::Null, json!(["app"])));
    for group in [readers, admins] {
        let attributes = object(json!({ "displayName": group.to_string(), "members": [{ "value": ada }] }));
        accepted(&world.apply(ResourceKind::Group, group, Verb::Create(attributes)));
        let title = json!([{ "op": "replace", "path": "title", "value": group.to_string() }]);
        let expected = if group == admins {
            (json!("Admin"), json!(["app", "web"]))
        } else {
            (json!("Guest"), json!(["app"]))
        };
        assert_eq!(role_and_grants(&world.patch(ResourceKind::User, ada, title)), expected);
    }
    let own = json!([{ "op": "add", "path": "roles", "value": [{ "value": "Visitor" }] }]);
    let applied = world.patch(ResourceKind::User, ada, own);
    assert_eq!(role_and_grants(&applied), (json!("Visitor"), json!(["app"])));
}

#[test]
fn a_declared_schema_gives_its_attributes_types() {
    let mut world = World::with(json!({ "schemas": [{ "id": BADGE, "name": "Badge", "attributes": [
        { "name": "number", "case_exact": true, "required": true },
        { "name": "floor", "type": "integer" },
        { "name": "doors", "type": "complex", "multi_valued": true, "sub_attributes": [{ "name": "value" }] }
    ] }] }));
    let (id, _) = world.create(
        ResourceKind::User,
        json!({ "userName": "ada", BADGE: { "number": "A1" } }),
    );
    let path = |name: &str| format!("{BADGE}:{name}");
    let operations = json!([
        { "op": "replace", "path": path("FLOOR"), "value": "12" },
        { "op": "add", "path": path("doors"), "value": [{ "value": "north" }] },
        { "op": "add", "path": path("doors"), "value": [{ "value": "south" }] }
    ]);
    let applied = world.patch(ResourceKind::User, id, operations);
    let custom = &accepted(&applied).events[0].data["user"]["custom"][BADGE];
    let doors = json!([{ "value": "north" }, { "value": "south" }]);
    assert_eq!(*custom, json!({ "number": "A1", "floor": 12, "doors": doors }));
    for (operation, word) in [
        (
            json!({ "op": "replace", "path": path("floor"), "value": "high" }),
            "floor",
        ),
        (json!({ "op": "remove", "path": path("number") }), "number"),
        (json!({ "op": "replace", "path": path("shoe"), "value": 1 }), "shoe"),
    ] {
        let applied = world.patch(ResourceKind::User, id, json!([operation]));
        let (status, _, detail) = refused(&applied);
        assert!(status == 400 && detail.contains(word), "{detail}");
    }
    assert!(world.directory.writes().user_type().knows(BADGE));
    assert!(world.policy.user_type().knows(BADGE));
}

#[test]
fn only_attributes_that_the_identity_provider_sets_can_be_required() {
    let policy = Policy::default();
    for (path, canonical) in [
        ("NAME.givenname", "name.givenName"),
        ("emails", "emails"),
        (
            "department",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ),
    ] {
        assert_eq!(
            policy.requirable(path).map(|path| path.to_string()),
            Ok(canonical.to_owned())
        );
    }
    for path in [
        "id",
        "meta.created",
        "groups",
        "password",
        "shoeSize",
        "name.shoe",
        "schemas",
        "urn:acme:badge:number",
        "a b",
    ] {
        assert!(policy.requirable(path).is_err(), "{path}");
    }
}

/// The group is too large to load all of its members for one request.
#[test]
fn members_of_a_group_too_large_to_announce_each_are_not_announced() {
    for untold in [false, true] {
        let mut world = World::with(json!({}));
        let (ada, _) = world.create(ResourceKind::User, json!({ "userName": "ada", "active": true }));
        let (staff, created) = world.create(
            ResourceKind::Group,
            json!({ "displayName": "Staff", "members": [{ "value": ada }] }),
        );
        accepted(&created);
        let rules = json!({ "group_roles": [{ "group_id": staff, "role": "User" }] });
        let policy = Policy::from_settings(&rules.to_string()).unwrap();
        let mut needs = Needs::default();
        needs.add(&command(ResourceKind::Group, staff, Verb::Delete), &policy);
        assert!(needs.role_members.contains(&staff), "all of its members are asked for");
        let mut directory = DirectoryRows::new(DirectoryId::new(), OrganizationId::new(), policy, &needs);
        let writes = world.directory.writes();
        writes.groups.into_iter().for_each(|group| directory.load_group(group));
        writes.users.into_iter().for_each(|user| {
            directory.know_groups_of(user.id);
            directory.load_user(user);
        });
        let group = events::GroupRef {
            id: staff,
            display_name: "Staff".to_owned(),
        };
        directory.load_membership(group, ada, ResourceKind::User);
        if untold {
            directory.leave_untold(staff);
        }
        let deleted = directory.apply(
            &command(ResourceKind::Group, staff, Verb::Delete),
            Timestamp::from_millis(2_000),
        );
        let kinds: Vec<_> = accepted(&deleted)
            .events
            .iter()
            .map(|event| event.kind.as_str())
            .collect();
        let told = if untold { &[][..] } else { &["user.updated"] };
        assert_eq!(kinds, [&["group.deleted"], told].concat());
    }
}
