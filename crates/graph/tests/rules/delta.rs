//! Delta queries: pages, what stands on them, and when a round must begin again.

use crate::edge::{Edge, Reply};
use crate::support::{members, session};
use graph::delta::{Begin, BeginError, Collection, Given, Manager, Next, Removal};
use graph::{DeltaLink, GraphErrorKind, ObjectId, ObjectKind};
use serde_json::{Value, json};

const DANA: &str = "8d0f6c11-1c1e-4b7a-9c55-5a1f0f2b9e01";
const OTHER: &str = "c3a2a7b0-3f9e-4d0e-9d0a-2f7b6d5e8a90";
const BOSS: &str = "0b7d5f5e-6f0a-4c39-8a0e-7f2f9d1c4e22";

fn id(text: &str) -> ObjectId {
    text.parse().unwrap()
}

/// A server of these pages, of which each leads to the next and the last is the end.
async fn edge(collection: &'static str, pages: Vec<Value>) -> Edge {
    Edge::start(move |seen| {
        if seen.is_token() {
            return None;
        }
        let base = format!("http://{}/v1.0/{collection}/delta", seen.header("host").unwrap());
        let at: usize = seen
            .target
            .rsplit_once("skiptoken=")
            .map_or(0, |(_, at)| at.parse().unwrap());
        let is_last = at + 1 == pages.len();
        let mut page = members(json!({ "@odata.context": "x", "value": pages[at] }));
        let (name, link) = if is_last {
            ("@odata.deltaLink", format!("{base}?$deltatoken=end"))
        } else {
            ("@odata.nextLink", format!("{base}?$skiptoken={}", at + 1))
        };
        page.insert(name.to_owned(), link.into());
        Some(Reply::json(200, &page.into()))
    })
    .await
}

#[actix_web::test]
async fn a_round_goes_on_over_empty_pages_until_its_end() {
    let edge = edge(
        "users",
        vec![json!([{ "id": DANA }]), json!([]), json!([]), json!([{ "id": OTHER }])],
    )
    .await;
    let (session, _) = session(&edge);
    let mut link = session
        .first_link(Collection::Users, &["mail".to_owned()], &Begin::All)
        .unwrap();
    let mut found = Vec::new();
    let end = loop {
        let page = session.users_page(&link).await.unwrap();
        found.extend(page.items.into_iter().map(|user| user.object.id));
        match page.next {
            Next::More(next) => link = next,
            Next::Done(end) => break end,
        }
    };
    assert_eq!(found, [id(DANA), id(OTHER)]);
    assert!(end.expose().ends_with("$deltatoken=end"));
    assert_eq!(edge.seen().len(), 4);
}

#[actix_web::test]
async fn an_attribute_is_absent_cleared_or_there() {
    let page = json!([
        { "id": DANA, "userPrincipalName": "dana.k@fabrikam.example", "accountEnabled": true, "jobTitle": null,
          "employeeOrgData": { "division": "North" },
          "manager@delta": [{ "@odata.type": "#microsoft.graph.user", "id": BOSS }] },
        { "id": OTHER, "@removed": { "reason": "changed" } },
        { "id": BOSS, "@removed": { "reason": "deleted" } },
    ]);
    let edge = edge("users", vec![page]).await;
    let (session, _) = session(&edge);
    let link = session
        .first_link(Collection::Users, &["mail".to_owned()], &Begin::All)
        .unwrap();
    let [dana, other, boss] = session.users_page(&link).await.unwrap().items.try_into().unwrap();
    let object = &dana.object;
    assert_eq!(object.text("userPrincipalName"), Some("dana.k@fabrikam.example"));
    assert_eq!(object.attribute("accountEnabled"), Given::Value(&json!(true)));
    assert_eq!(object.attribute("jobTitle"), Given::Null);
    assert_eq!(object.attribute("mail"), Given::Absent);
    assert_eq!(
        object.attribute("employeeOrgData.division"),
        Given::Value(&json!("North"))
    );
    assert_eq!(object.attribute("employeeOrgData.costCenter"), Given::Null);
    assert_eq!(object.attribute("manager@delta"), Given::Absent);
    assert_eq!(dana.manager, Manager::Is(id(BOSS), ObjectKind::User));
    assert_eq!(other.object.removed, Some(Removal::Restorable));
    assert_eq!(boss.object.removed, Some(Removal::Final));
    assert_eq!(other.manager, Manager::Unchanged);
    assert!(!format!("{dana:?}").contains("fabrikam"));
}

