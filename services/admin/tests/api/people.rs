//! `/directories/{id}/users` and `/directories/{id}/groups`: reading.

use crate::harness::{Api, BOTH, text};
use actix_web::http::StatusCode;
use events::{GroupRef, MemberRef, ResourceId, ResourceKind, StoredResource, Timestamp};
use scim::schema::ResourceType;
use serde_json::{Value, json};
use store::Dialect;
use store::testing::{insert_groups, insert_users};

/// A directory with people and a group of all of them.
struct World {
    api: Api,
    path: String,
    directory: Value,
    users: Vec<StoredResource>,
    group: ResourceId,
}

impl World {
    async fn with(dialect: Dialect, count: usize) -> Self {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let id = text(&directory, "id").parse().unwrap();
        let group = ResourceId::new();
        let engineers = GroupRef {
            id: group,
            display_name: "Engineers".to_owned(),
        };
        let users: Vec<_> = (0..count)
            .map(|n| {
                let attributes = json!({
                    "userName": format!("user{n}@contoso.com"),
                    "active": n % 2 == 0,
                    "name": { "givenName": format!("Given {n}") },
                    "title": "Analyst",
                    "emails": [{ "value": format!("user{n}@contoso.com"), "type": "work" }],
                    "roles": [{ "value": "Admin" }],
                });
                StoredResource {
                    groups: vec![engineers.clone()],
                    ..stored(attributes)
                }
            })
            .collect();
        let members = users.iter().map(|user| MemberRef {
            id: user.id,
            kind: ResourceKind::User,
            display: None,
        });
        let team = StoredResource {
            id: group,
            members: Some(members.collect()),
            ..stored(json!({ "displayName": "Engineers", "externalId": "g1" }))
        };
        insert_users(&api.db.store, id, ResourceType::user(), &users)
            .await
            .unwrap();
        insert_groups(&api.db.store, id, &[team]).await.unwrap();
        Self {
            path: format!("/api/v1/directories/{id}"),
            api,
            directory,
            users,
            group,
        }
    }

    /// All pages of a list.
    async fn pages(&self, list: &str) -> Vec<Value> {
        let (mut seen, mut path) = (Vec::new(), format!("{}{list}", self.path));
        loop {
            let page = self.api.get(&path).await.expect(StatusCode::OK);
            seen.extend(page["data"].as_array().unwrap().clone());
            let Some(cursor) = page["next_cursor"].as_str() else {
                return seen;
            };
            path = format!("{}{list}&cursor={cursor}", self.path);
        }
    }
}

fn stored(attributes: Value) -> StoredResource {
    let Value::Object(attributes) = attributes else {
        panic!("no attributes")
    };
    StoredResource {
        id: ResourceId::new(),
        version: 1,
        created_at: Timestamp::now(),
        updated_at: Timestamp::now(),
        attributes,
        groups: Vec::new(),
        members: None,
    }
}

#[actix_web::test]
async fn a_user_is_shown_in_the_normalized_shape() {
    for dialect in BOTH {
        let world = World::with(dialect, 1).await;
        let id = world.users[0].id;
        let user = world.api.get(&format!("{}/users/{id}", world.path)).await;
        let user = user.expect(StatusCode::OK);
        assert_eq!(user["id"], json!(id));
        assert_eq!(user["organization_id"], world.directory["organization_id"]);
        assert_eq!(user["directory_id"], world.directory["id"]);
        assert_eq!(user["user_name"], "user0@contoso.com");
        assert_eq!(user["email"], "user0@contoso.com");
        assert_eq!(user["first_name"], "Given 0");
        assert_eq!(user["last_name"], Value::Null);
        assert_eq!((&user["state"], &user["role"]), (&json!("active"), &json!("Admin")));
        assert_eq!(user["grants"], json!(["app", "web"]));
        assert_eq!(
            user["groups"],
            json!([{ "id": world.group, "display_name": "Engineers" }])
        );
        assert_eq!(user["raw"]["userName"], "user0@contoso.com");
        let list = world.api.get(&format!("{}/users", world.path)).await;
        assert_eq!(
            list.expect(StatusCode::OK),
            json!({ "data": [user], "next_cursor": null })
        );
        world.api.close().await;
    }
}

