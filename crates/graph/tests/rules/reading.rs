//! Reading people, groups and assignments, and finding out what may be read.

use crate::edge::{Edge, Reply, Seen};
use crate::support::{CLIENT, session};
use futures_util::TryStreamExt as _;
use graph::delta::Manager;
use graph::map::Skip;
use graph::read::{Probe, ProbeOutcome, ProbeStep};
use graph::{GraphError, GraphErrorKind, ObjectId, ObjectKind, Permission};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

fn id(number: u128) -> ObjectId {
    Uuid::from_u128(number).into()
}

fn user(number: u128) -> Value {
    json!({ "@odata.type": "#microsoft.graph.user", "id": id(number) })
}

fn group(number: u128) -> Value {
    json!({ "@odata.type": "#microsoft.graph.group", "id": id(number) })
}

/// The path behind the version, without the query.
fn path(seen: &Seen) -> &str {
    let path = seen.target.split('?').next().unwrap();
    path.strip_prefix("/v1.0").unwrap()
}

/// A server that has these lists, two elements on a page.
async fn lists(lists: HashMap<String, Vec<Value>>) -> Edge {
    Edge::start(move |seen| {
        if seen.is_token() {
            return None;
        }
        let list = lists.get(path(seen))?;
        let at: usize = seen
            .target
            .rsplit_once("$skiptoken=")
            .map_or(0, |(_, at)| at.parse().unwrap());
        let end = (at + 2).min(list.len());
        let mut page = json!({ "value": list[at..end] });
        if end < list.len() {
            let host = seen.header("host").unwrap();
            page["@odata.nextLink"] = format!("http://{host}/v1.0{}?$skiptoken={end}", path(seen)).into();
        }
        Some(Reply::json(200, &page))
    })
    .await
}

fn members_of(groups: &[(u128, Vec<Value>)]) -> HashMap<String, Vec<Value>> {
    let list = |(group, members): &(u128, Vec<Value>)| (format!("/groups/{}/members", id(*group)), members.clone());
    groups.iter().map(list).collect()
}

#[actix_web::test]
async fn a_list_is_read_to_its_last_page() {
    let edge = lists(members_of(&[(9, (1..=7).map(user).collect())])).await;
    let (session, _) = session(&edge);
    let pages: Vec<Vec<_>> = session.members(id(9)).try_collect().await.unwrap();
    assert_eq!(pages.len(), 4);
    let found: Vec<_> = pages.concat().into_iter().map(|member| member.id).collect();
    assert_eq!(found, (1..=7).map(id).collect::<Vec<_>>());
    assert!(edge.seen()[0].target.ends_with("?$select=id&$top=999"));
}

#[actix_web::test]
async fn a_list_ends_with_the_error_of_its_first_bad_page_and_not_without_one() {
    let path = format!("/v1.0/groups/{}/members", id(9));
    for next in ["http://evil.example/v1.0/groups".to_owned(), "self".to_owned()] {
        let path = path.clone();
        let edge = Edge::start(move |seen| {
            let host = seen.header("host").unwrap();
            let next = match next.as_str() {
                "self" => format!("http://{host}{path}?$skiptoken=1"),
                other => other.to_owned(),
            };
            let page = json!({ "value": [user(1)], "@odata.nextLink": next });
            (!seen.is_token()).then(|| Reply::json(200, &page))
        })
        .await;
        let (session, _) = session(&edge);
        let read: Result<Vec<_>, GraphError> = session.members(id(9)).try_collect().await;
        assert!(["foreign_link", "unreadable"].contains(&read.unwrap_err().code()));
        assert!(edge.seen().len() <= 2);
    }
}

#[actix_web::test]
async fn groups_in_groups_are_gone_into_once_each_even_if_they_hold_each_other() {
    let device = json!({ "@odata.type": "#microsoft.graph.device", "id": id(66) });
    let edge = lists(members_of(&[
        (10, vec![user(1), group(11), group(12), device]),
        (11, vec![user(2), group(10)]),
        (12, vec![group(11), user(1), group(13)]),
        (13, vec![]),
    ]))
    .await;
    let (session, _) = session(&edge);
    let found: Vec<Vec<_>> = session.nested_members(id(10)).try_collect().await.unwrap();
    let found = found.concat();
    let people: Vec<_> = found
        .iter()
        .filter(|one| one.kind == ObjectKind::User)
        .map(|one| (one.id, one.through, one.depth))
        .collect();
    assert_eq!(people, [(id(1), id(10), 0), (id(2), id(11), 1), (id(1), id(12), 1)]);
    let skipped: Vec<_> = found
        .iter()
        .filter_map(|one| Some((one.id, one.through, one.skipped?)))
        .collect();
    let expected = [
        (id(66), id(10), Skip::MemberKind),
        (id(10), id(11), Skip::GroupMetBefore),
        (id(11), id(12), Skip::GroupMetBefore),
    ];
    assert_eq!(skipped, expected);
}

