//! The app's own people, by the management API: they go by the same way as those of an identity provider.

use serde_json::{Value, json};
use system::receiver::Receiver;
use system::{Shape, System, assert_gapless};

crate::on_both_shapes! {
    people_of_the_app_are_made_changed_and_deleted_and_an_identity_provider_can_import_them,
    groups_of_the_app_have_members_and_lose_them,
    every_fault_of_a_user_is_told_at_once_and_the_settings_of_the_directory_hold,
    a_post_that_is_repeated_makes_one_user,
    the_history_of_a_person_tells_what_changed_and_who_was_told_and_the_past_can_be_read,
}

async fn people_of_the_app_are_made_changed_and_deleted_and_an_identity_provider_can_import_them(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let receiver = Receiver::start();
    system.subscribe(&receiver, json!({ "event_types": ["user.*"] })).await;
    let users = format!("/directories/{}/users", tenant.directory_id);
    let boss = system
        .api("POST", &users, Some(json!({ "user_name": "boss@contoso.example" })))
        .await;
    let body = json!({
        "user_name": "ada@contoso.example", "email": "ada@contoso.example", "first_name": "Ada",
        "last_name": "Lovelace", "department": "Engines", "manager_id": boss["id"], "role": "Admin",
        "raw": { "nickName": "Countess", "schemas": ["x"], "id": "y" },
    });
    let ada = system.api("POST", &users, Some(body)).await;
    assert_eq!(ada["organization_id"], tenant.organization_id.as_str());
    assert_eq!(
        (&ada["state"], &ada["role"], &ada["grants"]),
        (&json!("active"), &json!("Admin"), &json!(["app", "web"]))
    );
    assert_eq!(
        (&ada["department"], &ada["manager_id"]),
        (&json!("Engines"), &boss["id"])
    );
    let one = format!("{users}/{}", ada["id"].as_str().unwrap());
    assert_eq!(system.api("GET", &one, None).await, ada);

    // What the identity provider reads when it imports.
    let path = format!("/Users/{}", ada["id"].as_str().unwrap());
    let imported = tenant.scim.get(&path).await;
    let imported = imported.expect(200);
    assert_eq!(imported["nickName"], "Countess");
    assert_eq!(
        imported["name"],
        json!({ "givenName": "Ada", "familyName": "Lovelace" })
    );
    assert_eq!(
        imported["emails"],
        json!([{ "type": "work", "primary": true, "value": "ada@contoso.example" }])
    );

    let body = json!({
        "last_name": null, "job_title": "Analyst", "department": null, "state": "inactive",
        "raw": { "nickName": null, "name": { "middleName": "King" } },
    });
    let changed = system.api("PATCH", &one, Some(body)).await;
    assert_eq!(
        (&changed["first_name"], &changed["last_name"]),
        (&json!("Ada"), &Value::Null)
    );
    assert_eq!(
        (&changed["department"], &changed["manager_id"]),
        (&Value::Null, &boss["id"])
    );
    assert_eq!(
        (&changed["state"], &changed["job_title"]),
        (&json!("inactive"), &json!("Analyst"))
    );
    assert_eq!(changed["raw"]["nickName"], Value::Null);
    assert_eq!(
        changed["raw"]["name"],
        json!({ "givenName": "Ada", "middleName": "King" })
    );
    assert_eq!(system.api("PATCH", &one, Some(json!({}))).await, changed);
    assert_eq!(system.try_api("DELETE", &one, None).await.0, 204);
    assert_eq!(system.try_api("DELETE", &one, None).await.0, 404);
    assert_eq!(
        system
            .try_api("PATCH", &one, Some(json!({ "state": "active" })))
            .await
            .0,
        404
    );

    let log = system.log(&tenant).await;
    assert_gapless(&log);
    let of_people: Vec<_> = log.iter().filter(|event| event["data"].get("user").is_some()).collect();
    let kinds: Vec<_> = of_people.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["user.created", "user.created", "user.deactivated", "user.deleted"]
    );
    assert!(of_people.iter().all(|event| event["source"] == "api"), "{of_people:?}");
    assert_eq!(of_people[1]["data"]["user"], ada);
    let arrivals = receiver.wait_for(4).await;
    assert!(arrivals.iter().all(|arrival| arrival.body["source"] == "api"));
    system.verify().await;
    system.stop().await;
}

