//! The settings of a directory: what is taken, what is shown, what is announced, and what follows.

use crate::harness::{Api, BOTH, text};
use actix_web::http::StatusCode;
use events::{DirectoryId, ResourceId, StoredResource, Timestamp};
use scim::filter::Filter;
use scim::schema::ResourceType;
use serde_json::{Value, json};
use store::Query;
use store::testing::{insert_groups, insert_users};

const BADGE: &str = "urn:acme:params:scim:schemas:badge:2.0:User";

#[expect(clippy::needless_pass_by_value, reason = "written where it is used")]
fn badge(attributes: Value) -> Value {
    json!({ "id": BADGE, "name": "Badge", "attributes": attributes })
}

fn resource(attributes: Value) -> StoredResource {
    let Value::Object(attributes) = attributes else {
        panic!("attributes are an object")
    };
    StoredResource {
        id: ResourceId::new(),
        version: 1,
        created_at: Timestamp::from_millis(1_000),
        updated_at: Timestamp::from_millis(1_000),
        attributes,
        groups: Vec::new(),
        members: None,
    }
}

/// A directory and its path.
async fn directory(api: &Api) -> (DirectoryId, String) {
    let made = api.directory("contoso.com").await;
    let id = text(&made, "id");
    (id.parse().unwrap(), format!("/api/v1/directories/{id}"))
}

#[actix_web::test]
async fn settings_have_defaults_are_changed_and_shown_and_null_brings_the_default_back() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (_, path) = directory(&api).await;
        let found = api.get(&path).await.expect(StatusCode::OK);
        for (name, value) in [
            ("groups_enabled", json!(true)),
            ("required_attributes", json!([])),
            ("unique_emails", json!(false)),
            ("default_grants", json!(["app"])),
            ("group_roles", json!([])),
            ("schemas", json!([])),
            ("rate_limit", json!(null)),
            (
                "mass_change_brake",
                json!({ "enabled": true, "percent": 20, "minimum": 10, "window_minutes": 10, "new_user_hours": 24 }),
            ),
        ] {
            assert_eq!(found[name], value, "{name}");
        }
        let roles: Vec<_> = found["roles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| text(rule, "value"))
            .collect();
        assert_eq!(roles, ["ReadOnly", "User", "Admin", "EnterpriseAdmin"]);

        let wanted = json!({
            "groups_enabled": false,
            "required_attributes": ["NAME.givenname", format!("{BADGE}:number"), "name.givenName"],
            "unique_emails": true,
            "roles": [{ "value": "Boss", "grants": ["web", "app"] }],
            "default_grants": [],
            "schemas": [badge(json!([{ "name": "number" }]))],
        });
        let changed = api.patch(&path, &wanted).await.expect(StatusCode::OK);
        assert_eq!(
            changed["required_attributes"],
            json!(["name.givenName", format!("{BADGE}:number")])
        );
        assert_eq!(changed["roles"], json!([{ "value": "Boss", "grants": ["app", "web"] }]));
        assert_eq!(
            (&changed["groups_enabled"], &changed["default_grants"]),
            (&json!(false), &json!([]))
        );
        let shown = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(shown["schemas"], changed["schemas"]);
        assert_eq!(shown["unique_emails"], json!(true));

        let back = json!({ "groups_enabled": null, "required_attributes": null, "unique_emails": null, "roles": null,
                           "default_grants": null, "schemas": null });
        let back = api.patch(&path, &back).await.expect(StatusCode::OK);
        for name in [
            "groups_enabled",
            "required_attributes",
            "unique_emails",
            "roles",
            "default_grants",
            "schemas",
        ] {
            assert_eq!(back[name], found[name], "{name}");
        }
        api.close().await;
    }
}

#[actix_web::test]
async fn a_change_of_settings_is_announced_and_one_that_changes_nothing_is_not() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (_, path) = directory(&api).await;
        let change = json!({ "unique_emails": true, "groups_enabled": true });
        api.patch(&path, &change).await.expect(StatusCode::OK);
        api.patch(&path, &change).await.expect(StatusCode::OK);
        api.patch(&path, &json!({ "default_grants": ["app"] }))
            .await
            .expect(StatusCode::OK);
        let log = api.log(3).await;
        assert_eq!(text(&log[2], "type"), "directory.updated");
        let changes = json!([{ "path": "unique_emails", "before": false, "after": true }]);
        assert_eq!(log[2]["data"]["changes"], changes);
        api.close().await;
    }
}

