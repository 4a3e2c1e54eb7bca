//! What an administrator sets for a directory is what its identity provider meets.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use system::receiver::Receiver;
use system::scim::{Answer, group, user};
use system::{Shape, System, Tenant, assert_gapless};

crate::on_both_shapes! {
    required_attributes_and_unique_addresses_are_refused_with_what_to_mend,
    roles_and_grants_follow_the_settings,
    users_that_join_or_leave_a_group_that_gives_a_role_are_announced,
    switched_off_groups_are_refused_and_leave_discovery,
    a_declared_schema_is_listed_typed_and_filterable,
}

const BADGE: &str = "urn:acme:params:scim:schemas:badge:2.0:User";

/// Changes the settings of a directory. The projector follows at once; the ingress within a second.
async fn set(system: &System, tenant: &Tenant, settings: Value) -> Value {
    let path = format!("/directories/{}", tenant.directory_id);
    system.api("PATCH", &path, Some(settings)).await
}

/// Reads until the answer is as expected: what the ingress remembers of a directory is a second old at most.
async fn seen(tenant: &Tenant, path: &str, expected: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = tenant.scim.get(path).await;
        if expected(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path}: {}", answer.text);
        tokio::task::yield_now().await;
    }
}

async fn required_attributes_and_unique_addresses_are_refused_with_what_to_mend(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    set(
        &system,
        &tenant,
        json!({ "required_attributes": ["name.givenName"], "unique_emails": true }),
    )
    .await;
    let mut nameless = user("ada@contoso.example");
    nameless.as_object_mut().unwrap().remove("name");
    let answer = scim.send("POST", "/Users", Some(&nameless)).await;
    let detail = answer.expect_error(400, "invalidValue");
    assert!(
        detail.contains("name.givenName") && detail.contains("Attribute mapping"),
        "{detail}"
    );
    let id = scim.create_user("ada@contoso.example").await.id();
    let removal = scim
        .patch(&format!("/Users/{id}"), json!([{ "op": "remove", "path": "name" }]))
        .await;
    removal.expect_error(400, "invalidValue");
    let leaving = json!([{ "op": "Remove", "path": "name" }, { "op": "Replace", "path": "active", "value": "False" }]);
    scim.patch(&format!("/Users/{id}"), leaving).await.expect(200);

    let mut same = user("bob@contoso.example");
    same["emails"][0]["value"] = json!("ADA@contoso.example");
    let answer = scim.send("POST", "/Users", Some(&same)).await;
    assert!(answer.expect_error(409, "uniqueness").contains("emails"));
    // All at once: however they are batched, one of them gets the address.
    let posts = (0..8).map(|n| {
        let mut body = user(&format!("person{n}@contoso.example"));
        body["emails"][0]["value"] = json!("shared@contoso.example");
        async move { scim.send("POST", "/Users", Some(&body)).await.status }
    });
    let mut statuses = futures_util::future::join_all(posts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    system.stop().await;
}

async fn roles_and_grants_follow_the_settings(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    system
        .subscribe(&receiver, json!({ "event_types": ["user.created", "user.updated"] }))
        .await;
    let mut admin = user("admin@contoso.example");
    admin["roles"] = json!([{ "value": "Admin", "primary": true }]);
    scim.send("POST", "/Users", Some(&admin)).await.expect(201);
    let ada = scim.create_user("ada@contoso.example").await.id();
    let staff = scim.send("POST", "/Groups", Some(&group("Staff"))).await.id();
    let members = json!([{ "op": "Add", "path": "members", "value": [{ "value": ada }] }]);
    scim.patch(&format!("/Groups/{staff}"), members).await.expect(204);
    let shown = set(
        &system,
        &tenant,
        json!({ "group_roles": [{ "group_id": staff, "role": "User" }] }),
    )
    .await;
    assert_eq!(shown["group_roles"][0]["role"], "User");
    let title = json!([{ "op": "Replace", "path": "title", "value": "Dr" }]);
    scim.patch(&format!("/Users/{ada}"), title).await.expect(200);
    receiver.wait_for(4).await;
    let log = system.log(&tenant).await;
    let told: Vec<_> = log
        .iter()
        .filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("user.")))
        .map(|event| {
            (
                event["data"]["user"]["role"].clone(),
                event["data"]["user"]["grants"].clone(),
            )
        })
        .collect();
    let expected = [
        (json!("Admin"), json!(["app", "web"])),
        (Value::Null, json!(["app"])),
        // By the rule itself, and by the next change of the user.
        (json!("User"), json!(["app", "web"])),
        (json!("User"), json!(["app", "web"])),
    ];
    assert_eq!(told, expected);
    assert!(log.iter().any(|event| event["type"] == "directory.updated"));
    system.stop().await;
}

