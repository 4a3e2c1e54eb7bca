//! Entra ID's sequences, step by step, with its own request shapes.

use serde_json::{Value, json};
use system::receiver::Receiver;
use system::scim::{ENTERPRISE, Scim, group, user};
use system::{Shape, System, assert_gapless};

crate::on_both_shapes! {
    a_connection_test_is_answered_with_an_empty_list,
    an_initial_cycle_creates_those_who_are_not_found,
    references_follow_when_the_users_exist,
    groups_are_created_empty_and_filled_by_deltas,
    an_incremental_cycle_sends_only_what_changed,
    disabling_and_enabling_keep_the_memberships,
    a_hard_delete_frees_the_name,
    a_restart_of_the_job_ends_with_no_change,
    every_matching_attribute_finds_its_user,
    cleared_attributes_are_gone,
    a_put_replaces_and_never_reactivates,
    discovery_describes_the_server,
}

// Rules: E10, E15, B21
async fn a_connection_test_is_answered_with_an_empty_list(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let answer = tenant
        .scim
        .find("Users", &format!("userName eq \"{}\"", uuid::Uuid::new_v4()))
        .await;
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
    });
    assert_eq!(*answer.expect(200), expected);
    let answer = tenant
        .scim
        .get("/Groups?excludedAttributes=members&filter=displayName+eq+%22nobody%22")
        .await;
    assert_eq!(answer.expect(200)["totalResults"], 0);
    system.stop().await;
}

