//! Lists, reads by id, assignments and the bin.

use crate::support::World;
use entra::{AppRole, Bulk, Kind, NewServicePrincipal, Rule};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const EVENTUAL: &[(&str, &str)] = &[("consistencylevel", "eventual")];

/// All pages of a list.
async fn all(world: &World, path: &str) -> (usize, Vec<Value>) {
    let (mut pages, mut items, mut url) = (0, Vec::new(), path.to_owned());
    loop {
        let page = world.ask(&world.token, &url, EVENTUAL).await;
        assert_eq!(page.status, 200, "{}", page.body);
        items.extend(page.items().iter().cloned());
        pages += 1;
        match page.body.get("@odata.nextLink") {
            Some(link) => link.as_str().unwrap().clone_into(&mut url),
            None => return (pages, items),
        }
    }
}

#[tokio::test]
async fn lists_have_a_hundred_on_a_page_or_as_many_as_wanted_up_to_999() {
    let world = World::start().await;
    world
        .tenant
        .bulk(Bulk {
            users: 1_050,
            ..Bulk::default()
        })
        .unwrap();
    let (pages, users) = all(&world, "/users?$select=id").await;
    assert_eq!((pages, users.len()), (11, 1_050));
    let (pages, users) = all(&world, "/users?$select=id&$top=999").await;
    assert_eq!((pages, users.len()), (2, 1_050));
    assert_eq!(world.get("/users?$top=1000").await.status, 400);
    assert_eq!(world.broken(Rule::PageTooLarge), 1);
    assert_eq!(world.broken(Rule::LinkChanged), 0);
    let counted = world.ask(&world.token, "/users?$count=true&$top=1", EVENTUAL).await;
    assert_eq!(counted.body["@odata.count"], 1_050);
    assert_eq!(world.get("/users?$count=true").await.status, 400);
}