#[actix_web::test]
async fn a_manager_is_unchanged_cleared_or_somebody() {
    let gone = json!({ "id": DANA, "@removed": { "reason": "deleted" } });
    let new = json!({ "@odata.type": "#microsoft.graph.orgContact", "id": BOSS });
    let cases = [
        (json!(null), Manager::Unchanged),
        (json!([]), Manager::Unchanged),
        (json!([gone]), Manager::Cleared),
        (json!([new]), Manager::Is(id(BOSS), ObjectKind::OrgContact)),
        (json!([gone, new]), Manager::Is(id(BOSS), ObjectKind::OrgContact)),
        (json!([new, gone]), Manager::Is(id(BOSS), ObjectKind::OrgContact)),
    ];
    for (said, expected) in cases {
        let edge = edge("users", vec![json!([{ "id": OTHER, "manager@delta": said }])]).await;
        let (session, _) = session(&edge);
        let link = session
            .first_link(Collection::Users, &["mail".to_owned()], &Begin::All)
            .unwrap();
        let page = session.users_page(&link).await.unwrap();
        assert_eq!(page.items[0].manager, expected, "{said}");
    }
}

#[actix_web::test]
async fn members_of_a_group_come_and_go_and_say_what_they_are() {
    let page = json!([
        { "id": BOSS, "displayName": "Depot crew", "securityEnabled": true, "groupTypes": ["DynamicMembership"],
          "members@delta": [
            { "@odata.type": "#microsoft.graph.user", "id": DANA },
            { "@odata.type": "#microsoft.graph.group", "id": OTHER, "@removed": { "reason": "deleted" } },
            { "@odata.type": "#microsoft.graph.device", "id": OTHER },
            { "id": OTHER },
        ]},
        { "id": DANA },
    ]);
    let edge = edge("groups", vec![page]).await;
    let (session, _) = session(&edge);
    let link = session
        .first_link(Collection::Groups, &["members".to_owned()], &Begin::All)
        .unwrap();
    let [group, empty] = session.groups_page(&link).await.unwrap().items.try_into().unwrap();
    let found: Vec<_> = group
        .members
        .iter()
        .map(|one| (one.id, one.kind, one.removed))
        .collect();
    let expected = [
        (id(DANA), ObjectKind::User, None),
        (id(OTHER), ObjectKind::Group, Some(Removal::Final)),
        (id(OTHER), ObjectKind::Device, None),
        (id(OTHER), ObjectKind::Other, None),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        (group.is_security_group(), group.is_dynamic(), group.is_unified()),
        (Some(true), Some(true), Some(false))
    );
    assert_eq!((empty.is_security_group(), empty.members.len()), (None, 0));
}

#[actix_web::test]
async fn a_page_without_a_link_or_with_both_is_no_page() {
    for both in [false, true] {
        let edge = Edge::start(move |seen| {
            if seen.is_token() {
                return None;
            }
            let link = format!("http://{}/v1.0/users/delta?$deltatoken=x", seen.header("host").unwrap());
            let mut page = members(json!({ "value": [] }));
            if both {
                page.insert("@odata.nextLink".to_owned(), link.clone().into());
                page.insert("@odata.deltaLink".to_owned(), link.into());
            }
            Some(Reply::json(200, &page.into()))
        })
        .await;
        let (session, _) = session(&edge);
        let link = session
            .first_link(Collection::Users, &["mail".to_owned()], &Begin::All)
            .unwrap();
        assert_eq!(session.users_page(&link).await.unwrap_err().code(), "parked");
    }
}