async fn an_initial_cycle_creates_those_who_are_not_found(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    system
        .subscribe(&receiver, json!({ "event_types": ["user.created"] }))
        .await;
    let tenant = system.tenant("contoso.example").await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let name = format!("Person.{n}@contoso.example");
        let found = tenant.scim.find("Users", &format!("userName eq \"{name}\"")).await;
        assert_eq!(found.expect(200)["totalResults"], 0);
        let created = tenant.scim.create_user(&name).await;
        let body = created.expect(201);
        assert_eq!(body["userName"], name, "R15: returned as received");
        assert_eq!(body["active"], Value::Bool(true));
        assert_eq!(body["groups"], json!([]));
        assert_eq!(created.header("location"), body["meta"]["location"]);
        assert_eq!(created.header("etag"), body["meta"]["version"]);
        assert_eq!(body["meta"]["created"], body["meta"]["lastModified"]);
        let found = tenant
            .scim
            .find("Users", &format!("userName eq \"{}\"", name.to_uppercase()))
            .await;
        assert_eq!(
            found.expect(200)["Resources"][0],
            *body,
            "R28: compared without regard to case"
        );
        let read = tenant.scim.get(&format!("/Users/{}", created.id())).await;
        assert_eq!(read.expect(200), body);
        ids.push(created.id());
    }
    // Several are under way at once, so they are put in the order of the log.
    let mut arrivals = receiver.wait_for(5).await;
    arrivals.sort_by_key(|arrival| arrival.body["sequence"].as_i64());
    let told: Vec<_> = arrivals
        .iter()
        .map(|a| a.body["data"]["user"]["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, ids);
    assert!(
        arrivals
            .iter()
            .all(|arrival| arrival.verified && arrival.body["data"]["user"]["state"] == "active")
    );
    assert_gapless(&system.log(&tenant).await);
    receiver.stop().await;
    system.stop().await;
}

// Rules: E14, E26
async fn references_follow_when_the_users_exist(shape: Shape) {
    let system = System::start(shape).await;
    let Scim { .. } = system.tenant("other.example").await.scim;
    let tenant = system.tenant("contoso.example").await;
    let boss = tenant.scim.create_user("boss@contoso.example").await.id();
    let ada = tenant.scim.create_user("ada@contoso.example").await.id();
    let path = format!("{ENTERPRISE}:manager");
    let manager = |answer: &system::scim::Answer| answer.expect(200)[ENTERPRISE]["manager"]["value"].clone();
    // E26, V25: a string on the URN path; an array of objects on the bare path; the empty string removes.
    let answer = tenant
        .scim
        .patch(
            &format!("/Users/{ada}"),
            json!([{ "op": "Add", "path": path, "value": boss }]),
        )
        .await;
    assert_eq!(manager(&answer), json!(boss));
    let probe = format!("id eq \"{ada}\" and manager eq \"{boss}\"");
    assert_eq!(
        tenant.scim.find("Users", &probe).await.expect(200)["totalResults"],
        1,
        "E14"
    );
    let value = json!([{ "$ref": format!("http://x/Users/{boss}"), "value": boss }]);
    let answer = tenant
        .scim
        .patch(
            &format!("/Users/{ada}"),
            json!([{ "op": "Add", "path": "manager", "value": value }]),
        )
        .await;
    assert_eq!(manager(&answer), json!(boss));
    let answer = tenant
        .scim
        .patch(
            &format!("/Users/{ada}"),
            json!([{ "op": "replace", "path": path, "value": "" }]),
        )
        .await;
    assert_eq!(manager(&answer), Value::Null);
    // Each of the three changed something: the reference itself came with the second.
    let kinds: Vec<_> = system
        .log(&tenant)
        .await
        .iter()
        .skip(2)
        .map(|event| event["type"].clone())
        .collect();
    let (created, updated) = ("user.created", "user.updated");
    let expected = [created, created, updated, updated, updated];
    assert_eq!(kinds, expected);
    system.stop().await;
}

// Rules: E16, E18, E27, E29, E30, E31, E32, B6, B32, P20
async fn groups_are_created_empty_and_filled_by_deltas(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    system.subscribe(&receiver, json!({})).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let ada = scim.create_user("ada@contoso.example").await.id();
    let bob = scim.create_user("bob@contoso.example").await.id();
    let created = scim.send("POST", "/Groups", Some(&group("Sales EMEA"))).await;
    let id = created.id();
    assert_eq!(created.expect(201)["members"], json!([]));
    scim.send("POST", "/Groups", Some(&group("SALES emea")))
        .await
        .expect_error(409, "uniqueness");
    let path = format!("/Groups/{id}");
    // E29, then the same again, which is no change (B6).
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": ada }, { "value": bob }] }]);
    for _ in 0..2 {
        let answer = scim.patch(&path, add.clone()).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
    let members = |answer: &system::scim::Answer| {
        let mut ids: Vec<_> = answer.expect(200)["members"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["value"].clone())
            .collect();
        ids.sort_by_key(ToString::to_string);
        ids
    };
    assert_eq!(members(&scim.get(&path).await), [json!(ada), json!(bob)]);
    let without = scim.get(&format!("{path}?excludedAttributes=members")).await;
    assert!(without.expect(200).get("members").is_none(), "E16");
    assert_eq!(
        scim.get(&format!("/Users/{ada}")).await.expect(200)["groups"][0]["display"],
        "Sales EMEA",
        "R60"
    );
    // E30 removes those listed (B1), E31 by filter, and removing who is no member is no error (P16).
    let remove = json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": ada }] }]);
    scim.patch(&path, remove.clone()).await.expect(204);
    assert_eq!(members(&scim.get(&path).await), [json!(bob)]);
    scim.patch(&path, remove).await.expect(204);
    let filtered = json!([{ "op": "remove", "path": format!("members[value eq \"{bob}\"]") }]);
    scim.patch(&path, filtered).await.expect(204);
    assert!(members(&scim.get(&path).await).is_empty());
    // E32, and B32: an unknown member is named.
    scim.patch(
        &path,
        json!([{ "op": "Replace", "path": "displayName", "value": "Sales Europe" }]),
    )
    .await
    .expect(204);
    let stranger = uuid::Uuid::new_v4().to_string();
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "value": stranger }] }]);
    let detail = scim
        .patch(&path, add)
        .await
        .expect_error(400, "invalidValue")
        .to_owned();
    assert!(detail.contains(&stranger), "{detail}");
    scim.delete(&path).await.expect(204);
    scim.delete(&path).await.expect_error(404, "");
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    let kinds: Vec<&str> = log
        .iter()
        .skip(4)
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    let (added, removed) = ("group.member_added", "group.member_removed");
    assert_eq!(
        kinds,
        [
            "group.created",
            added,
            added,
            removed,
            removed,
            "group.updated",
            "group.deleted"
        ]
    );
    let arrivals = receiver.wait_for(log.len()).await;
    assert!(arrivals.iter().all(|arrival| arrival.verified));
    system.verify().await;
    receiver.stop().await;
    system.stop().await;
}

