//! Microsoft's acceptance tests for gallery apps, request by request, in both dialects: what Entra ID sends by default, and
//! what it sends with the flag `aadOptscim062020`. (V21 and V22, its authentication, are in `oauth`.)

use serde_json::{Map, Value, json};
use system::scim::{Answer, ENTERPRISE, Scim, group};
use system::{Shape, System, assert_gapless};

mod attributes;

crate::on_both_shapes! {
    a_user_is_created_updated_and_disabled_in_both_dialects,
    a_user_comes_back_when_reassigned_and_is_gone_after_the_purge,
    a_manager_is_set_changed_and_removed,
    a_group_is_created_updated_filled_and_emptied_in_both_dialects,
    a_deleted_group_is_gone_and_comes_back_as_another,
    a_group_round_trips,
    pages_of_users_and_groups_follow_each_other,
}

/// How Entra ID writes a PATCH.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Dialect {
    /// Operations in capitals, one for each attribute, booleans as text, members removed by value (E21, E23, E30).
    Default,
    /// Small letters, one operation without path for all but filtered paths, booleans, members removed by path (E22, E28,
    /// E31).
    Flag,
}

const DIALECTS: [Dialect; 2] = [Dialect::Default, Dialect::Flag];

impl Dialect {
    fn replace(self, attributes: &[(&str, Value)]) -> Value {
        if self == Self::Default {
            let operations = attributes.iter();
            return operations
                .map(|(path, value)| json!({ "op": "Replace", "path": path, "value": value }))
                .collect();
        }
        let (filtered, plain): (Vec<_>, Vec<_>) = attributes.iter().partition(|(path, _)| path.contains('['));
        let mut operations: Vec<Value> = filtered
            .into_iter()
            .map(|(path, value)| json!({ "op": "replace", "path": path, "value": value }))
            .collect();
        let plain: Map<String, Value> = plain
            .into_iter()
            .map(|(path, value)| ((*path).to_owned(), value.clone()))
            .collect();
        operations.push(json!({ "op": "replace", "value": plain }));
        operations.into()
    }

    fn active(self, active: bool) -> Value {
        match self {
            Self::Default => {
                json!([{ "op": "Replace", "path": "active", "value": if active { "True" } else { "False" } }])
            }
            Self::Flag => json!([{ "op": "replace", "path": "active", "value": active }]),
        }
    }

    fn remove_member(self, id: &str) -> Value {
        match self {
            Self::Default => json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": id }] }]),
            Self::Flag => json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Flag => "flag",
        }
    }
}

/// A user as Entra creates it by its default mapping, with the URN that Microsoft's examples mistype (E20).
fn e20(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
        "externalId": name, "userName": format!("{name}@contoso.test"), "active": true, "displayName": "Marta Lopez",
        "title": "Planner", "preferredLanguage": "es-ES",
        "emails": [{ "primary": true, "type": "work", "value": format!("{name}@contoso.test") }],
        "phoneNumbers": [{ "type": "work", "value": "+34 555 0101" }, { "type": "mobile", "value": "+34 555 0102" }],
        "addresses": [{ "type": "work", "primary": false, "formatted": "B2/114", "streetAddress": "Calle 1",
                        "locality": "Madrid", "region": null, "postalCode": "28001", "country": "Spain" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Marta Lopez", "familyName": "Lopez", "givenName": "Marta" }, "roles": [],
        (ENTERPRISE): { "employeeNumber": "10042", "department": "Planning" },
    })
}

/// Matches, and creates who is not there: as a cycle does, and provisioning on demand.
async fn provision(scim: &Scim, name: &str) -> String {
    let filter = format!("userName eq \"{name}@contoso.test\"");
    let probe = scim
        .find("Users", &format!("userName eq \"{}\"", uuid::Uuid::new_v4()))
        .await;
    assert_eq!(probe.expect(200)["totalResults"], 0, "the test of the connection");
    let found = scim.find("Users", &filter).await;
    if let Some(id) = found.expect(200)["Resources"][0]["id"].as_str() {
        return id.to_owned();
    }
    let created = scim.send("POST", "/Users", Some(&e20(name))).await;
    created.expect(201);
    assert_eq!(only(&scim.find("Users", &filter).await)["id"], json!(created.id()));
    created.id()
}

/// The one resource of a list.
#[track_caller]
fn only(answer: &Answer) -> Value {
    let list = answer.expect(200);
    assert_eq!(
        (&list["totalResults"], &list["itemsPerPage"]),
        (&json!(1), &json!(1)),
        "{list}"
    );
    list["Resources"][0].clone()
}

