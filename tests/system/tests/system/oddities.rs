//! What identity providers send besides what the RFC has in mind, seen from every side: the answer, a search, the event in
//! the log, and the webhook.

use serde_json::{Value, json};
use system::receiver::Receiver;
use system::scim::{ENTERPRISE, Scim, user};
use system::{Shape, System, Tenant};

crate::on_both_shapes! {
    roles_give_the_same_role_and_grants_however_they_are_sent,
    odd_values_are_understood_and_announced_as_what_they_mean,
    unknown_keys_beside_active_do_not_keep_a_leaver_active,
}

/// A directory and an app that gets its events.
struct World {
    system: System,
    tenant: Tenant,
    receiver: Receiver,
    /// Events that were looked at.
    seen: usize,
}

impl World {
    async fn start(shape: Shape) -> Self {
        let system = System::start(shape).await;
        let receiver = Receiver::start();
        system.subscribe(&receiver, json!({ "event_types": ["user.*"] })).await;
        let tenant = system.tenant("contoso.example").await;
        Self {
            system,
            tenant,
            receiver,
            seen: 0,
        }
    }

    const fn scim(&self) -> &Scim {
        &self.tenant.scim
    }

    /// The one event since the last look, the same in the log and as webhook.
    async fn told(&mut self) -> Value {
        let log = self.system.log(&self.tenant).await;
        let users: Vec<&Value> = log
            .iter()
            .filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("user.")))
            .collect();
        assert_eq!(users.len(), self.seen + 1, "one event for one change: {users:?}");
        self.seen += 1;
        let event = (*users.last().unwrap()).clone();
        let kind = event["type"].as_str().unwrap();
        let webhook = self
            .receiver
            .wait_for_kind(kind, event["sequence"].as_i64().unwrap())
            .await;
        assert!(webhook.verified);
        assert_eq!(
            webhook.body["data"], event["data"],
            "the webhook says what the log says"
        );
        event
    }

    async fn stop(self) {
        self.system.verify().await;
        self.receiver.stop().await;
        self.system.stop().await;
    }
}