#[actix_web::test]
async fn everybody_in_a_group_at_any_depth_is_asked_of_the_index() {
    let path = format!("/groups/{}/transitiveMembers/microsoft.graph.user", id(9));
    let edge = lists(HashMap::from([(
        path,
        vec![json!({ "id": id(1) }), json!({ "id": id(2) })],
    )]))
    .await;
    let (session, _) = session(&edge);
    let pages: Vec<Vec<_>> = session.transitive_users(id(9)).try_collect().await.unwrap();
    assert_eq!(pages.concat(), [id(1), id(2)]);
    let seen = &edge.seen()[0];
    assert_eq!(seen.header("consistencylevel"), Some("eventual"));
    assert!(seen.target.contains("$count=true"));
}

#[actix_web::test]
async fn a_person_is_found_by_id_and_by_name_and_nobody_is_no_error() {
    let edge = Edge::start(|seen| {
        let found = [
            "/users/00000000-0000-0000-0000-000000000001",
            "/users/d%23x%2Fy@home.example",
        ];
        let is_found = !seen.is_token() && found.contains(&path(seen));
        is_found.then(|| Reply::json(200, &json!({ "id": id(1), "mail": null })))
    })
    .await;
    let (session, _) = session(&edge);
    let select = ["mail".to_owned()];
    assert_eq!(session.user(id(1), &select).await.unwrap().unwrap().id, id(1));
    assert!(session.user(id(2), &select).await.unwrap().is_none());
    assert!(
        session
            .user_by_name("d#x/y@home.example", &select)
            .await
            .unwrap()
            .is_some()
    );
    let asked = edge.seen().len();
    for bad in [
        "",
        "..",
        "dana",
        "../groups",
        "%2e%2e",
        &format!("{}@x", "a".repeat(2_000)),
    ] {
        assert!(session.user_by_name(bad, &select).await.unwrap().is_none());
    }
    assert_eq!(edge.seen().len(), asked, "what is no name is not asked for");
    assert!(edge.seen()[0].target.ends_with("?$select=id,mail"));
}

#[actix_web::test]
async fn assignments_have_their_role_and_what_is_assigned() {
    let role = Uuid::from_u128(5);
    let assignment = |principal: u128, kind: &str, role: Uuid| {
        json!({
            "id": "tq1", "appRoleId": role, "principalId": id(principal), "principalType": kind, "resourceId": id(70),
            "createdDateTime": "2026-03-02T08:14:22.1043117Z", "deletedDateTime": null,
        })
    };
    let path = format!("/servicePrincipals/{}/appRoleAssignedTo", id(70));
    let list = vec![
        assignment(1, "User", role),
        assignment(2, "Group", Uuid::nil()),
        assignment(3, "ServicePrincipal", role),
    ];
    let edge = lists(HashMap::from([(path, list)])).await;
    let (session, _) = session(&edge);
    let pages: Vec<Vec<_>> = session.assignments(id(70)).try_collect().await.unwrap();
    let found: Vec<_> = pages
        .concat()
        .iter()
        .map(|one| (one.principal, one.kind, one.role))
        .collect();
    let expected = [
        (id(1), ObjectKind::User, Some(role)),
        (id(2), ObjectKind::Group, None),
        (id(3), ObjectKind::ServicePrincipal, Some(role)),
    ];
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn an_application_comes_with_its_roles_or_is_not_there() {
    let edge = Edge::start(|seen| {
        let body = json!({
            "id": id(70), "appId": CLIENT, "displayName": "Rollcall", "accountEnabled": true,
            "appRoles": [{ "id": Uuid::from_u128(5), "value": "Admin", "displayName": "Admins", "isEnabled": true }],
        });
        let is_it = seen.target.contains(&format!("servicePrincipals(appId='{CLIENT}')"))
            || seen
                .target
                .contains(&format!("servicePrincipals(appId=%27{CLIENT}%27)"));
        is_it.then(|| Reply::json(200, &body))
    })
    .await;
    let (session, _) = session(&edge);
    let found = session.service_principal(CLIENT).await.unwrap().unwrap();
    assert_eq!((found.id, found.app_roles[0].value.as_deref()), (id(70), Some("Admin")));
    assert_eq!(session.service_principal(Uuid::nil()).await.unwrap(), None);
}

#[actix_web::test]
async fn managers_and_deleted_people_are_lists_of_their_own() {
    let edge = lists(HashMap::from([
        (
            "/users".to_owned(),
            vec![
                json!({ "id": id(1), "manager": user(2) }),
                json!({ "id": id(2), "manager": null }),
                json!({ "id": id(3) }),
            ],
        ),
        (
            "/directory/deletedItems/microsoft.graph.user".to_owned(),
            vec![json!({ "id": id(4) })],
        ),
        ("/directory/deletedItems/microsoft.graph.group".to_owned(), vec![]),
    ]))
    .await;
    let (session, _) = session(&edge);
    let managers: Vec<Vec<_>> = session.managers().try_collect().await.unwrap();
    let expected = [
        (id(1), Manager::Is(id(2), ObjectKind::User)),
        (id(2), Manager::Cleared),
        (id(3), Manager::Cleared),
    ];
    assert_eq!(managers.concat(), expected);
    assert!(edge.seen()[0].target.contains("$expand=manager($levels=1;$select=id)"));
    let deleted: Vec<Vec<_>> = session.deleted_users().try_collect().await.unwrap();
    assert_eq!(deleted.concat()[0].id, id(4));
    let groups: Vec<Vec<_>> = session.deleted_groups().try_collect().await.unwrap();
    assert!(groups.concat().is_empty());
}

/// A tenant with one person, one group, one member and one assignment, of which some may not be read.
async fn tenant(forbidden: &'static [&'static str], limited: bool) -> Edge {
    Edge::start(move |seen| {
        if seen.is_token() {
            return None;
        }
        let name = if limited { Value::Null } else { "d@x.example".into() };
        let person = json!({ "@odata.type": "#microsoft.graph.user", "id": id(1), "userPrincipalName": name });
        let page = |values: Value| Reply::json(200, &json!({ "value": values }));
        let (kind, reply) = match path(seen) {
            "/users" => (
                "users",
                page(json!([{ "id": id(1), "userPrincipalName": "d@x.example" }])),
            ),
            "/groups" => ("groups", page(json!([{ "id": id(8) }, { "id": id(9) }]))),
            one if one.ends_with("08/members") => ("members", page(json!([]))),
            one if one.ends_with("/members") => ("members", page(json!([person]))),
            one if one.ends_with("/appRoleAssignedTo") => ("assigned", page(json!([]))),
            one if one.starts_with("/servicePrincipals(") => (
                "applications",
                Reply::json(200, &json!({ "id": id(70), "appId": CLIENT, "displayName": null })),
            ),
            _ => return None,
        };
        Some(if forbidden.contains(&kind) {
            Reply::error(403, "Authorization_RequestDenied")
        } else {
            reply
        })
    })
    .await
}

