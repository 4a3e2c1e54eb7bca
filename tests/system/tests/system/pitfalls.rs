//! What went wrong in other servers (B…), and rules of the RFCs that are seen best from outside.

use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Instant;
use system::scim::{Answer, Scim, group, user};
use system::{Shape, System, Tenant};

crate::on_both_shapes! {
    concurrent_changes_of_one_group_lose_no_member,
    active_is_a_boolean_and_what_was_sent_in_every_form,
    a_user_that_loses_active_is_inactive_everywhere,
    the_external_id_is_echoed_and_an_id_of_the_client_overwrites_nobody,
    an_inactive_user_is_found_blocks_the_name_and_comes_back_under_its_id,
    a_deleted_group_is_gone_from_its_members,
    tags_work_as_advertised,
    lists_are_sorted_by_type_and_what_has_no_value_comes_last,
    pages_by_index_are_true_and_stable,
    a_name_may_change_its_case_but_not_be_taken_from_another,
    the_same_people_in_two_directories_are_different_people,
    keys_are_random_several_are_good_at_once_and_they_end_when_it_was_said,
}

fn ids(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().expect("resources");
    resources
        .iter()
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn total(scim: &Scim, filter: &str) -> u64 {
    let found = scim.find("Users", filter).await;
    found.expect(200)["totalResults"].as_u64().expect("a number")
}

// Rules: B3
async fn concurrent_changes_of_one_group_lose_no_member(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let people =
        join_all((0..24).map(|n| async move { scim.create_user(&format!("p{n}@x.example")).await.id() })).await;
    let created = scim.send("POST", "/Groups", Some(&group("Everybody"))).await;
    let path = format!("/Groups/{}", created.id());
    let change = async |op: &str, id: &str| {
        let operation = json!([{ "op": op, "path": "members", "value": [{ "value": id }] }]);
        scim.patch(&path, operation).await.expect(204);
    };
    join_all(people.iter().map(|id| change("Add", id))).await;
    // Half of them leave while the group is renamed.
    let (leaving, staying) = people.split_at(12);
    let rename = async {
        let name = json!([{ "op": "Replace", "path": "displayName", "value": "Some" }]);
        scim.patch(&path, name).await.expect(204);
    };
    tokio::join!(join_all(leaving.iter().map(|id| change("Remove", id))), rename);
    let read = scim.get(&path).await;
    let members = read.expect(200)["members"].as_array().unwrap().iter();
    let mut members: Vec<_> = members.map(|one| one["value"].as_str().unwrap().to_owned()).collect();
    let mut staying = staying.to_vec();
    members.sort();
    staying.sort();
    assert_eq!((members, &read.body["displayName"]), (staying, &json!("Some")));
    // Each of the 37 changes made one version.
    assert_eq!(read.body["meta"]["version"], "W/\"38\"");
    system.verify().await;
    system.stop().await;
}

// Rules: B7, B26
async fn active_is_a_boolean_and_what_was_sent_in_every_form(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    for (n, (sent, expected)) in [
        (json!(false), false),
        (json!("False"), false),
        (json!("false"), false),
        (json!(true), true),
        (json!("True"), true),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = user(&format!("p{n}@x.example"));
        body["active"] = sent.clone();
        let created = scim.send("POST", "/Users", Some(&body)).await;
        assert_eq!(created.expect(201)["active"], json!(expected), "{sent}");
        let path = format!("/Users/{}", created.id());
        for value in [json!(!expected), sent] {
            let operation = json!([{ "op": "Replace", "path": "active", "value": value }]);
            scim.patch(&path, operation).await.expect(200);
        }
        // Nothing else that happens to a user changes it.
        let title = json!([{ "op": "Replace", "path": "title", "value": "Dr" }]);
        scim.patch(&path, title).await.expect(200);
        let read = scim.get(&path).await;
        assert_eq!(read.expect(200)["active"], json!(expected));
    }
    for (filter, expected) in [
        ("active eq true", 2),
        ("active eq \"True\"", 2),
        ("active eq false", 3),
        ("active eq \"False\"", 3),
        ("active ne true", 3),
    ] {
        assert_eq!(total(scim, filter).await, expected, "{filter}");
    }
    system.stop().await;
}

// Rules: R50, P15
async fn a_user_that_loses_active_is_inactive_everywhere(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let mut body = user("ada@x.example");
    body.as_object_mut().unwrap().remove("active");
    let created = scim.send("POST", "/Users", Some(&body)).await;
    assert_eq!(
        created.expect(201)["active"],
        json!(true),
        "without a word, a new user is active"
    );
    let path = format!("/Users/{}", created.id());
    assert_eq!(scim.get(&path).await.expect(200)["active"], json!(true));
    let removed = scim.patch(&path, json!([{ "op": "remove", "path": "active" }])).await;
    for answer in [&removed, &scim.get(&path).await] {
        assert_eq!(answer.expect(200)["active"], false);
    }
    // To remove it once more is no change, and no event says so.
    let again = scim.patch(&path, json!([{ "op": "remove", "path": "active" }])).await;
    assert_eq!(again.expect(200)["meta"]["version"], removed.body["meta"]["version"]);
    for (filter, expected) in [
        ("active eq true", 0),
        ("active eq false", 1),
        ("active eq \"False\"", 1),
        ("active pr", 1),
        ("active ne true", 1),
        ("not (active eq true)", 1),
        ("active eq null", 0),
    ] {
        assert_eq!(total(scim, filter).await, expected, "{filter}");
    }
    let counts = system
        .api("GET", &format!("/directories/{}", tenant.directory_id), None)
        .await;
    assert_eq!(
        (&counts["counts"]["users"], &counts["counts"]["active_users"]),
        (&json!(1), &json!(0))
    );
    // A PUT that says nothing about it lets nobody back in.
    scim.send("PUT", &path, Some(&body)).await.expect(200);
    let enable = json!([{ "op": "Replace", "path": "active", "value": "True" }]);
    assert_eq!(scim.patch(&path, enable).await.expect(200)["active"], json!(true));
    let told: Vec<_> = system
        .log(&tenant)
        .await
        .iter()
        .skip(2)
        .map(|event| {
            let user = &event["data"]["user"];
            (
                event["type"].clone(),
                user["state"].clone(),
                user["raw"]["active"].clone(),
            )
        })
        .collect();
    let expected = [
        ("user.created", "active", true),
        ("user.deactivated", "inactive", false),
        ("user.reactivated", "active", true),
    ];
    assert_eq!(
        told,
        expected.map(|(kind, state, active)| (json!(kind), json!(state), json!(active)))
    );
    system.verify().await;
    system.stop().await;
}

// Rules: B20, B30
async fn the_external_id_is_echoed_and_an_id_of_the_client_overwrites_nobody(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let first = scim.create_user("ada@x.example").await;
    let path = format!("/Users/{}", first.id());
    let mut forged = user("eve@x.example");
    (forged["id"], forged["externalId"]) = (json!(first.id()), json!("Ext-ID é"));
    forged["meta"] =
        json!({ "version": "W/\"99\"", "location": "https://evil.example/", "created": "1999-01-01T00:00:00Z" });
    let second = scim.send("POST", "/Users", Some(&forged)).await;
    assert_ne!(second.expect(201)["id"], json!(first.id()));
    assert_eq!(
        (&second.body["meta"]["version"], &second.body["externalId"]),
        (&json!("W/\"1\""), &json!("Ext-ID é"))
    );
    assert_eq!(
        scim.get(&path).await.expect(200),
        first.expect(201),
        "the other is untouched"
    );
    let own = format!("/Users/{}", second.id());
    for answer in [
        scim.get(&own).await,
        scim.patch(
            &own,
            json!([{ "op": "add", "value": { "id": first.id(), "title": "Dr" } }]),
        )
        .await,
        scim.send("PUT", &own, Some(&forged)).await,
    ] {
        assert_eq!(
            (&answer.expect(200)["id"], &answer.body["externalId"]),
            (&json!(second.id()), &json!("Ext-ID é"))
        );
    }
    assert_eq!(
        ids(scim.find("Users", "externalId eq \"Ext-ID é\"").await.expect(200)),
        [second.id()]
    );
    assert_eq!(total(scim, "externalId eq \"ext-id é\"").await, 0, "case-exact");
    scim.patch(&own, json!([{ "op": "replace", "path": "id", "value": first.id() }]))
        .await
        .expect_error(400, "mutability");
    system.stop().await;
}

// Rules: B27, R50
async fn an_inactive_user_is_found_blocks_the_name_and_comes_back_under_its_id(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let id = scim.create_user("ada@x.example").await.id();
    let path = format!("/Users/{id}");
    let disable = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    scim.patch(&path, disable).await.expect(200);
    for filter in [
        "userName eq \"ada@x.example\"",
        "externalId eq \"ada\"",
        "emails[type eq \"work\"].value eq \"ada@x.example\"",
    ] {
        assert_eq!(
            ids(scim.find("Users", filter).await.expect(200)),
            [id.as_str()],
            "{filter}"
        );
    }
    assert_eq!(scim.get(&path).await.expect(200)["active"], json!(false));
    scim.create_user("ada@x.example").await.expect_error(409, "uniqueness");
    let enable = json!([{ "op": "Replace", "path": "active", "value": "True" }]);
    assert_eq!(scim.patch(&path, enable).await.expect(200)["id"], json!(id));
    system.stop().await;
}

// Rules: B35
async fn a_deleted_group_is_gone_from_its_members(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let ada = scim.create_user("ada@x.example").await.id();
    let (mut inner, mut outer) = (group("Inner"), group("Outer"));
    inner["members"] = json!([{ "value": ada }]);
    let inner = scim.send("POST", "/Groups", Some(&inner)).await.id();
    outer["members"] = json!([{ "value": ada }, { "value": inner }]);
    let outer = scim.send("POST", "/Groups", Some(&outer)).await.id();
    let groups = async || {
        let read = scim.get(&format!("/Users/{ada}")).await;
        let groups = read.expect(200)["groups"].as_array().unwrap().clone();
        groups
            .iter()
            .map(|one| one["display"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(groups().await.len(), 2);
    scim.delete(&format!("/Groups/{inner}")).await.expect(204);
    assert_eq!(groups().await, ["Outer"]);
    let read = scim.get(&format!("/Groups/{outer}")).await;
    // R59: a member has its display name.
    let members = read.expect(200)["members"].as_array().unwrap();
    assert_eq!((members.len(), &members[0]["display"]), (1, &json!("ada@x.example")));
    assert_eq!(members[0]["$ref"], format!("{}/Users/{ada}", scim.base));
    assert_eq!(total(scim, &format!("groups.value eq \"{inner}\"")).await, 0);
    assert_eq!(total(scim, &format!("groups.value eq \"{outer}\"")).await, 1);
    system.verify().await;
    system.stop().await;
}

// Rules: R13, R9, R11
async fn tags_work_as_advertised(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let config = scim.get("/ServiceProviderConfig").await;
    assert_eq!(config.expect(200)["etag"]["supported"], json!(true));
    let created = scim.create_user("ada@x.example").await;
    let group = scim.send("POST", "/Groups", Some(&group("Staff"))).await;
    for (path, created) in [("/Users", created), ("/Groups", group)] {
        let path = format!("{path}/{}", created.id());
        let tag = created.header("etag").to_owned();
        assert_eq!(created.expect(201)["meta"]["version"], json!(tag));
        let with = async |method: &str, header: &str, tag: &str| {
            let body = json!({ "Operations": [{ "op": "replace", "path": "displayName", "value": tag }] });
            let body = (method == "PATCH").then_some(&body);
            scim.try_send(method, &path, body, &[(header, tag)]).await.unwrap()
        };
        let same = with("GET", "if-none-match", &tag).await;
        assert_eq!(
            (same.status, same.text.as_str(), same.header("etag")),
            (304, "", tag.as_str())
        );
        with("GET", "if-none-match", "W/\"77\"").await.expect(200);
        with("PATCH", "if-match", "W/\"77\"").await.expect_error(412, "");
        with("DELETE", "if-match", "W/\"77\"").await.expect_error(412, "");
        let changed = with("PATCH", "if-match", &tag).await;
        assert!([200, 204].contains(&changed.status), "{}", changed.text);
        assert_eq!(changed.header("etag"), "W/\"2\"");
        with("GET", "if-none-match", &tag).await.expect(200);
        // Strong, weak, or in a list: what counts is the tag between the quotes (R10).
        for (version, tags) in [(2, "\"2\""), (3, "W/\"1\", W/\"3\""), (4, "*")] {
            let answer = with("PATCH", "if-match", tags).await;
            assert!([200, 204].contains(&answer.status), "{tags}: {}", answer.text);
            assert_eq!(answer.header("etag"), format!("W/\"{}\"", version + 1));
        }
        with("DELETE", "if-match", "*").await.expect(204);
    }
    system.stop().await;
}

async fn sorted(scim: &Scim, query: &str) -> Vec<String> {
    let list = scim.get(&format!("/Users?{query}")).await;
    let list = list.expect(200)["Resources"].as_array().unwrap();
    list.iter()
        .map(|one| one["userName"].as_str().unwrap().to_owned())
        .collect()
}

// Rules: R35
async fn lists_are_sorted_by_type_and_what_has_no_value_comes_last(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    assert_eq!(
        scim.get("/ServiceProviderConfig").await.expect(200)["sort"]["supported"],
        json!(true)
    );
    let emails = |first: &str, primary: &str| json!([{ "value": first }, { "value": primary, "primary": true }]);
    for (name, title, mail, active) in [
        ("c", Some("beta"), Some(emails("a@x", "z@x")), true),
        ("a", Some("Alpha"), Some(emails("y@x", "b@x")), false),
        ("B", Some("alpha 2"), Some(json!([{ "value": "m@x" }])), true),
        ("d", None, None, true),
    ] {
        let mut body = json!({ "userName": name, "active": active });
        (body["title"], body["emails"]) = (json!(title), json!(mail));
        scim.send("POST", "/Users", Some(&body)).await.expect(201);
    }
    for (query, expected) in [
        ("sortBy=userName", ["a", "B", "c", "d"]),
        ("sortBy=userName&sortOrder=descending", ["d", "c", "B", "a"]),
        ("sortBy=USERNAME&sortOrder=ascending", ["a", "B", "c", "d"]),
        ("sortBy=title", ["a", "B", "c", "d"]),
        ("sortBy=title&sortOrder=descending", ["d", "c", "B", "a"]),
        // The primary value, else the first.
        ("sortBy=emails.value", ["a", "B", "c", "d"]),
        ("sortBy=emails", ["a", "B", "c", "d"]),
        ("sortBy=meta.created", ["c", "a", "B", "d"]),
        ("sortBy=meta.created&sortOrder=descending", ["d", "B", "a", "c"]),
        // What cannot be sorted by is ignored.
        ("sortBy=shoeSize", ["c", "a", "B", "d"]),
    ] {
        assert_eq!(sorted(scim, query).await, expected, "{query}");
    }
    let pages: Vec<String> = join_all((1..=4).map(|start| async move {
        sorted(scim, &format!("sortBy=active&count=1&startIndex={start}"))
            .await
            .remove(0)
    }))
    .await;
    assert_eq!(
        pages,
        ["a", "c", "B", "d"],
        "false before true, then in the order of creation"
    );
    system.stop().await;
}

// Rules: R38, R36, R37, B22
async fn pages_by_index_are_true_and_stable(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    // At the same time, so that several have the same time of creation.
    join_all((0..105).map(|n| async move {
        scim.create_user(&format!("p{n}@x.example")).await.expect(201);
    }))
    .await;
    let page = async |query: &str| scim.get(&format!("/Users?{query}")).await.expect(200).clone();
    let all = ids(&page("count=200").await);
    assert_eq!(all.len(), 105, "not cut at a hundred");
    for count in [7, 50, 104] {
        let mut seen = Vec::new();
        let mut start = 1;
        while start <= 105 {
            let list = page(&format!("startIndex={start}&count={count}")).await;
            let shown = ids(&list);
            assert_eq!(
                (&list["totalResults"], &list["startIndex"]),
                (&json!(105), &json!(start))
            );
            assert_eq!(list["itemsPerPage"], shown.len(), "what is in this page");
            start += shown.len();
            seen.extend(shown);
        }
        assert_eq!(seen, all, "the same order on every page, whatever its size");
    }
    for (query, start, shown) in [
        ("count=0", 1, 0),
        ("count=-5", 1, 0),
        ("startIndex=0&count=2", 1, 2),
        ("startIndex=-3&count=2", 1, 2),
        ("startIndex=106", 106, 0),
        ("count=100000", 1, 105),
        ("startIndex=104&count=10", 104, 2),
    ] {
        let list = page(query).await;
        let told = (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]);
        assert_eq!(told, (&json!(105), &json!(start), &json!(shown)), "{query}");
        assert_eq!(ids(&list).len(), shown, "{query}");
    }
    let filtered = page("filter=userName+sw+%22p10%22&count=3").await;
    assert_eq!(
        (&filtered["totalResults"], &filtered["itemsPerPage"]),
        (&json!(6), &json!(3))
    );
    system.stop().await;
}

// Rules: R53
async fn a_name_may_change_its_case_but_not_be_taken_from_another(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let ada = format!("/Users/{}", scim.create_user("ada@x.example").await.id());
    scim.create_user("bob@x.example").await.expect(201);
    let rename = async |name: &str| {
        let by_patch = json!([{ "op": "Replace", "path": "userName", "value": name }]);
        [
            scim.patch(&ada, by_patch).await,
            scim.send("PUT", &ada, Some(&user(name))).await,
        ]
    };
    for answer in rename("BOB@x.example").await {
        let detail = answer.expect_error(409, "uniqueness");
        assert!(detail.contains("userName"), "{detail}");
    }
    for name in ["ADA@X.example", "ada@x.example"] {
        for answer in rename(name).await {
            assert_eq!(answer.expect(200)["userName"], name);
        }
    }
    system.stop().await;
}

// Rules: R62, B29
async fn the_same_people_in_two_directories_are_different_people(shape: Shape) {
    let system = System::start(shape).await;
    let (mine, other) = (
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    );
    let create = async |tenant: &Tenant| {
        let person = tenant.scim.create_user("ada@shared.example").await;
        let group = tenant.scim.send("POST", "/Groups", Some(&group("Staff"))).await;
        person.expect(201);
        group.expect(201);
        (person, group.id())
    };
    let ((ada, staff), (her_other_self, _)) = (create(&mine).await, create(&other).await);
    assert_ne!(ada.id(), her_other_self.id());
    let before = other.scim.get(&format!("/Users/{}", her_other_self.id())).await;
    let title = json!([{ "op": "Replace", "path": "title", "value": "Dr" }]);
    mine.scim
        .patch(&format!("/Users/{}", ada.id()), title.clone())
        .await
        .expect(200);
    mine.scim.delete(&format!("/Groups/{staff}")).await.expect(204);
    let after = other.scim.get(&format!("/Users/{}", her_other_self.id())).await;
    assert_eq!(after.expect(200), before.expect(200));
    assert_eq!(other.scim.get("/Groups").await.expect(200)["totalResults"], 1);
    // An id of another tenant is nobody's, a key of another opens nothing, and neither tells that the other exists.
    let foreign = format!("/Users/{}", ada.id());
    let nobody = format!("/Users/{}", uuid::Uuid::new_v4());
    let told = |answer: &Answer| answer.expect_error(404, "").replace(&ada.id(), "…");
    let (known, unknown) = (other.scim.get(&foreign).await, other.scim.get(&nobody).await);
    assert_eq!(
        told(&known).len(),
        unknown.expect_error(404, "").replace(&nobody[7..], "…").len()
    );
    other.scim.patch(&foreign, title).await.expect_error(404, "");
    let crossed = mine.scim.with_token(&other.scim.token).get(&foreign).await;
    assert_eq!(
        crossed.expect_error(401, ""),
        mine.scim.with_token("x").get(&nobody).await.expect_error(401, "")
    );
    system.stop().await;
}

// Rules: R5, E1
async fn keys_are_random_several_are_good_at_once_and_they_end_when_it_was_said(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let path = format!("/directories/{}/keys", tenant.directory_id);
    // A key lives until it is revoked, unless it is given an end; Entra stops a job whose key ends without notice.
    let soon = events::Timestamp::now().plus(std::time::Duration::from_secs(3));
    let second = system.api("POST", &path, Some(json!({ "name": "second" }))).await;
    let third = system
        .api("POST", &path, Some(json!({ "name": "third", "expires_at": soon })))
        .await;
    let tokens = [
        tenant.scim.token.clone(),
        second["token"].as_str().unwrap().to_owned(),
        third["token"].as_str().unwrap().to_owned(),
    ];
    assert_eq!(
        (&second["expires_at"], &third["expires_at"]),
        (&Value::Null, &json!(soon))
    );
    for token in &tokens {
        // The key's id, which is 128 bits, and 256 random bits take 64 characters of base64.
        let (_, secret) = token.split_once('_').unwrap();
        assert_eq!(secret.len(), 64);
        tenant.scim.with_token(token).get("/Users?count=0").await.expect(200);
    }
    let started = Instant::now();
    while tenant.scim.with_token(&tokens[2]).get("/Users?count=0").await.status != 401 {
        assert!(started.elapsed() < system::process::PATIENCE);
    }
    assert!(events::Timestamp::now() >= soon);
    for token in &tokens[..2] {
        tenant.scim.with_token(token).get("/Users?count=0").await.expect(200);
    }
    system.stop().await;
}