// Rules: V1, V2, V3, V7, E10, E20
async fn a_user_is_created_updated_and_disabled_in_both_dialects(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let scim = &tenant.scim;
    for dialect in DIALECTS {
        let name = dialect.name();
        let id = provision(scim, name).await;
        let path = format!("/Users/{id}");
        let stored = scim.get(&path).await;
        for attribute in [
            "externalId",
            "userName",
            "displayName",
            "title",
            "emails",
            "phoneNumbers",
            "name",
        ] {
            assert_eq!(stored.expect(200)[attribute], e20(name)[attribute], "{attribute}");
        }
        assert_eq!(stored.body["addresses"][0].get("region"), None, "null is unassigned");
        assert_eq!(stored.body[ENTERPRISE]["employeeNumber"], "10042");
        let department = format!("{ENTERPRISE}:department");
        let changed = scim
            .patch(
                &path,
                dialect.replace(&[
                    ("displayName", json!("Marta L. Ruiz")),
                    ("name.familyName", json!("Ruiz")),
                    ("emails[type eq \"work\"].value", json!("ruiz@contoso.test")),
                    ("phoneNumbers[type eq \"fax\"].value", json!("+34 555 0103")),
                    (&department, json!("Retail")),
                ]),
            )
            .await;
        let changed = changed.expect(200);
        assert_eq!(changed["displayName"], "Marta L. Ruiz");
        assert_eq!(changed["name"]["familyName"], "Ruiz");
        assert_eq!(changed["name"]["givenName"], "Marta");
        assert_eq!(changed["emails"][0]["value"], "ruiz@contoso.test");
        assert_eq!(
            changed["phoneNumbers"][2],
            json!({ "type": "fax", "value": "+34 555 0103" })
        );
        assert_eq!(
            changed[ENTERPRISE],
            json!({ "employeeNumber": "10042", "department": "Retail" })
        );
        scim.patch(&path, dialect.active(false)).await.expect(200);
        let found = scim
            .find("Users", &format!("userName eq \"{name}@contoso.test\""))
            .await;
        assert_eq!(only(&found)["active"], Value::Bool(false), "found, and a boolean");
        // Provisioning on demand finds it too.
        assert_eq!(provision(scim, name).await, id);
    }
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    let kinds: Vec<_> = log
        .iter()
        .skip(2)
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    let each = ["user.created", "user.updated", "user.deactivated"];
    assert_eq!(kinds, [each, each].concat());
    system.stop().await;
}

// Rules: V4, V6
async fn a_user_comes_back_when_reassigned_and_is_gone_after_the_purge(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let scim = &tenant.scim;
    for dialect in DIALECTS {
        let id = provision(scim, dialect.name()).await;
        let path = format!("/Users/{id}");
        scim.patch(&path, dialect.active(false)).await.expect(200);
        // Reassigned: found again, inactive, and enabled.
        assert_eq!(provision(scim, dialect.name()).await, id);
        let back = scim.patch(&path, dialect.active(true)).await;
        assert_eq!(back.expect(200)["active"], Value::Bool(true));
        // Purged in Entra: first disabled, thirty days later deleted.
        scim.patch(&path, dialect.active(false)).await.expect(200);
        scim.delete(&path).await.expect(204);
        scim.get(&path).await.expect_error(404, "");
        let found = scim
            .find("Users", &format!("userName eq \"{}@contoso.test\"", dialect.name()))
            .await;
        assert_eq!(found.expect(200)["totalResults"], 0);
        assert_ne!(
            provision(scim, dialect.name()).await,
            id,
            "a new person, under a new id"
        );
    }
    system.verify().await;
    system.stop().await;
}

// Rules: V5, V25
async fn a_manager_is_set_changed_and_removed(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let scim = &tenant.scim;
    let (ada, first, second) = (
        provision(scim, "ada").await,
        provision(scim, "first").await,
        provision(scim, "second").await,
    );
    let (user, path) = (format!("/Users/{ada}"), format!("{ENTERPRISE}:manager"));
    for dialect in DIALECTS {
        let add = if dialect == Dialect::Default { "Add" } else { "add" };
        for (operations, expected) in [
            (json!([{ "op": add, "path": path, "value": first }]), Some(&first)),
            (json!([{ "op": add, "path": path, "value": second }]), Some(&second)),
            (dialect.replace(&[(&path, json!(first))]), Some(&first)),
            (dialect.replace(&[(&path, json!(""))]), None),
        ] {
            scim.patch(&user, operations.clone()).await.expect(200);
            let read = scim.get(&user).await;
            let value = read.expect(200)[ENTERPRISE]["manager"]["value"]
                .as_str()
                .map(str::to_owned);
            assert_eq!(value.as_ref(), expected, "{operations}");
        }
    }
    let reports: Vec<_> = system
        .log(&tenant)
        .await
        .iter()
        .filter(|event| event["type"] == "user.updated")
        .map(|event| event["data"]["user"]["manager_id"].clone())
        .collect();
    let round = [json!(first), json!(second), json!(first), Value::Null];
    assert_eq!(reports, [round.clone(), round].concat());
    system.stop().await;
}