async fn probe(edge: &Edge) -> Probe {
    session(edge).0.probe(Some(CLIENT)).await.unwrap()
}

#[actix_web::test]
async fn a_test_of_a_connection_reads_one_of_each_and_names_every_permission_that_is_missing() {
    let good = probe(&tenant(&[], false).await).await;
    assert!(good.is_good() && good.missing().is_empty());
    let steps: Vec<_> = good.steps.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [ProbeStep::User, ProbeStep::GroupMember, ProbeStep::Assignment]);
    assert!(matches!(good.steps[1].1, ProbeOutcome::Read));
    assert!(matches!(good.steps[2].1, ProbeOutcome::NothingThere));
    for (forbidden, limited, missing) in [
        (&["users"][..], false, vec![Permission::UserReadAll]),
        (&["groups"], false, vec![Permission::GroupMemberReadAll]),
        (&["members"], false, vec![Permission::GroupMemberReadAll]),
        (&["applications"], false, vec![Permission::ApplicationReadAll]),
        (&["assigned"], false, vec![Permission::ApplicationReadAll]),
        (&[], true, vec![Permission::UserReadAll]),
        (
            &["users", "groups", "applications"],
            false,
            vec![
                Permission::UserReadAll,
                Permission::GroupMemberReadAll,
                Permission::ApplicationReadAll,
            ],
        ),
    ] {
        let probe = probe(&tenant(forbidden, limited).await).await;
        assert_eq!(probe.missing(), missing, "{forbidden:?}");
        assert!(!probe.is_good());
    }
}

#[actix_web::test]
async fn a_test_of_a_connection_without_a_token_tells_why_and_nothing_else() {
    let edge = Edge::start(|_| Some(Reply::aadsts(7_000_222))).await;
    let error = session(&edge).0.probe(None).await.unwrap_err();
    assert!(matches!(*error.kind, GraphErrorKind::Token(_)));
    assert_eq!(error.code(), "credential_expired");
}

#[actix_web::test]
async fn a_test_of_a_connection_tells_an_application_that_is_not_there_from_one_that_may_not_be_read() {
    let edge = tenant(&[], false).await;
    let probe = session(&edge).0.probe(Some(Uuid::nil())).await.unwrap();
    // The simulated tenant has one application, whatever id is asked for.
    assert!(probe.is_good());
    let edge = Edge::start(|seen| {
        let is_list = !seen.is_token() && !seen.target.contains("servicePrincipals");
        is_list.then(|| Reply::json(200, &json!({ "value": [] })))
    })
    .await;
    let probe = session(&edge).0.probe(Some(CLIENT)).await.unwrap();
    assert!(matches!(probe.steps[0].1, ProbeOutcome::NothingThere));
    assert!(matches!(probe.steps[2].1, ProbeOutcome::NoApplication) && !probe.is_good());
}
