//! The tabs of a directory in the console, over HTTP.

use crate::portal::{Visitor, key, location};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Instant;
use system::process::{PATIENCE, pause};
use system::{ADMIN_KEY, Shape, System};

crate::on_both_shapes! {
    the_setup_tab_says_how_far_the_connection_is_and_hands_out_a_link,
    events_are_listed_of_all_or_of_one_person_and_each_has_a_page_with_who_was_told,
    roles_by_group_are_tried_before_they_are_applied,
    an_attribute_that_people_have_is_mapped_by_its_button,
    a_list_is_previewed_and_nothing_changes,
    what_cannot_be_undone_stands_on_a_tab_of_its_own,
    a_group_says_what_it_is_within,
}

async fn text(visitor: &mut Visitor, path: &str, form: &[(&str, &str)], status: StatusCode) -> String {
    let answer = visitor.post(path, form).await;
    assert_eq!(answer.status(), status, "{path}");
    answer.text().await.unwrap()
}

/// Reads a page until it says something.
async fn until(visitor: &mut Visitor, path: &str, says: &str) -> String {
    let started = Instant::now();
    loop {
        let page = visitor.read(path).await;
        if page.contains(says) {
            return page;
        }
        assert!(started.elapsed() < PATIENCE, "{path} never said {says}:\n{page}");
        pause().await;
    }
}

async fn the_setup_tab_says_how_far_the_connection_is_and_hands_out_a_link(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    let setup = format!("/console/directories/{}/setup", tenant.directory_id);
    let page = dana.read(&setup).await;
    assert!(
        page.contains(&tenant.scim.base) && page.contains("Secret token"),
        "{page}"
    );
    assert!(page.contains("Test connection") && page.contains("Not yet"));
    tenant.scim.create_user("ada@contoso.example").await.expect(201);
    let page = until(
        &mut dana,
        &setup,
        "The identity provider has come</th><td><span class=\"pill good\"",
    )
    .await;
    assert!(page.contains("The first person is here</th><td><span class=\"pill good\""));
    let page = text(&mut dana, &setup, &[("days", "1")], StatusCode::OK).await;
    let url = page
        .split("id=\"new-link\"")
        .nth(1)
        .and_then(|rest| rest.split("value=\"").nth(1));
    let url = url.and_then(|rest| rest.split('"').next()).unwrap();
    let mut admin = Visitor::of(&system);
    admin.get(&url[url.find("/setup/").unwrap()..]).await;
    let guide = location(&admin.get("/setup/start").await);
    assert_eq!(guide, format!("/setup/directories/{}", tenant.directory_id));
    let (_, reader) = key(&system, json!({ "name": "Ray", "scopes": ["read"] })).await;
    let mut ray = Visitor::log_in(&system, &reader).await;
    assert!(!ray.read(&setup).await.contains("Make the link"), "it is not offered");
    text(&mut ray, &setup, &[("days", "1")], StatusCode::UNPROCESSABLE_ENTITY).await;
    system.stop().await;
}

async fn events_are_listed_of_all_or_of_one_person_and_each_has_a_page_with_who_was_told(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let other = system.tenant("fabrikam.example").await;
    let endpoint = json!({ "url": format!("{}/hook", system::nobody()), "description": "Billing" });
    system.api("POST", "/endpoints", Some(endpoint)).await;
    let ada = tenant.scim.create_user("ada@contoso.example").await.id();
    tenant.scim.create_user("bob@contoso.example").await.expect(201);
    let title = json!([{ "op": "replace", "path": "title", "value": "Countess" }]);
    tenant.scim.patch(&format!("/Users/{ada}"), title).await.expect(200);
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    let events = format!("/console/directories/{}/events", tenant.directory_id);
    let page = until(&mut dana, &events, "user.updated").await;
    let places = ["user.updated", "bob@contoso.example", "directory.created"].map(|word| page.find(word).unwrap());
    assert!(places.is_sorted(), "the newest is first");
    assert!(!page.contains(&other.directory_id));
    let of_ada = dana.read(&format!("{events}?person=ada%40contoso")).await;
    assert!(of_ada.contains("user.created") && of_ada.contains("user.updated"));
    assert!(!of_ada.contains("bob@contoso.example") && !of_ada.contains("directory.created"));
    let updates = dana.read(&format!("{events}?person={ada}&types=user.updated")).await;
    assert!(updates.contains(">user.updated<") && !updates.contains(">user.created<"));
    let both = dana.read(&format!("{events}?person=contoso")).await;
    assert!(both.contains("Choose one") && both.contains(&format!("person={ada}")));
    assert!(
        dana.read(&format!("{events}?person=nobody"))
            .await
            .contains("No person")
    );
    assert!(
        dana.read(&format!("{events}?types=nothing.at.all"))
            .await
            .contains("nothing.at.all")
    );
    let log = system.log(&tenant).await;
    let updated = log.iter().find(|event| event["type"] == "user.updated").unwrap();
    let path = format!("/console/events/{}", updated["id"].as_str().unwrap());
    // Nobody answers there, so it is tried again.
    let page = until(&mut dana, &path, "Billing").await;
    assert!(
        page.contains("Countess") && page.contains("/console/deliveries/"),
        "{page}"
    );
    let trace = page
        .split("?trace=")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let requests = format!("/console/directories/{}?trace={trace}", tenant.directory_id);
    let page = until(&mut dana, &requests, &format!("PATCH /Users/{ada}")).await;
    assert!(!page.contains("POST /Users"), "only the request of that trace");
    let person = dana
        .read(&format!("/console/directories/{}/users/{ada}", tenant.directory_id))
        .await;
    assert!(person.contains("Who was told what") && person.contains("Billing") && person.contains(&path));
    let own = json!({ "name": "own", "scopes": ["read"], "organization_id": other.organization_id });
    let (_, own) = key(&system, own).await;
    let mut own = Visitor::log_in(&system, &own).await;
    assert_eq!(own.get(&path).await.status(), StatusCode::NOT_FOUND);
    system.stop().await;
}