async fn groups_of_the_app_have_members_and_lose_them(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let directory = format!("/directories/{}", tenant.directory_id);
    let (users, groups) = (format!("{directory}/users"), format!("{directory}/groups"));
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let user = system.api("POST", &users, Some(json!({ "user_name": name }))).await;
        ids.push(user["id"].clone());
    }
    let stranger = "0190f5a4-3b1e-7c3a-8d2f-000000000001";
    let body = json!({ "display_name": "Engineers", "members": [ids[0], stranger, ids[1]] });
    let (status, refused) = system.try_api("POST", &groups, Some(body)).await;
    assert_eq!(
        (status, &refused["errors"][0]["pointer"]),
        (422, &json!("#/members/1")),
        "{refused}"
    );
    let body = json!({ "display_name": "Engineers", "external_id": "g1", "members": [ids[0], ids[1]] });
    let group = system.api("POST", &groups, Some(body.clone())).await;
    assert_eq!(
        (&group["display_name"], &group["external_id"]),
        (&json!("Engineers"), &json!("g1"))
    );
    let (status, taken) = system.try_api("POST", &groups, Some(body)).await;
    assert_eq!(
        (status, &taken["errors"][0]["pointer"]),
        (409, &json!("#/display_name")),
        "{taken}"
    );
    let one = format!("{groups}/{}", group["id"].as_str().unwrap());
    let body =
        json!({ "display_name": "Engines", "external_id": null, "add_members": [ids[2]], "remove_members": [ids[0]] });
    let changed = system.api("PATCH", &one, Some(body)).await;
    assert_eq!(
        (&changed["display_name"], &changed["external_id"]),
        (&json!("Engines"), &Value::Null)
    );
    let members = system.api("GET", &format!("{one}/members"), None).await;
    let members: Vec<_> = members["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["id"].clone())
        .collect();
    assert_eq!(members, ids[1..]);
    let shown = tenant
        .scim
        .get(&format!("/Groups/{}", group["id"].as_str().unwrap()))
        .await;
    assert_eq!(shown.expect(200)["members"].as_array().unwrap().len(), 2);
    assert_eq!(system.try_api("DELETE", &one, None).await.0, 204);
    assert_eq!(system.try_api("GET", &one, None).await.0, 404);
    system.verify().await;
    system.stop().await;
}