// Rules: E23, E24, E28, R12
async fn an_incremental_cycle_sends_only_what_changed(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let id = tenant.scim.create_user("m.lopez@contoso.example").await.id();
    let path = format!("/Users/{id}");
    // E23: several attributes, some into elements that do not exist yet (P12, P14), an unknown extension.
    let custom = "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User";
    let operations = json!([
        { "op": "Replace", "path": "displayName", "value": "Marta L. Ruiz" },
        { "op": "Replace", "path": "name.familyName", "value": "Ruiz" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "m.ruiz@contoso.example" },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+34 555 0199" },
        { "op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "B3/020" },
        { "op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "Retail" },
        { "op": "Replace", "path": format!("{custom}:badge"), "value": "B-77" },
    ]);
    let answer = tenant.scim.patch(&path, operations.clone()).await;
    let body = answer.expect(200).clone();
    assert_eq!(body["displayName"], "Marta L. Ruiz");
    assert_eq!(
        body["name"],
        json!({ "givenName": "Given", "familyName": "Ruiz" }),
        "P8"
    );
    assert_eq!(
        body["emails"],
        json!([{ "primary": true, "type": "work", "value": "m.ruiz@contoso.example" }])
    );
    assert_eq!(
        body["phoneNumbers"],
        json!([{ "type": "mobile", "value": "+34 555 0199" }])
    );
    assert_eq!(body["addresses"], json!([{ "type": "work", "formatted": "B3/020" }]));
    assert_eq!(body[ENTERPRISE]["department"], "Retail");
    assert_eq!(body[custom]["badge"], "B-77");
    // The same again is no change: same version, same time, no event (R12).
    let again = tenant.scim.patch(&path, operations).await;
    assert_eq!(*again.expect(200), body);
    // E28: the other dialect, path-less with dotted and URN-qualified keys; E24: the matching attribute itself.
    let value =
        json!({ "name.givenName": "Marta", "title": "Planner", format!("{ENTERPRISE}:employeeNumber"): "10043" });
    let answer = tenant
        .scim
        .patch(&path, json!([{ "op": "replace", "value": value }]))
        .await;
    assert_eq!(answer.expect(200)["name"]["givenName"], "Marta");
    assert_eq!(answer.body[ENTERPRISE]["employeeNumber"], "10043");
    let rename = json!([{ "op": "Replace", "path": "userName", "value": "m.ruiz@contoso.example" }]);
    tenant.scim.patch(&path, rename).await.expect(200);
    let found = tenant
        .scim
        .find("Users", "userName eq \"m.ruiz@contoso.example\"")
        .await;
    assert_eq!(found.expect(200)["Resources"][0]["id"], json!(id));
    let log = system.log(&tenant).await;
    assert_eq!(log.len(), 6, "two of the set-up, one created, three updated");
    let changed: Vec<_> = log[5]["data"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["path"].clone())
        .collect();
    assert_eq!(changed, ["userName"]);
    system.stop().await;
}

// Rules: E21, E22, B8
async fn disabling_and_enabling_keep_the_memberships(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let ada = scim.create_user("ada@contoso.example").await.id();
    let group = scim.send("POST", "/Groups", Some(&group("Sales"))).await.id();
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "value": ada }] }]);
    scim.patch(&format!("/Groups/{group}"), add).await.expect(204);
    let path = format!("/Users/{ada}");
    // E21, E22 and what else has been seen: strings in any case, real booleans, path-less.
    let forms = [
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        json!([{ "op": "replace", "path": "active", "value": true }]),
        json!([{ "op": "replace", "value": { "active": false } }]),
        json!([{ "op": "Add", "path": "active", "value": "true" }]),
    ];
    for (n, form) in forms.iter().enumerate() {
        let answer = scim.patch(&path, form.clone()).await;
        assert_eq!(answer.expect(200)["active"], Value::Bool(n % 2 == 1), "{form}");
        let found = scim.find("Users", "userName eq \"ada@contoso.example\"").await;
        assert_eq!(found.expect(200)["totalResults"], 1, "inactive users are found");
        assert_eq!(scim.get(&path).await.expect(200)["groups"][0]["value"], json!(group));
    }
    let kinds: Vec<_> = system
        .log(&tenant)
        .await
        .iter()
        .skip(5)
        .map(|event| event["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "user.deactivated",
            "user.reactivated",
            "user.deactivated",
            "user.reactivated"
        ]
    );
    system.stop().await;
}