#[tokio::test]
async fn managers_are_expanded_with_levels() {
    let world = World::start().await;
    let [dana, noor] = [(); 2].map(|()| world.user(json!({})));
    world.tenant.set_manager(dana, Some(noor)).unwrap();
    let (_, users) = all(&world, "/users?$select=id&$expand=manager($levels=1;$select=id)").await;
    let found = users.iter().find(|user| user["id"] == json!(dana)).unwrap();
    assert_eq!(found["manager"]["id"], json!(noor));
    assert!(users.iter().any(|user| user.get("manager").is_none()));
    assert_eq!(world.get("/users?$expand=manager($select=id)").await.status, 400);
    assert_eq!(
        world.get(&format!("/users/{dana}/manager")).await.body["id"],
        json!(noor)
    );
    assert_eq!(world.get(&format!("/users/{noor}/manager")).await.status, 404);
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_name_and_not_when_deleted() {
    let world = World::start().await;
    let dana = world.user(json!({ "userPrincipalName": "Dana@fabrikam.example" }));
    assert_eq!(world.get("/users/dana@fabrikam.example").await.body["id"], json!(dana));
    let by_filter = world
        .get("/users?$filter=userPrincipalName eq 'dana@fabrikam.example'")
        .await;
    assert_eq!(by_filter.items().len(), 1);
    world.tenant.delete(Kind::User, dana).unwrap();
    let answer = world.get(&format!("/users/{dana}?$select=id,accountEnabled")).await;
    assert_eq!((answer.status, answer.code()), (404, "Request_ResourceNotFound"));
    assert_eq!(
        answer.body["error"]["innerError"]["request-id"],
        answer.header("request-id")
    );
}

#[tokio::test]
async fn members_of_groups_within_groups_are_found_also_in_circles() {
    let world = World::start().await;
    let [dana, noor] = [(); 2].map(|()| world.user(json!({})));
    let inner = world.group(&[dana]);
    let outer = world.group(&[noor, inner]);
    world.tenant.add_members(inner, &[outer]).unwrap();
    let (_, direct) = all(&world, &format!("/groups/{outer}/members")).await;
    assert_eq!(direct.len(), 2);
    let users = format!("/groups/{outer}/transitiveMembers/microsoft.graph.user?$count=true");
    let (_, within) = all(&world, &users).await;
    let ids: Vec<&Value> = within.iter().map(|user| &user["id"]).collect();
    assert_eq!(ids, [&json!(dana), &json!(noor)]);
    assert_eq!(
        world.get(&users).await.status,
        400,
        "a cast needs the consistency level"
    );
}

#[tokio::test]
async fn assignments_have_their_roles_and_are_seen_after_the_lag() {
    let world = World::start().await;
    let app_id = Uuid::from_u128(7);
    let app_roles = vec![AppRole {
        id: None,
        value: "driver".to_owned(),
        display_name: "Driver".to_owned(),
    }];
    let new = NewServicePrincipal {
        app_id,
        display_name: "Depot".to_owned(),
        app_roles,
    };
    let service = world.tenant.service_principal(new).unwrap();
    let dana = world.user(json!({ "displayName": "Dana" }));
    let crew = world.group(&[]);
    world.tenant.assign(service.id, dana, service.roles["driver"]).unwrap();
    world.tenant.assign(service.id, crew, Uuid::nil()).unwrap();
    let path = format!("/servicePrincipals(appId='{app_id}')/appRoleAssignedTo");
    let (_, assigned) = all(&world, &path).await;
    let named: Vec<(&str, &str)> = assigned
        .iter()
        .map(|one| {
            (
                one["principalType"].as_str().unwrap(),
                one["appRoleId"].as_str().unwrap(),
            )
        })
        .collect();
    let role = service.roles["driver"].to_string();
    assert_eq!(
        named,
        [
            ("User", role.as_str()),
            ("Group", "00000000-0000-0000-0000-000000000000")
        ]
    );
    world.tenant.behave(|tenant| tenant.lag_seconds = 30).unwrap();
    world.entra.advance(Duration::from_secs(31));
    world.tenant.unassign(service.id, dana).unwrap();
    assert_eq!(all(&world, &path).await.1.len(), 2);
    world.entra.advance(Duration::from_secs(31));
    assert_eq!(all(&world, &path).await.1.len(), 1);
    assert_eq!(world.tenant.truth().unwrap().assignments.len(), 1);
    let principal = world.get(&format!("/servicePrincipals(appId='{app_id}')")).await;
    assert_eq!(principal.body["appRoles"][0]["value"], "driver");
}

#[tokio::test]
async fn the_bin_needs_a_type_and_has_names_that_begin_with_the_id() {
    let world = World::start().await;
    let dana = world.user(json!({ "userPrincipalName": "dana@fabrikam.example" }));
    world.tenant.delete(Kind::User, dana).unwrap();
    assert_eq!(world.get("/directory/deletedItems").await.status, 400);
    let path = "/directory/deletedItems/microsoft.graph.user?$select=id,userPrincipalName,deletedDateTime&$top=999";
    let (_, bin) = all(&world, path).await;
    assert_eq!(
        bin[0]["userPrincipalName"],
        format!("{}dana@fabrikam.example", dana.simple())
    );
    assert!(bin[0]["deletedDateTime"].as_str().unwrap().ends_with('Z'));
    world.tenant.restore(Kind::User, dana).unwrap();
    let user = world.get(&format!("/users/{dana}")).await;
    assert_eq!(user.body["userPrincipalName"], "dana@fabrikam.example");
}

#[tokio::test]
async fn objects_are_looked_up_by_ids_and_types() {
    let world = World::start().await;
    let dana = world.user(json!({}));
    let crew = world.group(&[]);
    let ids = json!({ "ids": [dana, crew, Uuid::nil()], "types": ["user"] });
    let found = world.post("/directoryObjects/getByIds", &ids).await;
    assert_eq!(found.items().len(), 1);
    assert_eq!(found.items()[0]["id"], json!(dana));
    let many: Vec<Uuid> = (0..1_001).map(Uuid::from_u128).collect();
    assert_eq!(
        world
            .post("/directoryObjects/getByIds", &json!({ "ids": many }))
            .await
            .status,
        400
    );
}