// Rules: E33
async fn roles_give_the_same_role_and_grants_however_they_are_sent(shape: Shape) {
    const TYPE: &str = "WindowsAzureActiveDirectoryRole";
    let mut world = World::start(shape).await;
    let document = r#"{"id":"5b0d","value":"Admin","displayName":"Administrator"}"#;
    let nameless = r#"{"id":"5b0e","value":null,"displayName":"Admin"}"#;
    // What is sent, and the role that is told.
    let shapes = [
        (
            json!([{ "primary": true, "type": TYPE, "value": "Admin" }]),
            Some("Admin"),
        ),
        (json!([{ "value": document }]), Some("Admin")),
        (json!([{ "value": nameless }]), Some("Admin")),
        (
            json!([{ "value": "User", "primary": false }, { "value": document, "primary": true }]),
            Some("Admin"),
        ),
        (
            json!([{ "primary": false, "type": TYPE, "display": "User", "value": "User" }]),
            Some("User"),
        ),
        (json!([{ "value": "{no document}" }]), Some("{no document}")),
        (json!([{ "primary": true, "type": TYPE }]), None),
    ];
    for (n, (roles, role)) in shapes.iter().enumerate() {
        let with_roles = |name: &str, roles: &Value| {
            let mut body = user(name);
            body["roles"] = roles.clone();
            body
        };
        // The grants of a role sent plainly.
        let grants = {
            let plain = role.map_or(json!([]), |role| json!([{ "value": role }]));
            let body = with_roles(&format!("plain{n}@x"), &plain);
            world.scim().send("POST", "/Users", Some(&body)).await.expect(201);
            world.told().await["data"]["user"]["grants"].clone()
        };
        let posted = world
            .scim()
            .send("POST", "/Users", Some(&with_roles(&format!("posted{n}@x"), roles)))
            .await;
        assert_eq!(posted.expect(201)["roles"], *roles, "stored as sent");
        let mut events = vec![("POST", world.told().await)];
        let changes: [(&str, &str, Option<Value>); 4] = [
            ("PUT", "put", None),
            (
                "PATCH",
                "added",
                Some(json!([{ "op": "Add", "path": "roles", "value": roles }])),
            ),
            (
                "PATCH",
                "replaced",
                Some(json!([{ "op": "replace", "path": "roles", "value": roles }])),
            ),
            (
                "PATCH",
                "pathless",
                Some(json!([{ "op": "replace", "value": { "roles": roles } }])),
            ),
        ];
        for (method, name, operations) in changes {
            let name = format!("{name}{n}@x");
            let path = format!("/Users/{}", world.scim().create_user(&name).await.id());
            world.told().await;
            let changed = match operations {
                Some(operations) => world.scim().patch(&path, operations).await,
                None => world.scim().send("PUT", &path, Some(&with_roles(&name, roles))).await,
            };
            assert_eq!(changed.expect(200)["roles"], *roles, "{method} {name}: stored as sent");
            assert_eq!(world.scim().get(&path).await.expect(200)["roles"], *roles);
            events.push((method, world.told().await));
        }
        for (method, event) in events {
            let user = &event["data"]["user"];
            assert_eq!(
                (&user["role"], &user["grants"]),
                (&json!(role), &grants),
                "{method} {roles}"
            );
            assert_eq!(user["raw"]["roles"], *roles);
        }
        // SingleAppRoleAssignment goes on with a filtered path, whatever there was.
        let id = posted.id();
        let single = json!([{ "op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "Guest" }]);
        let patched = world.scim().patch(&format!("/Users/{id}"), single).await;
        let primaries = patched.expect(200)["roles"].as_array().unwrap().iter();
        let primaries: Vec<&Value> = primaries.filter(|role| role["primary"] == true).collect();
        assert_eq!(primaries.len(), 1, "{}", patched.text);
        assert_eq!(primaries[0]["value"], "Guest");
        assert_eq!(world.told().await["data"]["user"]["role"], "Guest");
    }
    Box::pin(world.stop()).await;
}

// Rules: P6, P11, R16
async fn odd_values_are_understood_and_announced_as_what_they_mean(shape: Shape) {
    let mut world = World::start(shape).await;
    let mut body = user("ada@x");
    body["emails"] = json!([{ "type": "work", "value": "a@x", "primary": true }, { "type": "home", "value": "b@x" }]);
    let created = world.scim().send("POST", "/Users", Some(&body)).await;
    let path = format!("/Users/{}", created.id());
    world.told().await;
    let element = json!({ "type": "work", "value": "c@x", "primary": true });
    let home = json!({ "type": "home", "value": "b@x" });
    let steps = [
        // An element as JSON in a string is the element.
        (
            json!({ "op": "replace", "path": "emails[value eq \"a@x\"]", "value": element.to_string() }),
            json!([element, home]),
            "c@x",
        ),
        // A bare value changes the value; the flags stay.
        (
            json!({ "op": "replace", "path": "emails[type eq \"work\"]", "value": "d@x" }),
            json!([{ "type": "work", "value": "d@x", "primary": true }, home]),
            "d@x",
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "d@x" }),
            json!([{ "type": "work", "value": "d@x", "primary": true }, { "type": "home", "value": "d@x" }]),
            "d@x",
        ),
        // Two elements that become the same are one.
        (
            json!({ "op": "remove", "path": "emails.type" }),
            json!([{ "value": "d@x", "primary": true }]),
            "d@x",
        ),
    ];
    for (operation, emails, primary) in steps {
        let patched = world.scim().patch(&path, json!([operation])).await;
        assert_eq!(patched.expect(200)["emails"], emails, "{operation}");
        assert_eq!(world.scim().get(&path).await.expect(200)["emails"], emails);
        let event = world.told().await;
        let told = &event["data"]["user"];
        assert_eq!(
            (&told["email"], &told["emails"]),
            (&json!(primary), &emails),
            "{operation}"
        );
        assert_eq!(event["type"], "user.updated");
        let found = world
            .scim()
            .find("Users", &format!("emails.value eq \"{primary}\""))
            .await;
        assert_eq!(found.expect(200)["totalResults"], 1, "{operation}");
    }
    let wrong = json!([{ "op": "add", "path": "department", "value": 7 }]);
    let refused = world.scim().patch(&path, wrong).await;
    assert_eq!(
        refused.expect_error(400, "invalidValue"),
        format!("{ENTERPRISE}:department must be a string; a number was sent")
    );
    Box::pin(world.stop()).await;
}

// Rules: P6
async fn unknown_keys_beside_active_do_not_keep_a_leaver_active(shape: Shape) {
    let mut world = World::start(shape).await;
    let id = world.scim().create_user("leaver@x").await.id();
    let path = format!("/Users/{id}");
    world.told().await;
    let value = json!({ "active": "False", "shoeSize": "a-secret-size", "name.nick": "x", "name.givenName": "Ada" });
    let patched = world
        .scim()
        .patch(&path, json!([{ "op": "replace", "value": value }]))
        .await;
    let shown = patched.expect(200);
    assert_eq!(
        (&shown["active"], &shown["name"]["givenName"]),
        (&json!(false), &json!("Ada"))
    );
    assert!(shown.get("shoeSize").is_none());
    let event = world.told().await;
    assert_eq!(
        (&event["type"], &event["data"]["user"]["state"]),
        (&json!("user.deactivated"), &json!("inactive"))
    );
    let gone = world.scim().find("Users", "active eq false").await;
    assert_eq!(gone.expect(200)["totalResults"], 1);
    // What was left out is in the log, under the directory: names and no values.
    let directory = world.tenant.directory_id.clone();
    let log = world.system.process("ingress").log();
    let line = log.lines().find(|line| line.contains("shoeSize")).expect("it is noted");
    assert!(line.contains(&directory) && line.contains("name.nick"), "{line}");
    assert!(!log.contains("a-secret-size"));
    // A path of its own is refused, and so is all that came with it.
    let explicit =
        json!([{ "op": "replace", "path": "active", "value": true }, { "op": "add", "path": "shoeSize", "value": 9 }]);
    world
        .scim()
        .patch(&path, explicit)
        .await
        .expect_error(400, "invalidPath");
    assert_eq!(world.scim().get(&path).await.expect(200)["active"], false);
    Box::pin(world.stop()).await;
}
