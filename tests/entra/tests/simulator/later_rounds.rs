//! Later rounds of users.

use crate::support::World;
use entra::{Bulk, Kind};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const SELECT: &str = "/users/delta?$select=displayName,jobTitle,mail,accountEnabled,manager";
const MINIMAL: &[(&str, &str)] = &[("prefer", "return=minimal")];

#[tokio::test]
async fn a_round_tells_all_selected_properties_of_whoever_has_changed() {
    let world = World::start().await;
    let dana = world.user(json!({ "displayName": "Dana", "jobTitle": "Driver" }));
    world.user(json!({}));
    let link = world.round(SELECT).await.link;
    world.tenant.update_user(dana, json!({ "jobTitle": null })).unwrap();
    let round = world.round(&link).await;
    // What was never there is absent; what was taken away is null.
    let expected = json!({ "id": dana, "displayName": "Dana", "jobTitle": null, "accountEnabled": true });
    assert_eq!(round.told, [expected]);
    assert!(world.round(&round.link).await.told.is_empty());
}

#[tokio::test]
async fn a_minimal_answer_has_what_has_changed() {
    let world = World::start().await;
    let dana = world.user(json!({ "displayName": "Dana", "jobTitle": "Driver" }));
    let link = world.round(SELECT).await.link;
    world
        .tenant
        .update_user(dana, json!({ "accountEnabled": false }))
        .unwrap();
    let round = world.round_with(&link, MINIMAL).await;
    assert_eq!(round.told, [json!({ "id": dana, "accountEnabled": false })]);
    world.tenant.update_user(dana, json!({ "jobTitle": null })).unwrap();
    let round = world.round_with(&round.link, MINIMAL).await;
    assert_eq!(round.told, [json!({ "id": dana, "jobTitle": null })]);
}

#[tokio::test]
async fn a_change_of_what_is_not_selected_does_not_show() {
    let world = World::start().await;
    let dana = world.user(json!({}));
    let link = world.round(SELECT).await.link;
    world
        .tenant
        .update_user(dana, json!({ "department": "Depot" }))
        .unwrap();
    assert!(world.round(&link).await.told.is_empty());
}

#[tokio::test]
async fn a_manager_is_told_only_when_there_is_another() {
    let world = World::start().await;
    let [dana, noor, ada] = [(); 3].map(|()| world.user(json!({})));
    world.tenant.set_manager(dana, Some(noor)).unwrap();
    let link = world.round(SELECT).await.link;
    world
        .tenant
        .update_user(dana, json!({ "jobTitle": "Planner" }))
        .unwrap();
    let round = world.round(&link).await;
    assert!(
        round.of(dana).get("manager@delta").is_none(),
        "other changes do not mention it"
    );
    world.tenant.set_manager(dana, Some(ada)).unwrap();
    let round = world.round(&round.link).await;
    let manager = &round.of(dana)["manager@delta"];
    assert_eq!(
        manager[0],
        json!({ "@odata.type": "#microsoft.graph.user", "id": noor, "@removed": { "reason": "deleted" } })
    );
    assert_eq!(manager[1], json!({ "@odata.type": "#microsoft.graph.user", "id": ada }));
    world.tenant.set_manager(dana, None).unwrap();
    let round = world.round(&round.link).await;
    let manager = round.of(dana)["manager@delta"].as_array().unwrap();
    assert_eq!(manager.len(), 1);
    assert_eq!(manager[0]["@removed"]["reason"], "deleted");
}

#[tokio::test]
async fn deletion_purge_and_restoration_are_told_apart() {
    let world = World::start().await;
    let dana = world.user(json!({ "displayName": "Dana" }));
    let mut link = world.round(SELECT).await.link;
    let removed = |reason: &str| json!([{ "id": dana, "@removed": { "reason": reason } }]);
    world.tenant.delete(Kind::User, dana).unwrap();
    let round = world.round(&link).await;
    assert_eq!(json!(round.told), removed("changed"));
    link = round.link;
    world.tenant.restore(Kind::User, dana).unwrap();
    let round = world.round(&link).await;
    assert_eq!(round.of(dana)["displayName"], "Dana");
    link = round.link;
    world.tenant.delete(Kind::User, dana).unwrap();
    world.tenant.purge(Kind::User, dana).unwrap();
    let round = world.round(&link).await;
    assert_eq!(json!(round.told), removed("deleted"));
}