async fn every_fault_of_a_user_is_told_at_once_and_the_settings_of_the_directory_hold(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let directory = format!("/directories/{}", tenant.directory_id);
    let users = format!("{directory}/users");
    let settings = json!({ "required_attributes": ["name.givenName", "title"], "unique_emails": true });
    system.api("PATCH", &directory, Some(settings)).await;
    let pointers = |refused: &Value| -> Vec<String> {
        let errors = refused["errors"].as_array().unwrap_or_else(|| panic!("{refused}"));
        errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect()
    };
    let body = json!({
        "user_name": "ada", "email": "a@contoso.example", "emails": [{ "value": "b@contoso.example" }],
        "last_name": 7, "typo": 1, "raw": { "nope": 1, "photos": "x", "active": "perhaps" },
    });
    let (status, refused) = system.try_api("POST", &users, Some(body)).await;
    assert_eq!(status, 422, "{refused}");
    let found = pointers(&refused);
    for pointer in ["#/typo", "#/email", "#/last_name", "#/raw/nope", "#/raw/active"] {
        assert!(found.iter().any(|one| one == pointer), "{pointer} is not in {found:?}");
    }
    let (status, refused) = system
        .try_api("POST", &users, Some(json!({ "user_name": "ada" })))
        .await;
    assert_eq!(
        (status, pointers(&refused)),
        (422, vec!["#/first_name".to_owned(), "#/job_title".to_owned()])
    );
    let body = |name: &str| json!({ "user_name": name, "email": "ada@contoso.example", "first_name": "Ada", "job_title": "x" });
    let ada = system.api("POST", &users, Some(body("ada"))).await;
    let (status, refused) = system.try_api("POST", &users, Some(body("ADA"))).await;
    assert_eq!((status, pointers(&refused)), (409, vec!["#/user_name".to_owned()]));
    let (status, refused) = system.try_api("POST", &users, Some(body("other"))).await;
    assert_eq!((status, pointers(&refused)), (409, vec!["#/emails".to_owned()]));
    let one = format!("{users}/{}", ada["id"].as_str().unwrap());
    let (status, _) = system.try_api("PATCH", &one, Some(json!({ "job_title": null }))).await;
    assert_eq!(status, 422);

    system
        .api("PATCH", &directory, Some(json!({ "state": "paused" })))
        .await;
    assert_eq!(system.try_api("POST", &users, Some(body("third"))).await.0, 409);
    assert_eq!(system.try_api("DELETE", &one, None).await.0, 409);
    assert_eq!(
        system.try_api("DELETE", &format!("{one}?erase=true"), None).await.0,
        204
    );
    system.stop().await;
}

async fn a_post_that_is_repeated_makes_one_user(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let url = format!(
        "{}/api/v1/directories/{}/users",
        system.admin_url(),
        tenant.directory_id
    );
    let post = |body: Value| {
        let request = system::client().post(&url).bearer_auth(system::ADMIN_KEY);
        request.header("idempotency-key", "once").json(&body).send()
    };
    // What is refused binds nobody.
    assert_eq!(post(json!({ "user_name": "" })).await.unwrap().status(), 422);
    let answers = futures_util::future::join_all((0..4).map(|_| post(json!({ "user_name": "ada" })))).await;
    let mut bodies = Vec::new();
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 201);
        bodies.push(answer.json::<Value>().await.unwrap());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(post(json!({ "user_name": "bob" })).await.unwrap().status(), 422);
    let log = system.log(&tenant).await;
    assert_eq!(log.iter().filter(|event| event["type"] == "user.created").count(), 1);
    system.stop().await;
}