async fn users_that_join_or_leave_a_group_that_gives_a_role_are_announced(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let mut boss = user("boss@contoso.example");
    boss["roles"] = json!([{ "value": "Admin", "primary": true }]);
    let boss = scim.send("POST", "/Users", Some(&boss)).await.id();
    let ada = scim.create_user("ada@contoso.example").await.id();
    let bob = scim.create_user("bob@contoso.example").await.id();
    let (staff, crew) = (
        scim.send("POST", "/Groups", Some(&group("Staff"))).await.id(),
        scim.send("POST", "/Groups", Some(&group("Crew"))).await.id(),
    );
    let rules = json!([{ "group_id": crew, "role": "EnterpriseAdmin" }, { "group_id": staff, "role": "User" }]);
    set(&system, &tenant, json!({ "group_roles": rules, "default_grants": [] })).await;
    let mut known = system.log(&tenant).await.len();
    // Whose events came, with the role before and after.
    let mut told = async |expected: &[(&str, Value, Value)]| {
        let log = system.log(&tenant).await;
        assert_gapless(&log);
        let events = log.iter().skip(known).filter(|event| event["type"] == "user.updated");
        let mut told: Vec<_> = events
            .map(|event| {
                let user = &event["data"]["user"];
                let role = &event["data"]["changes"][0];
                assert_eq!(
                    (&role["path"], &role["after"]),
                    (&json!("role"), &user["role"]),
                    "{event}"
                );
                (user["id"].clone(), role["before"].clone(), role["after"].clone())
            })
            .collect();
        known = log.len();
        told.sort_by_key(|one| one.0.to_string());
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(id, from, to)| (json!(id), from.clone(), to.clone()))
            .collect();
        expected.sort_by_key(|one| one.0.to_string());
        assert_eq!(told, expected);
    };
    let (none, as_user, as_admin) = (Value::Null, json!("User"), json!("EnterpriseAdmin"));
    let members = |op: &str, ids: &[&String]| {
        let value: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
        json!([{ "op": op, "path": "members", "value": value }])
    };
    let (staff, crew) = (format!("/Groups/{staff}"), format!("/Groups/{crew}"));
    // The boss has a role already.
    scim.patch(&staff, members("Add", &[&ada, &bob, &boss]))
        .await
        .expect(204);
    told(&[
        (&ada, none.clone(), as_user.clone()),
        (&bob, none.clone(), as_user.clone()),
    ])
    .await;
    scim.patch(&crew, members("Add", &[&ada])).await.expect(204);
    told(&[(&ada, as_user.clone(), as_admin.clone())]).await;
    scim.patch(&staff, members("Remove", &[&ada])).await.expect(204);
    told(&[]).await;
    scim.patch(&staff, json!([{ "op": "replace", "path": "members", "value": [] }]))
        .await
        .expect(204);
    told(&[(&bob, as_user.clone(), none.clone())]).await;
    scim.patch(&staff, members("Add", &[&ada, &bob])).await.expect(204);
    told(&[(&bob, none.clone(), as_user.clone())]).await;
    scim.delete(&crew).await.expect(204);
    told(&[(&ada, as_admin.clone(), as_user.clone())]).await;
    let mut put = group("Staff");
    put["members"] = json!([{ "value": ada }]);
    scim.send("PUT", &staff, Some(&put)).await.expect(200);
    told(&[(&bob, as_user.clone(), none.clone())]).await;
    // The rule itself goes; grants go with the role.
    set(&system, &tenant, json!({ "group_roles": null })).await;
    told(&[(&ada, as_user, none)]).await;
    let log = system.log(&tenant).await;
    let last = log.last().unwrap();
    assert_eq!(
        (&last["type"], &last["data"]["user"]["grants"]),
        (&json!("user.updated"), &json!([]))
    );
    assert_eq!(last["data"]["changes"][1]["before"], json!(["app", "web"]));
    system.verify().await;
    system.stop().await;
}

