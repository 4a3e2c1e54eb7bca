//! What is asked about people and groups, now and as they were.

use super::*;

pub(super) async fn resources(store: &Store, many: u64) {
    for references in [false, true] {
        assert!(store.users(big()).by_id(user(7), references).await.unwrap().is_some());
        assert!(store.groups(big()).by_id(group(7), references).await.unwrap().is_some());
        store.groups(big()).by_id(group(0), references).await.unwrap().unwrap();
        store
            .users(big())
            .by_ids(&[user(1), user(2)], references)
            .await
            .unwrap();
    }
    store.groups(big()).by_ids(&[group(1), group(2)]).await.unwrap();
    store.groups(big()).members(group(0), Some(user(5)), 20).await.unwrap();
    let (people, groups) = (u32::try_from(many).unwrap(), u32::try_from(FEW).unwrap());
    for total in [Total::Omitted, Total::Counted, Total::IfKnown] {
        for (references, offset) in [(true, 0), (false, 40), (true, people - 30)] {
            let query = Query {
                offset,
                limit: 20,
                total,
                references,
                ..Query::default()
            };
            assert_eq!(store.users(big()).list(&query).await.unwrap().rows.len(), 20);
        }
        let query = Query {
            offset: groups - 5,
            limit: 20,
            total,
            references: true,
            ..Query::default()
        };
        assert_eq!(store.groups(big()).list(&query).await.unwrap().rows.len(), 5);
    }
    let first = store
        .users(big())
        .list(&Query {
            limit: 20,
            ..Query::default()
        })
        .await
        .unwrap();
    let last = first.rows.last().unwrap();
    let after = Some(Position {
        created_at: last.created_at,
        id: last.id,
    });
    let query = Query {
        after,
        limit: 20,
        references: true,
        ..Query::default()
    };
    store.users(big()).list(&query).await.unwrap();
    store.groups(big()).list(&query).await.unwrap();
    store.users(big()).count(&Query::default()).await.unwrap();
    store.groups(big()).count(&Query::default()).await.unwrap();
}

/// Filters that an index serves, and in the small directory the others.
pub(super) async fn searches(store: &Store, many: u64) {
    let (person, team) = (user(9), group(9));
    let near = NOW - 1_000_000 + i64::try_from(many).unwrap() - 10;
    let near = Timestamp::from_millis(near);
    let of_users = [
        "userName eq \"u9\"".to_owned(),
        "externalId eq \"u9\"".to_owned(),
        "displayName eq \"u9\"".to_owned(),
        format!("id eq \"{person}\""),
        "emails.value eq \"u9\"".to_owned(),
        "emails[value eq \"u9\"]".to_owned(),
        format!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"{person}\""),
        format!("meta.lastModified gt \"{near}\""),
        format!("groups.value eq \"{team}\""),
        "active eq true".to_owned(),
        "active eq true and externalId eq \"u9\"".to_owned(),
        "userName pr".to_owned(),
    ];
    let of_groups = [
        "displayName eq \"g9\"".to_owned(),
        "externalId eq \"g9\"".to_owned(),
        format!("id eq \"{team}\""),
        format!("members.value eq \"{person}\""),
        format!("members[value eq \"{person}\"]"),
        format!("id eq \"{team}\" and members[value eq \"{person}\"]"),
    ];
    for text in of_users {
        let filter = Filter::parse(&text, ResourceType::user()).unwrap();
        for total in [Total::IfKnown, Total::Omitted] {
            let query = Query {
                filter: Some(&filter),
                limit: 20,
                total,
                references: true,
                ..Query::default()
            };
            assert!(
                !store.users(big()).list(&query).await.unwrap().rows.is_empty() || text.contains("manager"),
                "{text}"
            );
        }
    }
    for text in of_groups {
        let filter = Filter::parse(&text, ResourceType::group()).unwrap();
        let query = Query {
            filter: Some(&filter),
            limit: 20,
            total: Total::IfKnown,
            ..Query::default()
        };
        assert!(
            !store.groups(big()).list(&query).await.unwrap().rows.is_empty(),
            "{text}"
        );
    }
    let path = AttributePath::parse("name.familyName", ResourceType::user()).unwrap();
    let filter = Filter::parse("userName co \"9\"", ResourceType::user()).unwrap();
    let query = Query {
        filter: Some(&filter),
        sort: Some(Sort {
            path: &path,
            descending: true,
        }),
        limit: 20,
        total: Total::Counted,
        ..Query::default()
    };
    store.users(small()).list(&query).await.unwrap();
    store.users(small()).count(&query).await.unwrap();
}

