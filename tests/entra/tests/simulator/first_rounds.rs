//! First rounds of delta queries.

use crate::support::World;
use entra::{Bulk, Kind, NewTenant, Rule};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

#[tokio::test]
async fn every_user_comes_and_the_server_says_how_many_at_a_time() {
    let world = World::start().await;
    world
        .tenant
        .bulk(Bulk {
            users: 450,
            ..Bulk::default()
        })
        .unwrap();
    let round = world.round("/users/delta?$select=displayName").await;
    assert_eq!((round.pages, round.told.len()), (3, 450));
    let ids: BTreeSet<String> = round.told.iter().map(|user| user["id"].to_string()).collect();
    assert_eq!(ids.len(), 450);
}

#[tokio::test]
async fn without_a_selection_the_default_set_comes_and_nobody_learns_who_is_enabled() {
    let world = World::start().await;
    let dana = world.user(json!({ "displayName": "Dana", "department": "Depot" }));
    let round = world.round("/users/delta").await;
    let told = round.of(dana);
    assert_eq!(told["displayName"], "Dana");
    assert!(
        told.get("accountEnabled").is_none() && told.get("department").is_none(),
        "{told}"
    );
    assert_eq!(world.broken(Rule::NothingSelected), 1);
}

#[tokio::test]
async fn what_somebody_does_not_have_is_left_out_even_if_they_had_it() {
    let world = World::start().await;
    let dana = world.user(json!({ "jobTitle": "Driver" }));
    world.tenant.update_user(dana, json!({ "jobTitle": null })).unwrap();
    let round = world.round("/users/delta?$select=jobTitle,mail,accountEnabled").await;
    assert_eq!(*round.of(dana), json!({ "id": dana, "accountEnabled": true }));
}

#[tokio::test]
async fn the_manager_comes_if_selected() {
    let world = World::start().await;
    let (dana, noor) = (world.user(json!({})), world.user(json!({})));
    world.tenant.set_manager(dana, Some(noor)).unwrap();
    let with = world.round("/users/delta?$select=mail,manager").await;
    let manager = json!([{ "@odata.type": "#microsoft.graph.user", "id": noor }]);
    assert_eq!(with.of(dana)["manager@delta"], manager);
    assert!(with.of(noor).get("manager@delta").is_none());
    assert!(
        world
            .round("/users/delta?$select=mail")
            .await
            .of(dana)
            .get("manager@delta")
            .is_none()
    );
}

#[tokio::test]
async fn a_query_can_be_narrowed_to_fifty_ids_and_to_nothing_else() {
    let world = World::start().await;
    let (dana, noor) = (world.user(json!({})), world.user(json!({})));
    world.user(json!({}));
    let path = format!("/users/delta?$select=mail&$filter=id eq '{dana}' or id eq '{noor}'");
    let round = world.round(&path).await;
    assert_eq!(round.told.len(), 2);
    world.user(json!({}));
    assert_eq!(
        world.round(&round.link).await.told.len(),
        0,
        "the filter is in the token"
    );
    let terms: Vec<String> = (0..51).map(|n| format!("id eq '{}'", Uuid::from_u128(n))).collect();
    let fifty = format!("/users/delta?$select=mail&$filter={}", terms[..50].join(" or "));
    assert_eq!(world.get(&fifty).await.status, 200);
    let more = format!("/users/delta?$select=mail&$filter={}", terms.join(" or "));
    assert_eq!(world.get(&more).await.status, 400);
    assert_eq!(
        world.get("/users/delta?$select=mail&$filter=mail eq 'a'").await.status,
        400
    );
}

#[tokio::test]
async fn options_that_delta_queries_do_not_have_are_refused_or_ignored() {
    let world = World::start().await;
    assert_eq!(world.get("/users/delta?$select=mail&$top=5").await.status, 400);
    assert_eq!(world.get("/users/delta?$select=mail&$expand=manager").await.status, 400);
    world.tenant.behave(|tenant| tenant.unsupported_ignored = true).unwrap();
    assert_eq!(world.get("/users/delta?$select=mail&$expand=manager").await.status, 200);
    assert_eq!(world.broken(Rule::UnsupportedOption), 3);
}

#[tokio::test]
async fn properties_of_other_stores_are_not_implemented_and_unknown_ones_are_a_mistake() {
    let world = World::start().await;
    let answer = world.get("/users/delta?$select=skills").await;
    assert_eq!((answer.status, answer.code()), (501, "NotImplemented"));
    assert_eq!(world.get("/users?$select=skills").await.status, 501);
    assert_eq!(world.get("/users/delta?$select=shoeSize").await.status, 400);
}

#[tokio::test]
async fn latest_tells_nothing_and_goes_on_from_now() {
    let world = World::start().await;
    world.user(json!({}));
    let round = world.round("/users/delta?$select=mail&$deltatoken=latest").await;
    assert_eq!((round.pages, round.told.len()), (1, 0));
    let noor = world.user(json!({}));
    let next = world.round(&round.link).await;
    assert_eq!(next.told, [json!({ "id": noor })]);
}