async fn switched_off_groups_are_refused_and_leave_discovery(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let ada = scim.create_user("ada@contoso.example").await.id();
    let mut staff = group("Staff");
    staff["members"] = json!([{ "value": ada }]);
    let staff = scim.send("POST", "/Groups", Some(&staff)).await.id();
    set(&system, &tenant, json!({ "groups_enabled": false })).await;
    let refused = scim.send("POST", "/Groups", Some(&group("More"))).await;
    assert!(refused.expect_error(403, "").contains("groups are switched off"));
    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "Crew" }]);
    scim.patch(&format!("/Groups/{staff}"), rename.clone())
        .await
        .expect_error(403, "");
    let types = seen(&tenant, "/ResourceTypes", |answer| answer.body["totalResults"] == 1).await;
    assert_eq!(types.body["Resources"][0]["name"], "User");
    let schemas = scim.get("/Schemas").await;
    assert!(!schemas.text.contains("core:2.0:Group"), "{}", schemas.text);
    scim.get("/ResourceTypes/Group").await.expect_error(404, "");
    assert_eq!(scim.get("/Groups").await.expect(200)["totalResults"], 0);
    scim.get(&format!("/Groups/{staff}")).await.expect_error(404, "");
    // Nor does a filter, an order or an answer find out who is in which.
    for filter in [
        format!("groups.value eq \"{staff}\""),
        "groups pr".to_owned(),
        "groups[display eq \"Staff\"]".to_owned(),
    ] {
        scim.find("Users", &filter).await.expect_error(400, "invalidFilter");
        let everywhere =
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
        let found = scim.send("POST", "/.search", Some(&everywhere)).await;
        assert_eq!(found.expect(200)["totalResults"], 0, "{filter}");
    }
    scim.get("/Users?sortBy=groups.display").await.expect(200);
    let users = scim.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").await;
    assert!(
        !users.expect(200)["attributes"].to_string().contains("\"groups\""),
        "{}",
        users.text
    );
    let groups = scim.get(&format!("/Users/{ada}")).await.expect(200)["groups"].clone();
    assert!(groups.as_array().is_none_or(Vec::is_empty), "{groups}");
    set(&system, &tenant, json!({ "groups_enabled": null })).await;
    seen(&tenant, "/ResourceTypes", |answer| answer.body["totalResults"] == 2).await;
    scim.patch(&format!("/Groups/{staff}"), rename).await.expect(204);
    system.stop().await;
}

async fn a_declared_schema_is_listed_typed_and_filterable(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let badge = |name: &str, number: &str, floor: Value| {
        let mut body = user(name);
        body[BADGE] = json!({ "number": number, "floor": floor });
        body
    };
    // Before the schema is declared, anything goes, and is found without regard to case.
    let old = scim
        .send("POST", "/Users", Some(&badge("ada@contoso.example", "Ab", json!("12"))))
        .await
        .id();
    let found = async |filter: &str| {
        let list = scim.find("Users", &format!("{BADGE}:{filter}")).await;
        let list = list.expect(200)["Resources"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<_> = list
            .iter()
            .map(|user| user["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(found("number eq \"AB\"").await, std::slice::from_ref(&old));
    scim.get(&format!("/Schemas/{BADGE}")).await.expect_error(404, "");

    let attributes = json!([
        { "name": "number", "case_exact": true, "description": "Printed on the badge." },
        { "name": "floor", "type": "integer" },
    ]);
    let schemas = json!([{ "id": BADGE, "name": "Badge", "attributes": attributes }]);
    let shown = set(&system, &tenant, json!({ "schemas": schemas })).await;
    assert_eq!(shown["schemas"][0]["id"], BADGE);
    let listed = seen(&tenant, &format!("/Schemas/{BADGE}"), |answer| answer.status == 200).await;
    assert_eq!(listed.body["attributes"][0]["caseExact"], true);
    assert_eq!(listed.body["attributes"][1]["type"], "integer");
    let types = scim.get("/ResourceTypes/User").await;
    let extensions = types.expect(200)["schemaExtensions"].to_string();
    assert!(extensions.contains(BADGE), "{extensions}");

    assert!(
        found("number eq \"AB\"").await.is_empty(),
        "the old row is searched by the new schema"
    );
    assert_eq!(
        found("number eq \"Ab\" and {urn}:floor gt 9".replace("{urn}", BADGE).as_str()).await,
        [old]
    );
    let wrong = scim
        .send(
            "POST",
            "/Users",
            Some(&badge("eve@contoso.example", "E", json!("high"))),
        )
        .await;
    assert!(wrong.expect_error(400, "invalidValue").contains("floor"));
    let new = scim
        .send("POST", "/Users", Some(&badge("bob@contoso.example", "AB", json!("7"))))
        .await;
    assert_eq!(
        new.expect(201)[BADGE],
        json!({ "number": "AB", "floor": 7 }),
        "types are mended"
    );
    let path = format!("{BADGE}:floor");
    let moved = scim
        .patch(
            &format!("/Users/{}", new.id()),
            json!([{ "op": "Replace", "path": path, "value": "8" }]),
        )
        .await;
    assert_eq!(moved.expect(200)[BADGE]["floor"], 8);
    assert_eq!(found("floor eq 8").await, [new.id()]);
    assert_eq!(found("number eq \"AB\"").await, [new.id()]);
    system.stop().await;
}