#[actix_web::test]
async fn every_fault_of_the_settings_is_reported_with_its_place() {
    let api = Api::on(BOTH[1]).await;
    let (_, path) = directory(&api).await;
    let absent = ResourceId::new();
    let cases = [
        (
            json!({ "groups_enabled": "yes", "unique_emails": 1 }),
            vec!["#/groups_enabled", "#/unique_emails"],
        ),
        (
            json!({ "required_attributes": ["title", "shoeSize", "id", "groups", "urn:acme:badge:number"] }),
            vec![
                "#/required_attributes/1",
                "#/required_attributes/2",
                "#/required_attributes/3",
                "#/required_attributes/4",
            ],
        ),
        (json!({ "required_attributes": "title" }), vec!["#/required_attributes"]),
        (
            json!({ "roles": [{ "value": "A", "grants": ["door"] }, { "grants": [] }, 7] }),
            vec!["#/roles/0/grants/0", "#/roles/1/value", "#/roles/2"],
        ),
        (
            json!({ "roles": [{ "value": "A", "grants": [] }, { "value": "a", "grants": [] }] }),
            vec!["#/roles/1/value"],
        ),
        (json!({ "default_grants": ["root"] }), vec!["#/default_grants/0"]),
        (json!({ "rate_limit": 24 }), vec!["#/rate_limit"]),
        (json!({ "rate_limit": "many" }), vec!["#/rate_limit"]),
        (
            json!({ "mass_change_brake": { "percent": 101, "minimum": -1, "window_minutes": 0, "new_user_hours": 721, "typo": 1 } }),
            vec![
                "#/mass_change_brake/typo",
                "#/mass_change_brake/percent",
                "#/mass_change_brake/minimum",
                "#/mass_change_brake/window_minutes",
                "#/mass_change_brake/new_user_hours",
            ],
        ),
        (
            json!({ "group_roles": [{ "group_id": "x", "role": "Admin" }, { "group_id": absent }] }),
            vec!["#/group_roles/0/group_id", "#/group_roles/1/role"],
        ),
        (
            json!({ "group_roles": [{ "group_id": absent, "role": "Admin" }] }),
            vec!["#/group_roles/0/group_id"],
        ),
    ];
    for (body, pointers) in cases {
        assert_eq!(api.patch(&path, &body).await.faults(422), pointers, "{body}");
    }
    api.log(2).await;
    let unknown = format!("/api/v1/directories/{absent}");
    let body = json!({ "group_roles": [{ "group_id": absent, "role": "Admin" }] });
    api.patch(&unknown, &body).await.problem(404);
    api.close().await;
}

