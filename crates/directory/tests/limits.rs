//! What a change leaves is held against the limits: resources grow by patches.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

use directory::{DirectoryRows, Needs, Policy};
use events::{Command, CommandId, DirectoryId, OrganizationId, Outcome, ResourceId, ResourceKind, Source};
use events::{Timestamp, Verb};
use scim::Limits;
use serde_json::{Value, json};

fn directory(limits: Limits) -> DirectoryRows {
    let (directory, organization) = (DirectoryId::new(), OrganizationId::new());
    let mut directory = DirectoryRows::new(directory, organization, Policy::default(), &Needs::default());
    directory.set_limits(limits);
    directory
}

fn apply(directory: &mut DirectoryRows, kind: ResourceKind, id: ResourceId, verb: Verb) -> Outcome {
    let now = Timestamp::from_millis(1);
    let command = Command {
        id: CommandId::new(),
        organization_id: OrganizationId::new(),
        directory_id: DirectoryId::new(),
        source: Source::Scim,
        issued_at: now,
        deadline: now,
        kind,
        resource_id: id,
        if_match: Vec::new(),
        verb,
    };
    directory.apply(&command, now).outcome
}

fn create(attributes: Value) -> Verb {
    let Value::Object(attributes) = attributes else {
        panic!("no object")
    };
    Verb::Create(attributes)
}

fn patch(operations: &Value) -> Verb {
    Verb::Patch(json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations }))
}

fn refusal(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused {
            status: 400, detail, ..
        } => detail,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn patches_cannot_make_a_user_grow_beyond_the_limits() {
    let limits = Limits {
        elements: 10,
        resource: 2_000,
        ..Limits::default()
    };
    let mut directory = directory(limits);
    let id = ResourceId::new();
    let user = create(json!({ "userName": "ada", "active": true }));
    assert!(matches!(
        apply(&mut directory, ResourceKind::User, id, user),
        Outcome::Stored { .. }
    ));
    let mut add = |operation: Value| apply(&mut directory, ResourceKind::User, id, patch(&json!([operation])));
    let email = |i: usize| json!({ "op": "add", "path": "emails", "value": [{ "value": format!("{i}@example.com") }] });
    for i in 0..10 {
        assert!(matches!(add(email(i)), Outcome::Stored { .. }));
    }
    let detail = refusal(add(email(10)));
    assert!(
        detail.contains("emails: 11 elements") && detail.contains("max_elements"),
        "{detail}"
    );
    // One that is there already is no growth.
    assert!(matches!(add(email(9)), Outcome::Stored { .. }));
    let note =
        |i: usize| json!({ "op": "add", "path": format!("urn:acme:2.0:User:note{i}"), "value": "x".repeat(300) });
    let detail = (0..10).find_map(|i| match add(note(i)) {
        Outcome::Stored { .. } => None,
        refused => Some(refusal(refused)),
    });
    let detail = detail.expect("at some point it is too large");
    assert!(
        detail.contains("at most 2000") && detail.contains("max_resource"),
        "{detail}"
    );
    // Removing members is not limited.
    let off = add(json!({ "op": "replace", "path": "active", "value": false }));
    assert!(matches!(off, Outcome::Stored { .. }));
}

#[test]
fn somebody_who_is_beyond_a_limit_can_still_be_deactivated() {
    let mut directory = directory(Limits::default());
    let id = ResourceId::new();
    let emails: Vec<Value> = (0..100)
        .map(|i| json!({ "value": format!("{i}@example.com") }))
        .collect();
    let user = create(json!({ "userName": "ada", "active": true, "emails": emails }));
    apply(&mut directory, ResourceKind::User, id, user);
    directory.set_limits(Limits {
        elements: 10,
        resource: 100,
        ..Limits::default()
    });
    let off = patch(&json!([{ "op": "replace", "path": "active", "value": "False" },
                            { "op": "remove", "path": "emails[value eq \"7@example.com\"]" }]));
    let Outcome::Stored { resource, .. } = apply(&mut directory, ResourceKind::User, id, off) else {
        panic!("refused")
    };
    assert_eq!(resource.attributes["active"], false);
    assert_eq!(resource.attributes["emails"].as_array().unwrap().len(), 99);
}

// Rules: P16
#[test]
fn filters_on_members_have_a_limit_for_each_request() {
    let mut directory = directory(Limits::default());
    let id = ResourceId::new();
    let members: Vec<Value> = (0..1_000)
        .map(|i| {
            let user = ResourceId::new();
            let name = format!("user{i}");
            let user_verb = create(json!({ "userName": name, "displayName": name, "active": true }));
            apply(&mut directory, ResourceKind::User, user, user_verb);
            json!({ "value": user })
        })
        .collect();
    let group = create(json!({ "displayName": "all", "members": members }));
    apply(&mut directory, ResourceKind::Group, id, group);
    let remove = |i: usize| json!({ "op": "remove", "path": format!("members[display eq \"user{i}\"]") });
    let few: Vec<Value> = (0..10).map(remove).collect();
    assert!(matches!(
        apply(&mut directory, ResourceKind::Group, id, patch(&few.into())),
        Outcome::Applied { .. }
    ));
    let many: Vec<Value> = (0..1_100).map(|_| remove(5)).collect();
    let detail = refusal(apply(&mut directory, ResourceKind::Group, id, patch(&many.into())));
    assert!(
        detail.contains("members: the filters of this PATCH compare more than 1000000"),
        "{detail}"
    );
}