// Rules: E13, E17, R54, B34
async fn a_hard_delete_frees_the_name(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let first = scim.create_user("ada@contoso.example").await.id();
    let path = format!("/Users/{first}");
    let answer = scim.delete(&path).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let title = json!([{ "op": "replace", "path": "title", "value": "x" }]);
    let (unknown, malformed) = (format!("/Users/{}", uuid::Uuid::new_v4()), "/Users/no-id".to_owned());
    for answer in [
        scim.get(&path).await,
        scim.delete(&path).await,
        scim.patch(&path, title.clone()).await,
        scim.delete(&unknown).await,
        scim.patch(&unknown, title.clone()).await,
        scim.patch(&malformed, title).await,
        scim.delete("/Groups/no-id").await,
    ] {
        answer.expect_error(404, "");
    }
    assert_eq!(
        scim.find("Users", "userName eq \"ada@contoso.example\"")
            .await
            .expect(200)["totalResults"],
        0
    );
    let second = scim.create_user("ada@contoso.example").await.id();
    assert_ne!(first, second, "R54");
    system.stop().await;
}

async fn a_restart_of_the_job_ends_with_no_change(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let names: Vec<String> = (0..10).map(|n| format!("person{n}@contoso.example")).collect();
    for name in &names {
        tenant.scim.create_user(name).await.expect(201);
    }
    let before = system.log(&tenant).await;
    for name in &names {
        let found = tenant.scim.find("Users", &format!("userName eq \"{name}\"")).await;
        let resource = &found.expect(200)["Resources"][0];
        // What Entra compares: every attribute that it has sent comes back exactly.
        for (attribute, value) in user(name).as_object().unwrap() {
            if !["schemas", "meta", "roles"].contains(&attribute.as_str()) {
                assert_eq!(resource[attribute], *value, "{attribute}");
            }
        }
        let conflict = tenant.scim.create_user(&name.to_uppercase()).await;
        conflict.expect_error(409, "uniqueness");
    }
    assert_eq!(system.log(&tenant).await, before);
    system.stop().await;
}