#[actix_web::test]
async fn users_groups_and_members_are_read_in_pages_to_their_ends() {
    for dialect in BOTH {
        let world = World::with(dialect, 5).await;
        let ids: Vec<_> = world.users.iter().map(|user| json!(user.id)).collect();
        let shown = |page: Vec<Value>| page.into_iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
        assert_eq!(shown(world.pages("/users?limit=2").await), ids);
        let members = world.pages(&format!("/groups/{}/members?limit=2", world.group)).await;
        assert_eq!(members[0]["group_id"], json!(world.group));
        assert_eq!(members[0]["organization_id"], world.directory["organization_id"]);
        assert_eq!(members[0]["directory_id"], world.directory["id"]);
        assert_eq!(members[0]["type"], "user");
        let mut sorted = ids.clone();
        sorted.sort_by_key(ToString::to_string);
        assert_eq!(shown(members), sorted);
        let groups = world.pages("/groups?limit=1").await;
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0]["organization_id"], world.directory["organization_id"]);
        assert_eq!(groups[0]["raw"]["displayName"], "Engineers");
        let one = world.api.get(&format!("{}/groups/{}", world.path, world.group)).await;
        assert_eq!(one.expect(StatusCode::OK), groups[0]);
        world.api.close().await;
    }
}

#[actix_web::test]
async fn a_filter_is_that_of_scim_and_goes_on_over_pages() {
    for dialect in BOTH {
        let world = World::with(dialect, 6).await;
        for (filter, expected) in [
            ("active%20eq%20true", vec![0, 2, 4]),
            ("userName%20eq%20%22USER3@contoso.com%22", vec![3]),
            (
                "name.givenName%20ew%20%221%22%20or%20emails.value%20sw%20%22user5%22",
                vec![1, 5],
            ),
        ] {
            let found = world.pages(&format!("/users?limit=1&filter={filter}")).await;
            let found: Vec<_> = found.iter().map(|user| user["id"].clone()).collect();
            let expected: Vec<_> = expected.into_iter().map(|n: usize| json!(world.users[n].id)).collect();
            assert_eq!(found, expected, "{filter}");
        }
        let found = world.pages("/groups?limit=1&filter=externalId%20eq%20%22g1%22").await;
        assert_eq!(found.len(), 1);
        world.api.close().await;
    }
}

#[actix_web::test]
async fn faults_of_a_query_are_reported_together_and_a_cursor_is_good_for_its_list_only() {
    let world = World::with(BOTH[1], 3).await;
    let path = format!("{}/users", world.path);
    let faults = world
        .api
        .get(&format!("{path}?limit=0&filter=nope%20eq&cursor=x"))
        .await;
    assert_eq!(faults.faults(400), ["limit", "filter", "cursor"]);
    let page = world.api.get(&format!("{path}?limit=1")).await.expect(StatusCode::OK);
    let cursor = text(&page, "next_cursor");
    for other in [
        format!("{path}?limit=1&filter=active%20eq%20true&cursor={cursor}"),
        format!("{}/groups?cursor={cursor}", world.path),
        format!("{}/groups/{}/members?cursor={cursor}", world.path, world.group),
    ] {
        assert_eq!(world.api.get(&other).await.faults(400), ["cursor"], "{other}");
    }
    world.api.close().await;
}

#[actix_web::test]
async fn nobody_sees_the_people_of_another_directory_nor_groups_that_are_switched_off() {
    for dialect in BOTH {
        let world = World::with(dialect, 1).await;
        let other = world.api.directory("fabrikam.com").await;
        let theirs = format!("/api/v1/directories/{}", text(&other, "id"));
        let (user, group) = (world.users[0].id, world.group);
        for path in [
            format!("{theirs}/users/{user}"),
            format!("{theirs}/groups/{group}"),
            format!("{theirs}/groups/{group}/members"),
            format!("{}/users/{group}", world.path),
            format!("{}/groups/{user}", world.path),
            format!("{}/users/x", world.path),
            "/api/v1/directories/x/users".to_owned(),
        ] {
            world.api.get(&path).await.problem(404);
        }
        let list = world.api.get(&format!("{theirs}/users")).await.expect(StatusCode::OK);
        assert_eq!(list, json!({ "data": [], "next_cursor": null }));
        let off = world.api.patch(&world.path, &json!({ "groups_enabled": false })).await;
        off.expect(StatusCode::OK);
        let shown = world.api.get(&format!("{}/users/{user}", world.path)).await;
        assert_eq!(shown.expect(StatusCode::OK)["groups"], json!([]));
        let groups = world.api.get(&format!("{}/groups", world.path)).await;
        assert_eq!(groups.expect(StatusCode::OK)["data"], json!([]));
        world
            .api
            .get(&format!("{}/groups/{group}", world.path))
            .await
            .problem(404);
        world.api.close().await;
    }
}

