//! Tokens of links: whose they are and how long.

use crate::support::World;
use entra::{Bulk, Expired, NewTenant, Rule};
use serde_json::json;
use std::time::Duration;

const SELECT: &str = "/users/delta?$select=displayName,manager";

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

/// The link, when so many days have passed.
async fn after(world: &mut World, link: &str, count: u64) -> crate::support::Answer {
    world.entra.advance(days(count));
    world.token = world.token_of(world.tenant.id(), world.app).await;
    world.get(link).await
}

#[tokio::test]
async fn a_delta_link_ends_after_seven_days_and_says_where_to_begin_again() {
    let mut world = World::start().await;
    world.user(json!({}));
    let link = world.round(SELECT).await.link;
    let link = {
        assert_eq!(after(&mut world, &link, 6).await.status, 200);
        world.round(&link).await.link
    };
    let answer = after(&mut world, &link, 8).await;
    assert_eq!((answer.status, answer.code()), (410, "resyncRequired"));
    let again = answer.header("location").to_owned();
    assert!(
        again.ends_with("/users/delta?$select=displayName,manager&$deltatoken="),
        "{again}"
    );
    assert_eq!(world.round(&again).await.told.len(), 1, "everything comes again");
}

#[tokio::test]
async fn an_ended_link_is_answered_in_each_of_the_ways_that_were_seen() {
    let mut world = World::start().await;
    let link = world.round(SELECT).await.link;
    world.entra.advance(days(8));
    for (expired, status, code) in [
        (Expired::NoLocation, 410, "SyncStateNotFound"),
        (Expired::SteadyState, 400, "Request_BadRequest"),
        (Expired::NotFound, 404, "Request_ResourceNotFound"),
    ] {
        world.tenant.behave(|tenant| tenant.expired = expired).unwrap();
        let answer = after(&mut world, &link, 0).await;
        assert_eq!((answer.status, answer.code()), (status, code));
        assert_eq!(answer.header("location"), "");
    }
}

#[tokio::test]
async fn a_round_that_is_never_finished_is_given_up_after_thirty_days() {
    let mut world = World::start().await;
    world
        .tenant
        .bulk(Bulk {
            users: 40,
            ..Bulk::default()
        })
        .unwrap();
    world.tenant.behave(|tenant| tenant.page_size = 1).unwrap();
    let mut page = world.get(SELECT).await;
    for _ in 0..4 {
        let next = page.body["@odata.nextLink"].as_str().unwrap().to_owned();
        page = after(&mut world, &next, 6).await;
        assert_eq!(page.status, 200);
    }
    let next = page.body["@odata.nextLink"].as_str().unwrap().to_owned();
    world.entra.advance(Duration::from_secs(1));
    let answer = after(&mut world, &next, 6).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("steady state")
    );
}

#[tokio::test]
async fn a_link_is_good_in_its_own_tenant_only() {
    let world = World::start().await;
    let other = NewTenant {
        id: None,
        domain: "contoso.example".to_owned(),
    };
    let other = world.entra.create_tenant(&other).unwrap();
    other.consent(world.app, None).unwrap();
    let token = world.token_of(other.id(), world.app).await;
    let link = world.round(SELECT).await.link;
    assert_eq!(world.ask(&token, &link, &[]).await.status, 400);
    assert_eq!(world.broken(Rule::LinkOfAnotherTenant), 1);
    let dana = world.user(json!({}));
    assert_eq!(world.ask(&token, &format!("/users/{dana}"), &[]).await.status, 404);
    assert_eq!(world.broken(Rule::ObjectOfAnotherTenant), 1);
}

#[tokio::test]
async fn a_link_that_was_changed_is_noted_and_a_broken_one_refused() {
    let world = World::start().await;
    let link = world.round(SELECT).await.link;
    assert_eq!(world.get(&link).await.status, 200);
    assert_eq!(world.broken(Rule::LinkChanged), 0);
    world.get(&format!("{link}&$select=mail")).await;
    world.get(&link.replace('$', "%24")).await;
    assert_eq!(world.broken(Rule::LinkChanged), 2);
    assert_eq!(world.get(&format!("{link}x")).await.status, 400);
    assert_eq!(world.get(&link.replace("/users/", "/groups/")).await.status, 400);
}