// Rules: E11, E12, B18, R32, R33
async fn every_matching_attribute_finds_its_user(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let id = tenant.scim.create_user("m.lopez+tag@contoso.example").await.id();
    tenant.scim.create_user("other@contoso.example").await.expect(201);
    let filters = [
        "userName eq \"M.Lopez+tag@contoso.example\"".to_owned(),
        "externalId eq \"m.lopez+tag\"".to_owned(),
        format!("id eq \"{id}\""),
        "displayName eq \"m.lopez+tag@contoso.example\"".to_owned(),
        "emails[type eq \"work\"].value eq \"m.lopez+tag@CONTOSO.example\"".to_owned(),
        "emails.value eq \"m.lopez+tag@contoso.example\" and active eq true".to_owned(),
        "USERNAME EQ \"m.lopez+tag@contoso.example\"".to_owned(),
        "  userName   eq   \"m.lopez+tag@contoso.example\"  ".to_owned(),
        "userName eq m.lopez+tag@contoso.example".to_owned(),
        "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"m.lopez+tag@contoso.example\"".to_owned(),
    ];
    for filter in filters {
        let found = tenant.scim.find("Users", &filter).await;
        let ids: Vec<_> = found.expect(200)["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["id"].clone())
            .collect();
        assert_eq!(ids, [json!(id)], "{filter}");
    }
    // R32: a plus sign in the query is a space, %2B is a plus.
    let found = tenant
        .scim
        .get("/Users?filter=userName+eq+%22m.lopez%2Btag@contoso.example%22&")
        .await;
    assert_eq!(found.expect(200)["totalResults"], 1);
    tenant
        .scim
        .find("Users", "externalId eq \"M.LOPEZ+TAG\"")
        .await
        .expect(200);
    tenant
        .scim
        .find("Users", "nickname42 eq \"x\"")
        .await
        .expect_error(400, "invalidFilter");
    tenant
        .scim
        .find("Users", "userName eq")
        .await
        .expect_error(400, "invalidFilter");
    system.stop().await;
}

// Rules: E34, P19
async fn cleared_attributes_are_gone(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let id = tenant.scim.create_user("ada@contoso.example").await.id();
    let path = format!("/Users/{id}");
    for empty in [json!(""), Value::Null] {
        let fill = json!([
            { "op": "replace", "path": "title", "value": "Planner" },
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@contoso.example" },
            { "op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "Retail" },
        ]);
        tenant.scim.patch(&path, fill).await.expect(200);
        let clear = json!([
            { "op": "replace", "path": "title", "value": empty },
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": empty },
            { "op": "replace", "value": { format!("{ENTERPRISE}:department"): empty } },
        ]);
        let answer = tenant.scim.patch(&path, clear).await;
        let body = answer.expect(200);
        assert!(body.get("title").is_none(), "E34: {body}");
        assert!(
            body["emails"]
                .as_array()
                .is_none_or(|emails| emails.iter().all(|e| e.get("value").is_none())),
            "{body}"
        );
        assert!(body[ENTERPRISE].get("department").is_none(), "{body}");
    }
    let clear = json!([{ "op": "replace", "path": "userName", "value": "" }]);
    assert_eq!(
        tenant.scim.patch(&path, clear).await.status,
        400,
        "a required attribute stays"
    );
    system.stop().await;
}

// Rules: R10, R11, R51, R52, B25
async fn a_put_replaces_and_never_reactivates(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let created = tenant.scim.create_user("ada@contoso.example").await;
    let path = format!("/Users/{}", created.id());
    tenant
        .scim
        .patch(&path, json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .expect(200);
    let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "forged",
                       "userName": "ada@contoso.example", "displayName": "Ada L.", "groups": [{ "value": "x" }] });
    let answer = tenant.scim.send("PUT", &path, Some(&body)).await;
    assert_eq!(answer.expect(200)["active"], Value::Bool(false), "R52, B25");
    assert_eq!(answer.body["id"], json!(created.id()), "B30");
    assert!(answer.body.get("emails").is_none(), "R51: what is left out is cleared");
    // R10: a stale tag is refused, the current one is taken, weak or not.
    let stale = tenant
        .scim
        .try_send("PUT", &path, Some(&body), &[("if-match", "W/\"1\"")])
        .await
        .unwrap();
    stale.expect_error(412, "");
    let etag = answer.header("etag").to_owned();
    let current = tenant
        .scim
        .try_send("PUT", &path, Some(&body), &[("if-match", &etag)])
        .await
        .unwrap();
    assert_eq!(
        current.expect(200)["meta"]["version"],
        json!(etag),
        "R12: nothing changed"
    );
    let read = tenant
        .scim
        .try_send("GET", &path, None, &[("if-none-match", &etag)])
        .await
        .unwrap();
    assert_eq!((read.status, read.text.as_str()), (304, ""), "R11");
    tenant
        .scim
        .send("PUT", &format!("/Users/{}", uuid::Uuid::new_v4()), Some(&body))
        .await
        .expect_error(404, "");
    system.stop().await;
}

// Rules: E19, R45, R55, R56, B37
async fn discovery_describes_the_server(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let config = tenant.scim.get("/ServiceProviderConfig").await;
    assert_eq!(config.expect(200)["patch"]["supported"], true);
    assert_eq!(config.body["bulk"]["supported"], true);
    let anonymous = tenant.scim.with_token("nothing");
    anonymous.get("/ServiceProviderConfig").await.expect(200);
    anonymous.get("/Schemas").await.expect_error(401, "");
    let types = tenant.scim.get("/ResourceTypes").await;
    let names: Vec<_> = types.expect(200)["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].clone())
        .collect();
    assert_eq!(names, ["User", "Group"]);
    let schemas = tenant.scim.get("/Schemas").await;
    assert_eq!(schemas.expect(200)["totalResults"], 3);
    let one = tenant
        .scim
        .get("/Schemas/urn%3Aietf%3Aparams%3Ascim%3Aschemas%3Acore%3A2.0%3AGroup")
        .await;
    assert_eq!(one.expect(200)["name"], "Group");
    let absent = tenant.scim.get("/Schemas/urn:nothing").await;
    assert!(
        absent.expect_error(404, "").contains("urn:nothing"),
        "a SCIM error that says what is not there"
    );
    assert_eq!(
        tenant.scim.get("/ServiceProviderConfigs").await.expect(200),
        config.expect(200)
    );
    tenant
        .scim
        .get("/Schemas?filter=id%20eq%20%22x%22")
        .await
        .expect_error(403, "");
    tenant
        .scim
        .send("POST", "/Schemas", Some(&json!({})))
        .await
        .expect_error(405, "");
    tenant.scim.get("/Me").await.expect_error(501, "");
    system.stop().await;
}