#[actix_web::test]
async fn a_preview_tells_who_is_matched_by_what_and_what_would_change() {
    for dialect in BOTH {
        let world = World::with(dialect, 4).await;
        let ids: Vec<_> = world.users.iter().map(|user| json!(user.id)).collect();
        let list = json!({
            "complete": true,
            "users": [
                { "userName": "USER0@contoso.com", "title": "Countess" },
                { "userName": "new@contoso.com", "emails": [{ "value": "user1@contoso.com" }], "active": true },
                { "userName": "somebody@contoso.com" },
                { "userName": "user0@contoso.com" },
                { "userName": "" },
            ],
            "groups": [
                { "externalId": "g1", "displayName": "Engineers", "members": [] },
                { "displayName": "Others", "members": [{ "value": ids[0] }] },
            ],
        });
        let path = format!("{}/preview", world.path);
        let told = world.api.post(&path, &list).await.expect(StatusCode::OK);
        let users = told["users"].as_array().unwrap();
        assert_eq!(
            (&users[0]["effect"], &users[0]["matched_by"]),
            (&json!("changed"), &json!("user_name"))
        );
        assert_eq!((&users[0]["id"], &users[1]["id"]), (&ids[0], &ids[1]));
        let change =
            |path: &str, before: Value, after: Value| json!({ "path": path, "before": before, "after": after });
        let changes = users[0]["changes"].as_array().unwrap();
        assert!(
            changes.contains(&change("title", json!("Analyst"), json!("Countess"))),
            "{changes:?}"
        );
        assert_eq!(
            (&users[1]["effect"], &users[1]["matched_by"]),
            (&json!("reactivated"), &json!("email"))
        );
        assert_eq!(
            (&users[2]["effect"], &users[2]["id"]),
            (&json!("created"), &Value::Null)
        );
        assert_eq!(
            (&users[3]["effect"], &users[4]["effect"]),
            (&json!("refused"), &json!("refused"))
        );
        assert!(text(&users[3], "detail").contains("twice") && text(&users[4], "detail").contains("userName"));
        // Of the two active ones, one is in the list.
        assert_eq!((&told["created"], &told["changed"]), (&json!(1), &json!(2)));
        assert_eq!((&told["missing"], &told["deactivated"]), (&json!(1), &json!(1)));
        let groups = told["groups"].as_array().unwrap();
        assert_eq!(
            (&groups[0]["emptied"], &groups[0]["leaving"]),
            (&json!(true), &json!(4))
        );
        assert_eq!(
            (&groups[0]["matched_by"], &groups[0]["changes"]),
            (&json!("external_id"), &json!([]))
        );
        assert_eq!(
            (&groups[1]["effect"], &groups[1]["joining"]),
            (&json!("created"), &json!(1))
        );
        let after = world
            .api
            .get(&format!("{}/users", world.path))
            .await
            .expect(StatusCode::OK);
        assert_eq!(after["data"].as_array().unwrap().len(), 4, "nothing is written");
        assert_eq!(after["data"][0]["job_title"], "Analyst");
        world.api.close().await;
    }
}

#[actix_web::test]
async fn a_preview_takes_a_list_of_bounded_length_and_says_which() {
    let world = World::with(BOTH[1], 1).await;
    let users: Vec<_> = (0..501).map(|n| json!({ "userName": format!("u{n}") })).collect();
    let refused = world
        .api
        .post(&format!("{}/preview", world.path), &json!({ "users": users }))
        .await;
    let refused = refused.problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "#/users");
    assert!(text(&refused["errors"][0], "detail").contains("500"));
    world.api.close().await;
}