#[actix_web::test]
async fn every_fault_of_a_declared_schema_is_reported_with_its_place() {
    let api = Api::on(BOTH[1]).await;
    let (_, path) = directory(&api).await;
    let attribute = |attribute: Value| json!([badge(json!([attribute]))]);
    let named = |id: &str| json!({ "id": id, "name": "x", "attributes": [{ "name": "a" }] });
    let cases = [
        (
            json!([{}]),
            vec!["#/schemas/0/id", "#/schemas/0/name", "#/schemas/0/attributes"],
        ),
        (json!([named("badge")]), vec!["#/schemas/0/id"]),
        (
            json!([named("urn:ietf:params:scim:schemas:core:2.0:User")]),
            vec!["#/schemas/0/id"],
        ),
        (
            json!([named("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]),
            vec!["#/schemas/0/id"],
        ),
        (
            json!([named("urn:acme:badge"), named("URN:acme:BADGE")]),
            vec!["#/schemas/1/id"],
        ),
        (
            json!([named("urn:acme:badge:more"), named("urn:acme:badge")]),
            vec!["#/schemas/1/id"],
        ),
        (json!([badge(json!([]))]), vec!["#/schemas/0/attributes"]),
        (
            attribute(json!({ "name": "1st" })),
            vec!["#/schemas/0/attributes/0/name"],
        ),
        (
            attribute(json!({ "name": "a", "type": "text" })),
            vec!["#/schemas/0/attributes/0/type"],
        ),
        (
            attribute(json!({ "name": "a", "type": "integer", "case_exact": true, "mutability": "readOnly" })),
            vec![
                "#/schemas/0/attributes/0/mutability",
                "#/schemas/0/attributes/0/case_exact",
            ],
        ),
        (
            attribute(json!({ "name": "a", "type": "complex" })),
            vec!["#/schemas/0/attributes/0/sub_attributes"],
        ),
        (
            attribute(json!({ "name": "a", "sub_attributes": [{ "name": "b" }] })),
            vec!["#/schemas/0/attributes/0/sub_attributes"],
        ),
        (
            attribute(json!({ "name": "a", "type": "complex", "sub_attributes": [
                { "name": "b", "type": "complex", "sub_attributes": [{ "name": "c" }] }, { "name": "" }] })),
            vec![
                "#/schemas/0/attributes/0/sub_attributes/0/type",
                "#/schemas/0/attributes/0/sub_attributes/0/sub_attributes",
                "#/schemas/0/attributes/0/sub_attributes/1/name",
            ],
        ),
        (
            json!([badge(json!([{ "name": "a" }, { "name": "A" }]))]),
            vec!["#/schemas/0/attributes/1/name"],
        ),
    ];
    for (schemas, pointers) in cases {
        let body = json!({ "schemas": schemas });
        assert_eq!(api.patch(&path, &body).await.faults(422), pointers, "{body}");
    }
    let both = json!({ "schemas": [badge(json!([{ "name": "number" }]))], "required_attributes": [format!("{BADGE}:number")] });
    api.patch(&path, &both).await.expect(StatusCode::OK);
    let taken_away = api.patch(&path, &json!({ "schemas": [] })).await;
    assert_eq!(taken_away.faults(422), ["#/schemas"]);
    api.close().await;
}

#[actix_web::test]
async fn a_group_of_the_directory_can_carry_a_role() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (id, path) = directory(&api).await;
        let mut group = resource(json!({ "displayName": "Admins" }));
        group.members = Some(Vec::new());
        insert_groups(&api.db.store, id, std::slice::from_ref(&group))
            .await
            .unwrap();
        let rules = json!([{ "group_id": group.id, "role": "Admin" }]);
        let changed = api
            .patch(&path, &json!({ "group_roles": rules }))
            .await
            .expect(StatusCode::OK);
        assert_eq!(changed["group_roles"], rules);
        api.close().await;
    }
}

#[actix_web::test]
async fn data_that_is_older_than_its_schema_is_found_by_the_facts_of_the_schema() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (id, path) = directory(&api).await;
        let lower = BADGE.to_ascii_lowercase();
        let users = [
            resource(
                json!({ "userName": "a", lower.clone(): { "NUMBER": "Ab", "floor": "12", "since": "2026-01-01T00:00:00Z" } }),
            ),
            resource(
                json!({ "userName": "b", BADGE: { "number": "AB", "floor": "high", "since": "2026-99-tomorrow" } }),
            ),
            resource(json!({ "userName": "c" })),
        ];
        insert_users(&api.db.store, id, ResourceType::user(), &users)
            .await
            .unwrap();
        let found = async |filter: &str| {
            let directory = api.db.store.directories().by_id(id).await.unwrap().unwrap();
            let policy = directory.policy().unwrap();
            let filter = Filter::parse(&format!("{BADGE}:{filter}"), policy.user_type()).unwrap();
            let query = Query {
                schema: Some(policy.user_type()),
                filter: Some(&filter),
                limit: 10,
                ..Query::default()
            };
            let page = api.db.store.users(id).list(&query).await.unwrap();
            let mut ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
            ids.sort_unstable();
            ids
        };
        let declare = async |exact: bool| {
            let attributes = json!([
                { "name": "number", "case_exact": exact },
                { "name": "floor", "type": "integer" },
                { "name": "since", "type": "dateTime" },
            ]);
            let body = json!({ "schemas": [badge(attributes)] });
            api.patch(&path, &body).await.expect(StatusCode::OK);
        };
        let (a, b) = (users[0].id, users[1].id);
        assert_eq!(found("number eq \"ab\"").await, [a, b], "undeclared");
        declare(true).await;
        assert_eq!(found("number eq \"Ab\"").await, [a]);
        assert_eq!(found("number eq \"AB\"").await, [b]);
        assert_eq!(found("floor gt 9").await, [a]);
        assert_eq!(found("since gt \"2025-12-31T00:00:00Z\"").await, [a]);
        declare(false).await;
        assert_eq!(found("number eq \"aB\"").await, [a, b]);
        api.patch(&path, &json!({ "schemas": null }))
            .await
            .expect(StatusCode::OK);
        assert_eq!(found("number eq \"ab\"").await, [a, b], "undeclared again");
        for user in &users {
            let row = api.db.store.users(id).by_id(user.id, false).await.unwrap().unwrap();
            let kept: Value = serde_json::from_str(&row.resource).unwrap();
            assert_eq!(kept, Value::Object(user.attributes.clone()), "only the search changes");
        }
        api.close().await;
    }
}

#[actix_web::test]
async fn a_rate_below_what_entra_requires_is_refused_with_the_reason() {
    let api = Api::on(BOTH[1]).await;
    let (_, path) = directory(&api).await;
    let refused = api.patch(&path, &json!({ "rate_limit": 10 })).await;
    assert!(refused.text.contains("quarantine"), "{}", refused.text);
    let set = api
        .patch(&path, &json!({ "rate_limit": 25 }))
        .await
        .expect(StatusCode::OK);
    assert_eq!(set["rate_limit"], 25);
    let back = api
        .patch(&path, &json!({ "rate_limit": null }))
        .await
        .expect(StatusCode::OK);
    assert_eq!(back["rate_limit"], json!(null));
    api.close().await;
}