#[tokio::test]
async fn empty_pages_go_on_and_nothing_is_lost() {
    let world = World::start().await;
    world
        .tenant
        .bulk(Bulk {
            users: 300,
            ..Bulk::default()
        })
        .unwrap();
    world
        .tenant
        .behave(|tenant| (tenant.page_size, tenant.empty_pages) = (10, 0.5))
        .unwrap();
    let round = world.round("/users/delta?$select=mail").await;
    assert_eq!(round.told.len(), 300);
    assert!(round.pages > 35, "{} pages", round.pages);
}

#[tokio::test]
async fn objects_come_twice_and_in_any_order_and_each_at_least_once() {
    let world = World::start().await;
    world
        .tenant
        .bulk(Bulk {
            users: 300,
            ..Bulk::default()
        })
        .unwrap();
    let in_order = world.round("/users/delta?$select=mail").await;
    world
        .tenant
        .behave(|tenant| (tenant.page_size, tenant.duplicates, tenant.shuffled) = (20, 0.2, true))
        .unwrap();
    let round = world.round("/users/delta?$select=mail").await;
    let ids: Vec<String> = round.told.iter().map(|user| user["id"].to_string()).collect();
    let before: Vec<String> = in_order.told.iter().map(|user| user["id"].to_string()).collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct, before.iter().collect());
    assert!(ids.len() > 320, "{}", ids.len());
    assert_ne!(ids[..20], before[..20]);
}

#[tokio::test]
async fn what_was_removed_before_comes_if_wanted() {
    let world = World::start().await;
    let users = [(); 3].map(|()| world.user(json!({})));
    let group = world.group(&users);
    world.tenant.remove_members(group, &users[..1]).unwrap();
    world.tenant.delete(Kind::User, users[1]).unwrap();
    world.tenant.purge(Kind::User, users[2]).unwrap();
    assert_eq!(world.round("/users/delta?$select=mail").await.told.len(), 1);
    world
        .tenant
        .behave(|tenant| tenant.removed_in_first_round = true)
        .unwrap();
    let round = world.round("/users/delta?$select=mail").await;
    assert_eq!(
        *round.of(users[1]),
        json!({ "id": users[1], "@removed": { "reason": "changed" } })
    );
    assert_eq!(
        *round.of(users[2]),
        json!({ "id": users[2], "@removed": { "reason": "deleted" } })
    );
    let groups = world.round("/groups/delta?$select=members").await;
    assert!(groups.of(group)["members@delta"].to_string().contains("@removed"));
    assert_eq!(groups.members()[&group], [users[1]]);
}

#[tokio::test]
async fn the_same_seed_tells_the_same() {
    let (one, other) = (World::start().await, World::start().await);
    one.get("/users").await;
    let ids = [&one, &other].map(|world| {
        let new = NewTenant {
            id: None,
            domain: "contoso.example".to_owned(),
        };
        world.entra.create_tenant(&new).unwrap().id()
    });
    assert_eq!(ids[0], ids[1], "whoever asks meanwhile");
    let made = [&one, &other].map(|world| {
        world
            .tenant
            .bulk(Bulk {
                users: 50,
                groups: 2,
                members: 9,
                managers: true,
            })
            .unwrap()
    });
    assert_eq!(made[0].groups, made[1].groups);
    let path = "/users/delta?$select=displayName,manager";
    assert_eq!(one.round(path).await.told, other.round(path).await.told);
}

#[tokio::test]
async fn the_documented_samples_come_out_as_they_are_written() {
    let world = World::start().await;
    let (dana, noor) = (world.user(json!({ "displayName": "Dana K" })), world.user(json!({})));
    world.tenant.set_manager(dana, Some(noor)).unwrap();
    let crew = world.group(&[dana, noor]);
    let users = world
        .round("/users/delta?$select=jobTitle,accountEnabled,manager")
        .await;
    let groups = world
        .round("/groups/delta?$select=displayName,securityEnabled,members")
        .await;
    world.tenant.update_user(dana, json!({ "jobTitle": "Driver" })).unwrap();
    world.tenant.update_user(dana, json!({ "jobTitle": null })).unwrap();
    world.tenant.remove_members(crew, &[noor]).unwrap();
    world.tenant.delete(Kind::User, noor).unwrap();
    let url = world.entra.url();
    let page = world.get(&users.link).await.body;
    let expected = json!({
        "@odata.context": format!("{url}/v1.0/$metadata#users(jobTitle,accountEnabled,manager)"),
        "@odata.deltaLink": page["@odata.deltaLink"],
        "value": [
            { "id": dana, "jobTitle": null, "accountEnabled": true },
            { "id": noor, "@removed": { "reason": "changed" } },
        ],
    });
    assert_eq!(page.to_string(), expected.to_string());
    let page = world.get(&groups.link).await.body;
    let gone = json!({ "@odata.type": "#microsoft.graph.user", "id": noor, "@removed": { "reason": "deleted" } });
    let expected = json!({
        "@odata.context": format!("{url}/v1.0/$metadata#groups(displayName,securityEnabled,members)"),
        "@odata.deltaLink": page["@odata.deltaLink"],
        "value": [{ "id": crew, "displayName": "Depot crew", "securityEnabled": true, "members@delta": [gone] }],
    });
    assert_eq!(page.to_string(), expected.to_string());
}