/// The people and groups that a list may mean.
pub(super) async fn matches(store: &Store) {
    let people = store.users(big());
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    people.by_external_ids(&texts(&["e7", "none"])).await.unwrap();
    people
        .by_names(&texts(&["user7@contoso.example", "none"]))
        .await
        .unwrap();
    people
        .by_addresses(&texts(&["user7@contoso.example", "none"]), 100)
        .await
        .unwrap();
    let groups = store.groups(big());
    groups.by_external_ids(&texts(&["g7", "none"])).await.unwrap();
    groups.by_names(&texts(&["group 7", "none"])).await.unwrap();
    groups.members_of(&[group(1), group(2)], 100).await.unwrap();
}

/// All people of a small directory, and that a large one has too many.
pub(super) async fn everybody(store: &Store) {
    let change = store.change(None).await.unwrap();
    assert!(change.everybody(small(), 5_000).await.unwrap().is_some());
    assert!(change.everybody(big(), 10).await.unwrap().is_none());
}

pub(super) async fn the_past(store: &Store) {
    let catch_ups = store.catch_ups();
    let open = catch_ups.open(None, 20).await.unwrap();
    let row = *open.first().unwrap();
    catch_ups
        .open(Some((row.endpoint_id, row.directory_id)), 20)
        .await
        .unwrap();
    catch_ups.has_room(endpoint(1), 100).await.unwrap();
    catch_ups.is_settled(&row).await.unwrap();
    let step = catch_ups.begin(row).await.unwrap().unwrap();
    step.last_sequence().await.unwrap();
    step.events(20).await.unwrap();
    let next = CatchUp { sequence: 20, ..row };
    step.finish(&next, &[], &[], now()).await.unwrap();
    catch_ups.complete(now()).await.unwrap();
    let change = store.change(None).await.unwrap();
    let ids = [big(), small()];
    change
        .start_catch_up(endpoint(9), CatchUpFrom::Snapshot, Some(&ids), None, now())
        .await
        .unwrap();
    change
        .start_catch_up(endpoint(8), CatchUpFrom::Beginning, Some(&[]), None, now())
        .await
        .unwrap();
    change.commit().await.unwrap();
    assert_eq!(catch_ups.complete(now()).await.unwrap(), 1);
    let state = store.state_at(small(), 90);
    state.users(None, 20).await.unwrap();
    state.groups(Some(group(SMALL)), 20).await.unwrap();
    state.members(Some((group(SMALL), user(SMALL))), 20).await.unwrap();
    let state = store.state_at(big(), i64::MAX - 1);
    state.users(Some(user(5)), 20).await.unwrap();
    state.groups(None, 20).await.unwrap();
    state.members(Some((group(0), user(5))), 20).await.unwrap();
}

/// What became of one of many, in a long log.
pub(super) async fn history(store: &Store) {
    let history = store.history(big());
    let (first, last) = history.span().await.unwrap().unwrap();
    let page = history.page(user(7), None, 20).await.unwrap();
    assert!(!page.events.is_empty());
    history.page(user(7), Some(last), 20).await.unwrap();
    let ids: Vec<EventId> = page.events.iter().map(|event| event.id).collect();
    assert!(!history.told(&ids).await.unwrap().is_empty());
    history.sequence_at((first, last), now()).await.unwrap();
    history.membership_changes(user(7)).await.unwrap();
    history.deletions(&[group(1), group(2)]).await.unwrap();
    let state = store.state_at(big(), first);
    state.user(user(7)).await.unwrap();
    state.group(group(7)).await.unwrap();
}

pub(super) async fn copies(store: &Store) {
    let copies = store.log_copies(big());
    copies.sequence(CopyName::Base).await.unwrap();
    copies.base_users(Some(user(5)), 20).await.unwrap();
    copies.base_groups(None, 20).await.unwrap();
    copies.base_members(Some((group(0), user(5))), 20).await.unwrap();
    let cuttable = copies.cuttable(now(), 20).await.unwrap();
    // What waits in endpoint 1 holds the log of the large directory.
    assert_eq!(cuttable, 0);
    let copies = store.log_copies(small());
    copies.begin_fresh(now()).await.unwrap();
    copies.extend_fresh(&Images::after(1), now()).await.unwrap();
    copies.swap(0, true, now()).await.unwrap();
    copies.cut(0, &Images::after(1), now()).await.unwrap();
}