#[tokio::test]
async fn the_bin_is_emptied_after_thirty_days() {
    let world = World::start().await;
    let dana = world.user(json!({}));
    world.tenant.delete(Kind::User, dana).unwrap();
    world.entra.advance(Duration::from_secs(29 * 24 * 60 * 60));
    assert_eq!(
        world.tenant.truth().unwrap().users[0].presence,
        entra::Presence::Deleted
    );
    world.entra.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(world.tenant.truth().unwrap().users[0].presence, entra::Presence::Purged);
    assert!(world.tenant.restore(Kind::User, dana).is_err());
}

#[tokio::test]
async fn a_change_is_seen_after_the_lag_and_not_before() {
    let world = World::start().await;
    let dana = world.user(json!({ "displayName": "Dana" }));
    let link = world.round(SELECT).await.link;
    world.tenant.behave(|tenant| tenant.lag_seconds = 60).unwrap();
    world.entra.advance(Duration::from_secs(120));
    world
        .tenant
        .update_user(dana, json!({ "displayName": "Dana K" }))
        .unwrap();
    let noor = world.user(json!({}));
    let round = world.round(&link).await;
    assert!(round.told.is_empty());
    let full = world.round(SELECT).await;
    assert_eq!(full.of(dana)["displayName"], "Dana", "the past is shown as it was");
    assert_eq!(full.told.len(), 1);
    world.entra.advance(Duration::from_secs(61));
    let round = world.round(&round.link).await;
    assert_eq!(round.of(dana)["displayName"], "Dana K");
    assert_eq!(round.of(noor)["accountEnabled"], true);
}

#[tokio::test]
async fn what_happens_while_a_round_is_read_comes_in_the_next_one() {
    let world = World::start().await;
    let made = world
        .tenant
        .bulk(Bulk {
            users: 30,
            ..Bulk::default()
        })
        .unwrap();
    world.tenant.behave(|tenant| tenant.page_size = 20).unwrap();
    let first = world.get(SELECT).await;
    let early = made.first_user.unwrap();
    world
        .tenant
        .update_user(early, json!({ "jobTitle": "Changed meanwhile" }))
        .unwrap();
    let newcomer = world.user(json!({}));
    let rest = world.round(first.body["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!(first.items().len() + rest.told.len(), 30);
    let next = world.round(&rest.link).await;
    assert_eq!(next.of(early)["jobTitle"], "Changed meanwhile");
    assert_eq!(next.of(newcomer)["accountEnabled"], true);
    assert_eq!(next.told.len(), 2);
}

#[tokio::test]
async fn somebody_new_comes_half_filled_and_is_read_whole_by_id() {
    let world = World::start().await;
    let link = world.round(SELECT).await.link;
    world.tenant.behave(|tenant| tenant.half_filled = 1.0).unwrap();
    let dana = world.user(json!({ "displayName": "Dana" }));
    let round = world.round(&link).await;
    assert_eq!(round.told, [json!({ "id": dana, "displayName": "Dana" })]);
    let whole = world.get(&format!("/users/{dana}?$select=accountEnabled")).await;
    assert_eq!(whole.body["accountEnabled"], true);
}

#[tokio::test]
async fn a_round_replays_what_the_one_before_told() {
    let world = World::start().await;
    world.tenant.behave(|tenant| tenant.replays = 1.0).unwrap();
    let dana = world.user(json!({ "displayName": "Dana" }));
    let round = world.round(SELECT).await;
    let again = world.round(&round.link).await;
    assert_eq!(again.of(dana)["displayName"], "Dana");
}

#[tokio::test]
async fn disabling_is_a_change_like_others() {
    let world = World::start().await;
    let dana = world.user(json!({}));
    let link = world.round(SELECT).await.link;
    world
        .tenant
        .update_user(dana, json!({ "accountEnabled": false }))
        .unwrap();
    let round = world.round(&link).await;
    assert_eq!(round.of(dana)["accountEnabled"], false);
    assert_eq!(round.of(dana).get("@removed"), None::<&Value>);
    assert_ne!(dana, Uuid::nil());
}
