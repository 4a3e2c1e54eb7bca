//! Rounds of groups.

use crate::support::World;
use entra::{Bulk, Kind, MemberChange, NewObject};
use serde_json::json;
use std::collections::BTreeMap;

const SELECT: &str = "/groups/delta?$select=displayName,members";

fn truth(world: &World) -> BTreeMap<uuid::Uuid, Vec<uuid::Uuid>> {
    let groups = world.tenant.truth().unwrap().groups.into_iter();
    let sorted = groups.map(|group| {
        let mut members = group.members;
        members.sort();
        (group.id, members)
    });
    sorted.collect()
}

#[tokio::test]
async fn a_large_group_comes_in_slices_on_pages_that_follow_each_other() {
    let world = World::start().await;
    world
        .tenant
        .bulk(Bulk {
            users: 900,
            groups: 3,
            members: 700,
            managers: false,
        })
        .unwrap();
    world.tenant.behave(|tenant| tenant.member_page_size = 100).unwrap();
    let round = world.round(SELECT).await;
    assert!(round.pages >= 21, "{} pages", round.pages);
    assert_eq!(round.members(), truth(&world));
}

#[tokio::test]
async fn an_empty_group_has_no_members_property() {
    let world = World::start().await;
    let group = world.group(&[]);
    let round = world.round(SELECT).await;
    assert_eq!(*round.of(group), json!({ "id": group, "displayName": "Depot crew" }));
}

#[tokio::test]
async fn members_come_only_if_selected_or_if_nothing_is() {
    let world = World::start().await;
    let group = world.group(&[world.user(json!({}))]);
    assert!(
        world
            .round("/groups/delta")
            .await
            .of(group)
            .get("members@delta")
            .is_some()
    );
    let without = world.round("/groups/delta?$select=displayName").await;
    assert!(without.of(group).get("members@delta").is_none());
    world.tenant.add_members(group, &[world.user(json!({}))]).unwrap();
    assert!(world.round(&without.link).await.told.is_empty());
}

#[tokio::test]
async fn a_later_round_has_who_came_and_who_went() {
    let world = World::start().await;
    let [dana, noor, ada] = [(); 3].map(|()| world.user(json!({})));
    let group = world.group(&[dana, noor]);
    let link = world.round(SELECT).await.link;
    world.tenant.add_members(group, &[ada]).unwrap();
    world.tenant.remove_members(group, &[dana]).unwrap();
    let round = world.round(&link).await;
    let reference = |id| json!({ "@odata.type": "#microsoft.graph.user", "id": id });
    let mut gone = reference(dana);
    gone["@removed"] = json!({ "reason": "deleted" });
    assert_eq!(round.of(group)["members@delta"], json!([gone, reference(ada)]));
}

#[tokio::test]
async fn a_large_change_of_members_comes_in_slices() {
    let world = World::start().await;
    world
        .tenant
        .bulk(Bulk {
            users: 1_000,
            ..Bulk::default()
        })
        .unwrap();
    let group = world.group(&[]);
    world.tenant.behave(|tenant| tenant.member_page_size = 150).unwrap();
    let link = world.round(SELECT).await.link;
    let change = MemberChange {
        add_first: 1_000,
        ..MemberChange::default()
    };
    world.tenant.change_members(group, &change).unwrap();
    let round = world.round(&link).await;
    assert!(round.pages >= 7);
    assert_eq!(round.members(), truth(&world));
}

#[tokio::test]
async fn members_are_of_all_kinds_and_groups_may_contain_each_other() {
    let world = World::start().await;
    let device = world.tenant.create(Kind::Device, NewObject::default()).unwrap();
    let inner = world.group(&[]);
    let outer = world.group(&[inner, device]);
    world.tenant.add_members(inner, &[outer]).unwrap();
    let round = world.round(SELECT).await;
    let told = round.of(outer)["members@delta"].to_string();
    assert!(
        told.contains("#microsoft.graph.device") && told.contains("#microsoft.graph.group"),
        "{told}"
    );
}

#[tokio::test]
async fn a_soft_deleted_user_stays_a_member_and_a_purged_one_is_mentioned_or_not() {
    let world = World::start().await;
    let [dana, noor] = [(); 2].map(|()| world.user(json!({})));
    let group = world.group(&[dana, noor]);
    let link = world.round(SELECT).await.link;
    world.tenant.delete(Kind::User, dana).unwrap();
    let round = world.round(&link).await;
    assert!(round.told.is_empty(), "{:?}", round.told);
    world.tenant.purge(Kind::User, dana).unwrap();
    let round = world.round(&round.link).await;
    assert_eq!(round.of(group)["members@delta"][0]["@removed"]["reason"], "deleted");
    world.tenant.behave(|tenant| tenant.purge_unmentioned = true).unwrap();
    world.tenant.purge(Kind::User, noor).unwrap();
    assert!(world.round(&round.link).await.told.is_empty());
    assert!(truth(&world)[&group].is_empty());
}

#[tokio::test]
async fn a_group_of_microsoft_365_can_be_restored_and_another_is_gone_at_once() {
    let world = World::start().await;
    let dana = world.user(json!({}));
    let unified = world.tenant.group(json!({ "groupTypes": ["Unified"] })).unwrap();
    world.tenant.add_members(unified, &[dana]).unwrap();
    let other = world.group(&[]);
    let link = world.round(SELECT).await.link;
    world.tenant.delete(Kind::Group, unified).unwrap();
    world.tenant.delete(Kind::Group, other).unwrap();
    let round = world.round(&link).await;
    assert_eq!(round.of(unified)["@removed"]["reason"], "changed");
    assert_eq!(round.of(other)["@removed"]["reason"], "deleted");
    assert!(world.tenant.restore(Kind::Group, other).is_err());
    world.tenant.restore(Kind::Group, unified).unwrap();
    assert_eq!(world.round(&round.link).await.members()[&unified], [dana]);
}