#[actix_web::test]
async fn an_attribute_map_shows_attributes_under_names_of_the_app_and_tells_who_changed_by_that() {
    for dialect in BOTH {
        let world = World::with(dialect, 3).await;
        let events = world.api.log(2).await.len();
        let map =
            json!({ "attribute_map": { "given": "NAME.givenname", "addresses": "emails.value", "nick": "nickName" } });
        let changed = world.api.patch(&world.path, &map).await.expect(StatusCode::OK);
        assert_eq!(changed["attribute_map"], map["attribute_map"]);
        let user = world
            .api
            .get(&format!("{}/users/{}", world.path, world.users[1].id))
            .await;
        let user = user.expect(StatusCode::OK);
        assert_eq!(
            user["custom"],
            json!({ "addresses": ["user1@contoso.com"], "given": "Given 1" })
        );
        // One event of the directory, and one of each user.
        let log = world.api.log(events + 4).await;
        assert_eq!(
            (&log[events]["type"], &log[events]["data"]["changes"][0]["path"]),
            (&json!("directory.updated"), &json!("attribute_map"))
        );
        let told = &log[events + 2];
        assert_eq!(
            (&told["type"], &told["source"]),
            (&json!("user.updated"), &json!("api"))
        );
        assert_eq!(told["data"]["user"], user);
        let paths: Vec<_> = told["data"]["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["path"].clone())
            .collect();
        assert_eq!(paths, ["custom.addresses", "custom.given"]);
        // A change that shows nobody in another way is told of the directory alone.
        let map = json!({ "attribute_map": { "given": "name.givenName", "addresses": "emails.value" } });
        world.api.patch(&world.path, &map).await.expect(StatusCode::OK);
        world.api.log(events + 5).await;
        let path = format!("{}/users/{}?at={events}", world.path, world.users[1].id);
        let past = world.api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(past["raw"]["meta"]["version"], user["raw"]["meta"]["version"]);
        assert_eq!(
            (past["raw"].get("custom"), &past["first_name"]),
            (None, &json!("Given 1"))
        );
        world.api.close().await;
    }
}

#[actix_web::test]
async fn every_fault_of_an_attribute_map_is_told_and_paths_are_suggested() {
    let world = World::with(BOTH[1], 3).await;
    let map = json!({ "attribute_map": { "Bad Name": "title", "nope": "noSuchThing", "number": 7 } });
    assert_eq!(
        world.api.patch(&world.path, &map).await.faults(422),
        ["#/attribute_map/number", "#/attribute_map/Bad Name"]
    );
    let map = json!({ "attribute_map": { "Bad Name": "title" } });
    assert_eq!(
        world.api.patch(&world.path, &map).await.faults(422),
        ["#/attribute_map/Bad Name"]
    );
    let map = json!({ "attribute_map": { "nope": "noSuchThing", "meta": "meta.created" } });
    let faults = world.api.patch(&world.path, &map).await.faults(422);
    assert_eq!(faults, ["#/attribute_map/meta", "#/attribute_map/nope"]);
    let map = json!({ "attribute_map": { "job": "title" } });
    world.api.patch(&world.path, &map).await.expect(StatusCode::OK);
    let found = world
        .api
        .get(&format!("{}/attribute-paths", world.path))
        .await
        .expect(StatusCode::OK);
    assert_eq!(found["sampled"], 3);
    let data = found["data"].as_array().unwrap();
    let title = data.iter().find(|one| one["path"] == "title").unwrap();
    assert_eq!(
        title,
        &json!({ "path": "title", "suggested_name": "title", "type": "string", "users": 3, "is_mapped": true })
    );
    assert!(
        data.iter()
            .any(|one| one["path"] == "emails.value" && one["is_mapped"] == false)
    );
    world.api.close().await;
}

#[actix_web::test]
async fn a_table_of_roles_by_group_is_tried_before_it_is_set() {
    for dialect in BOTH {
        let world = World::with(dialect, 3).await;
        let path = format!("{}/group-roles/preview", world.path);
        let rules = json!({ "group_roles": [{ "group_id": world.group, "role": "Editor" }] });
        let tried = world.api.post(&path, &rules).await.expect(StatusCode::OK);
        let rule = json!({
            "group_id": world.group,
            "display_name": "Engineers",
            "role": "Editor",
            // All of them have a role of their own.
            "people": 0,
            "changed": 0,
        });
        assert_eq!(tried, json!({ "rules": [rule], "losing": 0 }));
        let unset = world.api.get(&world.path).await.expect(StatusCode::OK);
        assert_eq!(unset["group_roles"], json!([]));
        let nobody = json!({ "group_roles": [{ "group_id": ResourceId::new(), "role": "Editor" }] });
        assert_eq!(
            world.api.post(&path, &nobody).await.faults(422),
            ["#/group_roles/0/group_id"]
        );
        world.api.close().await;
    }
}