// Rules: V8, V9, V11, V12, V13
async fn a_group_is_created_updated_filled_and_emptied_in_both_dialects(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let scim = &tenant.scim;
    let schemas = scim.get("/Schemas").await;
    assert!(
        schemas.expect(200).to_string().contains("core:2.0:Group"),
        "or Microsoft fails all of these"
    );
    let (ada, bob) = (provision(scim, "ada").await, provision(scim, "bob").await);
    for dialect in DIALECTS {
        let name = format!("Sales {}", dialect.name());
        let find = async |name: &str| {
            let filter = format!("displayName eq \"{name}\"");
            let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
            scim.get(&format!("/Groups?excludedAttributes=members&filter={filter}"))
                .await
        };
        assert_eq!(find(&name).await.expect(200)["totalResults"], 0);
        let created = scim.send("POST", "/Groups", Some(&group(&name))).await;
        created.expect(201);
        let (id, path) = (created.id(), format!("/Groups/{}", created.id()));
        let found = only(&find(&name).await);
        assert_eq!((&found["id"], found.get("members")), (&json!(id), None));
        let renamed = format!("{name} renamed");
        let rename = dialect.replace(&[("displayName", json!(renamed))]);
        let answer = scim.patch(&path, rename).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (204, ""),
            "no member list comes back"
        );
        assert_eq!(only(&find(&renamed).await)["id"], json!(id));
        let op = if dialect == Dialect::Default { "Add" } else { "add" };
        let add = json!([{ "op": op, "path": "members", "value": [{ "$ref": null, "value": ada }, { "value": bob }] }]);
        scim.patch(&path, add).await.expect(204);
        let members = async || {
            let read = scim.get(&path).await;
            let members = read.expect(200)["members"].as_array().unwrap().clone();
            let mut ids: Vec<_> = members
                .iter()
                .map(|one| one["value"].as_str().unwrap().to_owned())
                .collect();
            ids.sort();
            ids
        };
        let mut both = vec![ada.clone(), bob.clone()];
        both.sort();
        assert_eq!(members().await, both);
        scim.patch(&path, dialect.remove_member(&ada)).await.expect(204);
        assert_eq!(members().await, std::slice::from_ref(&bob));
        scim.patch(&path, dialect.remove_member(&bob)).await.expect(204);
        assert!(members().await.is_empty());
    }
    let log = system.log(&tenant).await;
    let kinds: Vec<_> = log
        .iter()
        .skip(4)
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    let (added, removed) = ("group.member_added", "group.member_removed");
    let each = ["group.created", "group.updated", added, added, removed, removed];
    assert_eq!(kinds, [each, each].concat());
    system.verify().await;
    system.stop().await;
}

// Rules: V10, V14
async fn a_deleted_group_is_gone_and_comes_back_as_another(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let scim = &tenant.scim;
    let ada = provision(scim, "ada").await;
    let first = scim.send("POST", "/Groups", Some(&group("Sales"))).await.id();
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "value": ada }] }]);
    scim.patch(&format!("/Groups/{first}"), add).await.expect(204);
    scim.delete(&format!("/Groups/{first}")).await.expect(204);
    scim.get(&format!("/Groups/{first}?excludedAttributes=members"))
        .await
        .expect_error(404, "");
    let found = scim.find("Groups", "displayName eq \"Sales\"").await;
    assert_eq!(found.expect(200)["totalResults"], 0);
    let second = scim.send("POST", "/Groups", Some(&group("Sales"))).await;
    assert_ne!(second.id(), first);
    assert_eq!(second.expect(201)["members"], json!([]));
    system.verify().await;
    system.stop().await;
}

// Rules: V19, V20
async fn a_group_round_trips(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let scim = &tenant.scim;
    let body = group("Sales EMEA");
    let created = scim.send("POST", "/Groups", Some(&body)).await;
    assert_eq!(created.expect(201)["displayName"], "Sales EMEA");
    let path = format!("/Groups/{}", created.id());
    for (n, dialect) in DIALECTS.into_iter().enumerate() {
        let (name, external) = (json!(format!("Sales {n}")), json!(format!("external {n}")));
        let changes = [("displayName", name.clone()), ("externalId", external.clone())];
        let answer = scim.patch(&path, dialect.replace(&changes)).await;
        assert!([200, 204].contains(&answer.status), "{}", answer.text);
        let read = scim.get(&path).await;
        assert_eq!(
            (&read.expect(200)["displayName"], &read.body["externalId"]),
            (&name, &external)
        );
    }
    system.stop().await;
}

// Rules: V23, V24
async fn pages_of_users_and_groups_follow_each_other(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let scim = &tenant.scim;
    for n in 0..13 {
        scim.create_user(&format!("user{n}@contoso.test")).await.expect(201);
        scim.send("POST", "/Groups", Some(&group(&format!("Group {n}"))))
            .await
            .expect(201);
    }
    for kind in ["Users", "Groups"] {
        let mut seen = Vec::new();
        for page in 0..3 {
            let start = page * 5 + 1;
            let answer = scim.get(&format!("/{kind}?startIndex={start}&count=5")).await;
            let list = answer.expect(200);
            assert_eq!(
                (&list["startIndex"], &list["totalResults"]),
                (&json!(start), &json!(13))
            );
            let ids = list["Resources"].as_array().unwrap().iter();
            let ids: Vec<_> = ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
            assert_eq!(list["itemsPerPage"], ids.len());
            seen.extend(ids);
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 13, "{kind}: nobody twice, nobody missed");
    }
    system.stop().await;
}