#[actix_web::test]
async fn a_round_that_has_expired_begins_again_however_graph_says_so() {
    let said = |status: u16, code: &str, message: &str| {
        Reply::json(status, &json!({ "error": { "code": code, "message": message } }))
    };
    for reply in [
        Reply::raw(410, "text/html", b"<html>"),
        said(410, "SyncStateNotFound", ""),
        said(410, "resyncRequired", ""),
        said(410, "anything", ""),
        said(400, "syncStateNotFound", ""),
        said(400, "SYNCSTATENOTFOUND", ""),
        said(404, "syncStateNotFound", ""),
        said(400, "Directory_ExpiredPageToken", ""),
        said(
            400,
            "Request_BadRequest",
            "Sync must reach steady state within 30 days.",
        ),
    ] {
        let edge = Edge::answers(vec![reply.clone()]).await;
        let (session, clock) = session(&edge);
        let link = DeltaLink::from_stored(format!("{}/v1.0/users/delta?$deltatoken=old", edge.url));
        let error = session.users_page(&link).await.unwrap_err();
        assert!(
            matches!(*error.kind, GraphErrorKind::Resync { location: None }),
            "{reply:?}: {error}"
        );
        assert!(clock.waits().is_empty() && !error.is_transient());
    }
}

#[actix_web::test]
async fn no_other_error_begins_a_round_again() {
    for (status, code) in [
        (400, "Request_BadRequest"),
        (401, "syncStateNotFound"),
        (403, "syncStateNotFound"),
        (404, "Request_ResourceNotFound"),
        (500, "syncStateNotFound"),
        (429, "resyncRequired"),
    ] {
        let edge = Edge::answers(vec![Reply::error(status, code)]).await;
        let (session, _) = session(&edge);
        let link = DeltaLink::from_stored(format!("{}/v1.0/users/delta?$deltatoken=old", edge.url));
        let error = session.users_page(&link).await.unwrap_err();
        assert_ne!(error.code(), "resync", "{status} {code}");
    }
}

#[actix_web::test]
async fn where_to_begin_again_is_taken_from_graph_only_if_it_is_where_we_would_begin() {
    for (location, is_taken) in [
        ("/v1.0/users/delta?$deltatoken=", true),
        ("/v1.0/groups/delta?$deltatoken=", false),
        ("evil", false),
    ] {
        let edge = Edge::start(move |seen| {
            let host = seen.header("host").unwrap();
            let target = match location {
                "evil" => "http://evil.example/v1.0/users/delta?$deltatoken=".to_owned(),
                path => format!("http://{host}{path}"),
            };
            (!seen.is_token()).then(|| Reply::error(410, "x").with("location", &target))
        })
        .await;
        let (session, _) = session(&edge);
        let link = DeltaLink::from_stored(format!("{}/v1.0/users/delta?$deltatoken=old", edge.url));
        let error = session.users_page(&link).await.unwrap_err();
        let GraphErrorKind::Resync { location: found } = *error.kind else {
            panic!("{error}");
        };
        assert_eq!(found.is_some(), is_taken, "{location}");
    }
}

#[actix_web::test]
async fn a_round_can_begin_with_everything_with_some_or_from_now_on() {
    let edge = Edge::start(|_| None).await;
    let (session, _) = session(&edge);
    let select = ["mail".to_owned(), "manager".to_owned()];
    let link = |begin: &Begin| session.first_link(Collection::Users, &select, begin);
    let base = format!("{}/v1.0/users/delta?$select=mail,manager", edge.url);
    assert_eq!(link(&Begin::All).unwrap().expose(), base);
    assert_eq!(
        link(&Begin::FromNow).unwrap().expose(),
        format!("{base}&$deltatoken=latest")
    );
    let only = Begin::Only(vec![id(DANA), id(BOSS)]);
    let filter = format!("{base}&$filter=id%20eq%20'{DANA}'%20or%20id%20eq%20'{BOSS}'");
    assert_eq!(link(&only).unwrap().expose(), filter);
    for ids in [Vec::new(), vec![id(DANA); 51]] {
        assert_eq!(link(&Begin::Only(ids)), Err(BeginError::Ids));
    }
    let more = ["mail&$top=1".to_owned()];
    assert_eq!(
        session.first_link(Collection::Users, &more, &Begin::All),
        Err(BeginError::Name)
    );
    let nothing = session.first_link(Collection::Groups, &[], &Begin::All);
    assert_eq!(nothing, Err(BeginError::NothingSelected));
}