async fn roles_by_group_are_tried_before_they_are_applied(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let mut members = Vec::new();
    for name in ["ada", "bob"] {
        let user = tenant.scim.create_user(&format!("{name}@contoso.example")).await.id();
        members.push(json!({ "value": user }));
    }
    let mut group = system::scim::group("Administrators");
    group["members"] = json!(members);
    let group = tenant.scim.send("POST", "/Groups", Some(&group)).await.id();
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    let mapping = format!("/console/directories/{}/mapping", tenant.directory_id);
    assert!(dana.read(&mapping).await.contains("Roles by group"));
    let table = format!("{mapping}/group-roles");
    // A group may be named, and what cannot be found is said.
    let wrong = [("group-0", "Nobody"), ("role-0", "Admin"), ("do", "try")];
    let page = text(&mut dana, &table, &wrong, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(page.contains("No group is called Nobody") && page.contains("value=\"Nobody\""));
    let form = |act| [("group-0", "Administrators"), ("role-0", "Admin"), ("do", act)];
    let page = text(&mut dana, &table, &form("try"), StatusCode::OK).await;
    assert!(page.contains("Nothing was changed") && page.contains(&group), "{page}");
    assert!(
        page.contains("<td class=\"end num\">2</td><td class=\"end num\">2</td>"),
        "{page}"
    );
    let directory = format!("/directories/{}", tenant.directory_id);
    assert_eq!(system.api("GET", &directory, None).await["group_roles"], json!([]));
    assert_eq!(location(&dana.post(&table, &form("apply")).await), mapping);
    let set = system.api("GET", &directory, None).await;
    assert_eq!(set["group_roles"], json!([{ "group_id": group, "role": "Admin" }]));
    let page = dana.read(&mapping).await;
    assert!(page.contains(&group) && page.contains("Administrators"));
    let person = members[0]["value"].as_str().unwrap();
    let person = system.api("GET", &format!("{directory}/users/{person}"), None).await;
    assert_eq!(person["role"], "Admin");
    // Without the row those people would lose it.
    let page = text(&mut dana, &table, &[("do", "try")], StatusCode::OK).await;
    assert!(page.contains("2 people have a role by the table now"), "{page}");
    // Roles and what is used without one.
    let roles = format!("{mapping}/roles");
    let form = [
        ("role-0", "Admin"),
        ("app-0", "on"),
        ("web-0", "on"),
        ("default-app", "on"),
    ];
    assert_eq!(location(&dana.post(&roles, &form).await), mapping);
    let set = system.api("GET", &directory, None).await;
    assert_eq!(set["roles"], json!([{ "value": "Admin", "grants": ["app", "web"] }]));
    assert_eq!(set["default_grants"], json!(["app"]));
    let twice = [("role-0", "Admin"), ("role-1", "admin")];
    text(&mut dana, &roles, &twice, StatusCode::UNPROCESSABLE_ENTITY).await;
    let (_, reader) = key(&system, json!({ "name": "Ray", "scopes": ["read"] })).await;
    let mut ray = Visitor::log_in(&system, &reader).await;
    assert!(!ray.read(&mapping).await.contains("Apply now"), "it is not offered");
    text(&mut ray, &table, &[("do", "apply")], StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(
        system.api("GET", &directory, None).await["group_roles"],
        json!([{ "group_id": group, "role": "Admin" }])
    );
    system.stop().await;
}

async fn an_attribute_that_people_have_is_mapped_by_its_button(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let mut ada = system::scim::user("ada@contoso.example");
    ada["nickName"] = json!("Countess-of-Lovelace");
    tenant.scim.send("POST", "/Users", Some(&ada)).await.expect(201);
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    let mapping = format!("/console/directories/{}/mapping", tenant.directory_id);
    let page = dana.read(&mapping).await;
    assert!(page.contains("value=\"nick_name=nickName\""), "{page}");
    assert!(
        !page.contains("Countess-of-Lovelace"),
        "what people have there is on no page of all"
    );
    let attributes = format!("{mapping}/attributes");
    let form = [("name-0", "job"), ("path-0", "title"), ("add", "nick_name=nickName")];
    assert_eq!(location(&dana.post(&attributes, &form).await), mapping);
    let directory = format!("/directories/{}", tenant.directory_id);
    let set = system.api("GET", &directory, None).await;
    assert_eq!(set["attribute_map"], json!({ "job": "title", "nick_name": "nickName" }));
    let wrong = [("name-0", "job"), ("path-0", "noSuchThing")];
    let page = text(&mut dana, &attributes, &wrong, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(page.contains("value=\"noSuchThing\""), "what was typed stays");
    let twice = [
        ("name-0", "job"),
        ("path-0", "title"),
        ("name-1", "job"),
        ("path-1", "nickName"),
    ];
    text(&mut dana, &attributes, &twice, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(location(&dana.post(&attributes, &[]).await), mapping);
    assert_eq!(system.api("GET", &directory, None).await["attribute_map"], json!({}));
    system.stop().await;
}

async fn a_list_is_previewed_and_nothing_changes(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    for name in ["ada", "bob"] {
        tenant
            .scim
            .create_user(&format!("{name}@contoso.example"))
            .await
            .expect(201);
    }
    let (_, reader) = key(&system, json!({ "name": "Ray", "scopes": ["read"] })).await;
    let mut ray = Visitor::log_in(&system, &reader).await;
    let preview = format!("/console/directories/{}/preview", tenant.directory_id);
    assert!(ray.read(&preview).await.contains("before it is sent"));
    let before = system.log(&tenant).await.len();
    let list = "userName,title,active\nada@contoso.example,Countess,true\ncarl@contoso.example,Clerk,\n";
    let form = [("list", list), ("complete", "on")];
    let page = text(&mut ray, &preview, &form, StatusCode::OK).await;
    assert!(
        page.contains("1 people would be made, 1 changed, 1 deactivated"),
        "{page}"
    );
    assert!(page.contains("Countess") && page.contains("carl@contoso.example"));
    let json = json!([{ "userName": "bob@contoso.example", "active": false }]).to_string();
    let page = text(&mut ray, &preview, &[("list", &json)], StatusCode::OK).await;
    assert!(
        page.contains("0 people would be made, 0 changed, 1 deactivated"),
        "{page}"
    );
    for (list, says) in [
        ("", "Paste a list"),
        ("name\nx", "There is no column name"),
        ("[1]", "Element 1"),
    ] {
        let page = text(&mut ray, &preview, &[("list", list)], StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(page.contains(says), "{page}");
    }
    let users: Vec<Value> = (0..501).map(|n| json!({ "userName": format!("u{n}") })).collect();
    let many = json!(users).to_string();
    let page = text(&mut ray, &preview, &[("list", &many)], StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(page.contains("500"), "{page}");
    assert_eq!(system.log(&tenant).await.len(), before);
    system.stop().await;
}

async fn what_cannot_be_undone_stands_on_a_tab_of_its_own(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    let here = format!("/console/directories/{}", tenant.directory_id);
    assert!(
        !dana
            .read(&format!("{here}/settings"))
            .await
            .contains("Delete this directory")
    );
    let danger = format!("{here}/danger");
    assert!(dana.read(&danger).await.contains("Delete this directory"));
    assert_eq!(
        location(&dana.post(&format!("{here}/state"), &[("state", "paused")]).await),
        danger
    );
    assert!(dana.read(&danger).await.contains("Go on taking changes"));
    let wrong = [("confirm", "Another")];
    text(
        &mut dana,
        &format!("{here}/delete"),
        &wrong,
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await;
    let directory = system
        .api("GET", &format!("/directories/{}", tenant.directory_id), None)
        .await;
    let form = [("confirm", directory["name"].as_str().unwrap())];
    assert_eq!(
        location(&dana.post(&format!("{here}/delete"), &form).await),
        "/console/directories"
    );
    assert_eq!(dana.get(&here).await.status(), StatusCode::NOT_FOUND);
    system.stop().await;
}

async fn a_group_says_what_it_is_within(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let inner = tenant
        .scim
        .send("POST", "/Groups", Some(&system::scim::group("Payroll")))
        .await
        .id();
    let mut outer = system::scim::group("Finance");
    outer["members"] = json!([{ "value": inner }]);
    let outer = tenant.scim.send("POST", "/Groups", Some(&outer)).await.id();
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    let groups = format!("/console/directories/{}/groups", tenant.directory_id);
    let page = dana.read(&format!("{groups}/{inner}")).await;
    assert!(
        page.contains("Is a member of") && page.contains(&format!("{groups}/{outer}")),
        "{page}"
    );
    let page = dana.read(&format!("{groups}/{outer}")).await;
    assert!(page.contains("group within the group") && page.contains(&format!("{groups}/{inner}")));
    system.stop().await;
}