async fn the_history_of_a_person_tells_what_changed_and_who_was_told_and_the_past_can_be_read(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let receiver = Receiver::start();
    let endpoint = system.subscribe(&receiver, json!({ "event_types": ["user.*"] })).await;
    let scim = &tenant.scim;
    let ada = scim.create_user("ada@contoso.example").await.id();
    let team = scim
        .send("POST", "/Groups", Some(&system::scim::group("Engines")))
        .await
        .id();
    let join = json!([{ "op": "add", "path": "members", "value": [{ "value": ada }] }]);
    scim.patch(&format!("/Groups/{team}"), join).await.expect(204);
    let change = json!([{ "op": "replace", "path": "title", "value": "Countess" }]);
    scim.patch(&format!("/Users/{ada}"), change).await.expect(200);
    let leave = json!([{ "op": "remove", "path": "members", "value": [{ "value": ada }] }]);
    scim.patch(&format!("/Groups/{team}"), leave).await.expect(204);
    let directory = format!("/directories/{}", tenant.directory_id);
    let user = format!("{directory}/users/{ada}");
    system.api("PATCH", &user, Some(json!({ "state": "inactive" }))).await;
    receiver.wait_for(3).await;

    let entries = history_when_answered(&system, &user, 3).await;
    let kinds: Vec<_> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    let expected = [
        "user.deactivated",
        "group.member_removed",
        "user.updated",
        "group.member_added",
        "user.created",
    ];
    assert_eq!(kinds, expected);
    let [left_active, _, changed, joined, created] = &entries[..] else {
        panic!("five entries")
    };
    assert_eq!(
        left_active["changes"],
        json!([{ "path": "active", "before": true, "after": false }])
    );
    assert_eq!(
        (&left_active["source"], &changed["source"]),
        (&json!("api"), &json!("scim"))
    );
    assert_eq!(
        changed["changes"],
        json!([{ "path": "title", "before": null, "after": "Countess" }])
    );
    assert_eq!(joined["group"], json!({ "id": team, "display_name": "Engines" }));
    assert_eq!(joined["told"], json!([]));
    assert_eq!(created["told"][0]["endpoint_id"], endpoint.as_str());
    assert!(created["told"][0]["delivered_at"].is_string(), "{created}");
    let log = system.log(&tenant).await;
    let event = log.iter().find(|event| event["id"] == changed["event_id"]).unwrap();
    assert_eq!(
        (&event["sequence"], &event["timestamp"]),
        (&changed["sequence"], &changed["timestamp"])
    );

    // The same in pages.
    let (mut paged, mut path) = (Vec::new(), format!("{user}/history?limit=2"));
    loop {
        let page = system.api("GET", &path, None).await;
        paged.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{user}/history?limit=2&cursor={cursor}");
    }
    assert_eq!(paged, entries);

    let at = |entry: &Value| entry["sequence"].as_i64().unwrap();
    let (status, _) = system
        .try_api("GET", &format!("{user}?at={}", at(created) - 1), None)
        .await;
    assert_eq!(status, 404);
    let first = system.api("GET", &format!("{user}?at={}", at(created)), None).await;
    assert_eq!(
        (&first["job_title"], &first["groups"], &first["state"]),
        (&Value::Null, &json!([]), &json!("active"))
    );
    let member = system
        .api(
            "GET",
            &format!("{user}?at={}", changed["timestamp"].as_str().unwrap()),
            None,
        )
        .await;
    assert_eq!(
        (&member["job_title"], &member["state"]),
        (&json!("Countess"), &json!("active"))
    );
    assert_eq!(member["groups"], json!([{ "id": team, "display_name": "Engines" }]));
    let now = system.api("GET", &user, None).await;
    assert_eq!(system.api("GET", &format!("{user}?at=999999"), None).await, now);
    assert_eq!(now["groups"], json!([]));

    // Who is gone can be read as well, and groups like people.
    assert_eq!(system.try_api("DELETE", &user, None).await.0, 204);
    assert_eq!(
        system
            .api("GET", &format!("{user}?at={}", changed["sequence"]), None)
            .await,
        member
    );
    assert_eq!(
        system
            .try_api("GET", &format!("{user}?at=2099-01-01T00:00:00Z"), None)
            .await
            .0,
        404
    );
    let group = format!("{directory}/groups/{team}");
    let past = system
        .api("GET", &format!("{group}?at={}", changed["sequence"]), None)
        .await;
    assert_eq!(past["display_name"], "Engines");
    let entries = system.api("GET", &format!("{group}/history"), None).await;
    let kinds: Vec<_> = entries["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["type"].clone())
        .collect();
    assert_eq!(kinds, ["group.member_removed", "group.member_added", "group.created"]);
    assert_eq!(
        system.try_api("GET", &format!("{user}?at=yesterday"), None).await.0,
        400
    );
    assert_eq!(
        system
            .try_api("GET", &format!("{directory}/users/{team}x/history"), None)
            .await
            .0,
        404
    );
    system.stop().await;
}

/// The history of a user, once so many of its changes were answered by the endpoint.
async fn history_when_answered(system: &System, user: &str, count: usize) -> Vec<Value> {
    let started = std::time::Instant::now();
    loop {
        let page = system.api("GET", &format!("{user}/history"), None).await;
        let entries = page["data"].as_array().unwrap().clone();
        let answered = |entry: &&Value| entry["told"][0]["status"] == "delivered";
        if entries.iter().filter(answered).count() >= count {
            return entries;
        }
        assert!(started.elapsed() < system::process::PATIENCE, "{entries:?}");
        system::process::pause().await;
    }
}
