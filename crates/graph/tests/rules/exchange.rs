//! One request and its answer: what is sent, what is waited for, and what an answer is taken for.

use crate::edge::{Edge, Reply};
use crate::support::{guard, identity, now, secret, session};
use flate2::Compression;
use flate2::write::GzEncoder;
use graph::delta::{Begin, Collection};
use graph::testing::ManualClock;
use graph::{DeltaLink, Graph, GraphError, GraphErrorKind, Permission, Priority, Session, Unreadable};
use serde_json::json;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

fn first(session: &Session) -> DeltaLink {
    let select = ["accountEnabled".to_owned()];
    session.first_link(Collection::Users, &select, &Begin::All).unwrap()
}

async fn ask(session: &Session) -> Result<usize, GraphError> {
    let page = session.users_page(&first(session)).await?;
    Ok(page.items.len())
}

fn page(edge: &str, items: usize) -> Reply {
    let one = |number: usize| json!({ "id": uuid::Uuid::from_u128(number as u128) });
    let items: Vec<_> = (0..items).map(one).collect();
    let link = format!("{edge}/v1.0/users/delta?$deltatoken=d");
    Reply::json(200, &json!({ "value": items, "@odata.deltaLink": link }))
}

/// A server that answers these in turn, and then a page.
async fn edge(replies: Vec<Reply>) -> Edge {
    let replies = std::sync::Mutex::new(replies.into_iter());
    Edge::start(move |seen| {
        if seen.is_token() {
            return None;
        }
        let host = seen.header("host").unwrap();
        Some(
            replies
                .lock()
                .unwrap()
                .next()
                .unwrap_or_else(|| page(&format!("http://{host}"), 1)),
        )
    })
    .await
}

#[actix_web::test]
async fn a_request_has_its_token_an_id_of_ours_and_its_priority() {
    let edge = edge(Vec::new()).await;
    let (session, _) = session(&edge);
    ask(&session).await.unwrap();
    ask(&session.with_priority(Priority::Low)).await.unwrap();
    let seen = edge.seen();
    assert_eq!(seen[0].header("authorization"), Some("Bearer one"));
    assert_eq!(seen[0].header("x-ms-throttle-priority"), Some("normal"));
    assert_eq!(seen[1].header("x-ms-throttle-priority"), Some("low"));
    assert_ne!(seen[0].header("client-request-id"), seen[1].header("client-request-id"));
    assert_eq!(seen[0].target, "/v1.0/users/delta?$select=accountEnabled");
}

#[actix_web::test]
async fn a_refusal_keeps_what_microsofts_support_asks_for_and_none_of_its_text() {
    let id = "8d0f6c11-1c1e-4b7a-9c55-5a1f0f2b9e01";
    let reply = Reply::error(400, "Request_BadRequest")
        .with("request-id", id)
        .with("date", "Mon, 30 Nov 2026 12:00:00 GMT");
    let edge = edge(vec![reply]).await;
    let (session, _) = session(&edge);
    let error = ask(&session).await.unwrap_err();
    assert_eq!(error.code(), "bad_request");
    assert_eq!(error.trace.status, Some(400));
    assert_eq!(error.trace.code.as_deref(), Some("Request_BadRequest"));
    assert_eq!(error.trace.request_id, id.parse().ok());
    let ours = error.trace.client_request_id.map(|id| id.to_string());
    assert_eq!(ours.as_deref(), edge.seen()[0].header("client-request-id"));
    assert_eq!(error.trace.date, Some(now()));
    let shown = format!("{error:?} {error} {} {}", error.trace, telemetry::chain(&error));
    assert!(shown.contains(id) && !shown.contains("said to people"), "{shown}");
}

#[actix_web::test]
async fn retry_after_is_waited_for_to_its_end_as_seconds_and_as_a_date() {
    let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_millis(now().millis() as u64 + 47_000));
    for (asked, expected) in [("17", 17), (date.as_str(), 47), ("0", 1)] {
        let reply = Reply::error(429, "TooManyRequests").with("retry-after", asked);
        let edge = edge(vec![reply]).await;
        let (session, clock) = session(&edge);
        assert_eq!(ask(&session).await.unwrap(), 1);
        assert_eq!(clock.waits(), [Duration::from_secs(expected)], "{asked}");
    }
}

#[actix_web::test]
async fn without_retry_after_waits_grow_and_are_spread_between_a_second_and_a_minute() {
    for (chance, expected) in [(0.0, [1.0, 1.0, 1.0]), (0.5, [1.5, 2.5, 4.5]), (0.999, [2.0, 4.0, 8.0])] {
        let edge = edge(vec![
            Reply::error(503, "x"),
            Reply::error(504, "x"),
            Reply::error(429, "x"),
        ])
        .await;
        let clock = Arc::new(ManualClock::jumping(now()).with_chance(chance));
        let graph = Graph::with_clock(guard(), clock.clone()).unwrap();
        ask(&graph.session(identity(&edge, secret("s")))).await.unwrap();
        for (wait, expected) in clock.waits().iter().zip(expected) {
            assert!((wait.as_secs_f64() - expected).abs() < 0.02, "{wait:?} {expected}");
        }
        assert_eq!(clock.waits().len(), 3);
    }
}

#[actix_web::test]
async fn a_long_retry_after_is_told_at_once_and_no_request_of_that_tenant_is_sent_before() {
    let edge = edge(vec![Reply::error(429, "x").with("retry-after", "86400")]).await;
    let (session, clock) = session(&edge);
    for _ in 0..3 {
        let error = ask(&session).await.unwrap_err();
        assert_eq!(error.code(), "throttled");
        assert_eq!(error.not_before(), Some(now().plus(Duration::from_hours(24))));
    }
    assert!(clock.waits().is_empty());
    assert_eq!(edge.seen().len(), 1);
    clock.advance(Duration::from_hours(24));
    assert_eq!(ask(&session).await.unwrap(), 1);
}

#[actix_web::test]
async fn after_five_failures_in_a_row_the_connection_rests_and_new_requests_do_not_start_over() {
    let edge = edge(vec![Reply::error(503, "x"); 6]).await;
    let (session, clock) = session(&edge);
    let error = ask(&session).await.unwrap_err();
    assert_eq!(error.code(), "parked");
    assert_eq!(edge.seen().len(), 5);
    let GraphErrorKind::Parked { until, because } = *error.kind else {
        panic!("{error}");
    };
    assert_eq!(because.unwrap().code(), "unavailable");
    assert_eq!(ask(&session).await.unwrap_err().code(), "parked");
    assert_eq!(edge.seen().len(), 5, "nothing is sent while it rests");
    let rest = until.since(graph::Clock::now(&*clock));
    assert_eq!(rest, Duration::from_mins(5));
    clock.advance(rest);
    let error = ask(&session).await.unwrap_err();
    assert_eq!(edge.seen().len(), 6, "one more failure is enough");
    let again = error.not_before().unwrap().since(graph::Clock::now(&*clock));
    assert_eq!(again, Duration::from_mins(10));
    clock.advance(again);
    assert_eq!(ask(&session).await.unwrap(), 1);
}

#[actix_web::test]
async fn a_tenant_that_rests_delays_no_other() {
    let edge = Edge::start(|seen| {
        if seen.is_token() {
            let token = if seen.target.contains("5f2c9a0e") {
                "bad"
            } else {
                "good"
            };
            return Some(Reply::token(token));
        }
        let host = format!("http://{}", seen.header("host").unwrap());
        let is_bad = seen.header("authorization") == Some("Bearer bad");
        Some(if is_bad {
            Reply::error(429, "x").with("retry-after", "3600")
        } else {
            page(&host, 1)
        })
    })
    .await;
    let clock = Arc::new(ManualClock::standing(now()));
    let graph = Graph::with_clock(guard(), clock.clone()).unwrap();
    let bad = identity(&edge, secret("s"));
    let mut good = bad.clone();
    good.tenant = uuid::Uuid::from_u128(7);
    assert_eq!(ask(&graph.session(bad)).await.unwrap_err().code(), "throttled");
    assert_eq!(ask(&graph.session(good)).await.unwrap(), 1);
    assert!(clock.waits().is_empty());
}

#[actix_web::test]
async fn where_graph_says_that_the_whole_application_is_over_its_budget_its_other_tenants_wait_too() {
    for (scope, code) in [
        ("Application/Read/a/b", "throttled"),
        ("Tenant_Application/Read/a/b", "page"),
    ] {
        let reply = Reply::error(429, "x")
            .with("retry-after", "3600")
            .with("x-ms-throttle-scope", scope);
        let edge = edge(vec![reply]).await;
        let graph = Graph::with_clock(guard(), Arc::new(ManualClock::standing(now()))).unwrap();
        let first = identity(&edge, secret("s"));
        let mut other = first.clone();
        other.tenant = uuid::Uuid::from_u128(7);
        ask(&graph.session(first)).await.unwrap_err();
        let asked = ask(&graph.session(other)).await;
        assert_eq!(asked.map_or_else(|error| error.code(), |_| "page"), code);
    }
}

#[actix_web::test]
async fn a_refused_token_is_dropped_and_the_request_sent_once_more() {
    for status in [401, 403] {
        let edge = edge(vec![Reply::error(status, "InvalidAuthenticationToken")]).await;
        let (session, clock) = session(&edge);
        assert_eq!(ask(&session).await.unwrap(), 1);
        assert_eq!((edge.seen().len(), edge.tokens().len()), (2, 2));
        assert!(clock.waits().is_empty());
    }
}

#[actix_web::test]
async fn a_permission_that_is_missing_with_a_new_token_too_is_named() {
    let edge = edge(vec![Reply::error(403, "Authorization_RequestDenied"); 2]).await;
    let (session, _) = session(&edge);
    let error = ask(&session).await.unwrap_err();
    let GraphErrorKind::Forbidden { any_of } = *error.kind else {
        panic!("{error}");
    };
    assert_eq!(any_of.first(), Some(&Permission::UserReadAll));
    assert!(
        error.to_string().contains("User.Read.All or Directory.Read.All"),
        "{error}"
    );
    assert_eq!((edge.seen().len(), edge.tokens().len()), (2, 2));
}

#[actix_web::test]
async fn an_answer_that_is_cut_off_or_for_people_is_asked_for_again_and_never_an_empty_list() {
    let whole = json!({ "value": [], "@odata.deltaLink": "x" }).to_string();
    for reply in [
        Reply::raw(200, "text/html", b"<html>Sign in</html>"),
        Reply::raw(200, "text/html", whole.as_bytes()),
        Reply::raw(200, "application/json", b"<html>Sign in</html>"),
        Reply::raw(200, "application/json", &whole.as_bytes()[..20]),
        Reply::raw(200, "application/json", b""),
        Reply::raw(200, "application/json", b"[]"),
        Reply::raw(200, "application/json", b"null"),
        Reply::json(200, &json!({})),
        Reply::json(200, &json!({ "value": null, "@odata.deltaLink": "x" })),
        Reply::json(200, &json!({ "value": {}, "@odata.deltaLink": "x" })),
        Reply::json(200, &json!({ "error": { "code": "x" } })),
        Reply::json(200, &json!({ "value": [1] })),
        Reply::json(200, &json!({ "value": [] })),
        Reply::json(200, &json!({ "value": [{ "mail": "x" }] })),
        Reply::raw(200, "application/json", whole.as_bytes()).with("content-encoding", "br"),
        Reply::raw(200, "application/json", whole.as_bytes()).with("content-encoding", "gzip"),
        Reply::raw(200, "application/json", whole.as_bytes()).cut(),
    ] {
        let edge = edge(vec![reply.clone()]).await;
        let (session, clock) = session(&edge);
        assert_eq!(ask(&session).await.unwrap(), 1, "{reply:?}");
        assert_eq!(clock.waits().len(), 1, "{reply:?}");
    }
}

#[actix_web::test]
async fn a_server_that_always_answers_nonsense_makes_the_connection_rest() {
    let edge = Edge::answers(vec![Reply::raw(200, "text/html", b"<html>")]).await;
    let (session, _) = session(&edge);
    let error = ask(&session).await.unwrap_err();
    let GraphErrorKind::Parked {
        because: Some(because), ..
    } = *error.kind
    else {
        panic!("{error}");
    };
    assert!(matches!(*because.kind, GraphErrorKind::Unreadable(Unreadable::NotJson)));
    assert_eq!(edge.seen().len(), 5);
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(body).unwrap();
    packer.finish().unwrap()
}

#[actix_web::test]
async fn a_packed_answer_is_unpacked_and_one_that_grows_beyond_the_limit_is_not() {
    let bomb = gzip(&vec![b' '; graph::LONGEST_ANSWER + 1]);
    let edge = Edge::start(move |seen| {
        let host = format!("http://{}", seen.header("host")?);
        if seen.is_token() {
            return None;
        }
        assert_eq!(seen.header("accept-encoding"), Some("gzip"));
        let link = format!("{host}/v1.0/users/delta?$deltatoken=d");
        let body = json!({ "value": [], "@odata.deltaLink": link }).to_string();
        let packed = if seen.target.contains("bomb") {
            bomb.clone()
        } else {
            gzip(body.as_bytes())
        };
        Some(Reply::raw(200, "application/json", &packed).with("content-encoding", "gzip"))
    })
    .await;
    let (session, _) = session(&edge);
    assert_eq!(ask(&session).await.unwrap(), 0);
    let link = DeltaLink::from_stored(format!("{}/v1.0/users/delta?$skiptoken=bomb", edge.url));
    let error = session.users_page(&link).await.unwrap_err();
    let limit = graph::LONGEST_ANSWER;
    assert!(matches!(*error.kind, GraphErrorKind::Unreadable(Unreadable::TooLong { limit: l }) if l == limit));
}

#[actix_web::test]
async fn a_server_that_is_not_there_makes_the_connection_rest() {
    let edge = Edge::start(|_| None).await;
    let (session, clock) = session(&edge);
    session.token().await.unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut identity = session.identity().clone();
    let root = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    identity.endpoints = graph::Endpoints::new(&edge.url, &root).unwrap();
    let session = Graph::with_clock(guard(), clock).unwrap().session(identity);
    let error = ask(&session).await.unwrap_err();
    let GraphErrorKind::Parked {
        because: Some(because), ..
    } = *error.kind
    else {
        panic!("{error}");
    };
    assert_eq!(because.code(), "unreachable");
}

#[actix_web::test]
async fn what_graph_does_not_have_or_does_not_support_is_told_at_once() {
    for (status, code) in [
        (404, "not_found"),
        (501, "not_supported"),
        (400, "bad_request"),
        (409, "refused"),
    ] {
        let edge = Edge::answers(vec![Reply::error(status, "NotImplemented")]).await;
        let (session, clock) = session(&edge);
        assert_eq!(ask(&session).await.unwrap_err().code(), code);
        assert_eq!(edge.seen().len(), 1);
        assert!(clock.waits().is_empty());
    }
}

#[actix_web::test]
async fn entra_id_that_is_down_makes_the_connection_rest_and_is_not_asked_meanwhile() {
    let edge = Edge::start(|_| Some(Reply::raw(503, "text/html", b"").with("retry-after", "2"))).await;
    let (session, clock) = session(&edge);
    let error = ask(&session).await.unwrap_err();
    let GraphErrorKind::Parked {
        because: Some(because), ..
    } = *error.kind
    else {
        panic!("{error}");
    };
    assert_eq!(because.code(), "transient");
    assert_eq!(clock.waits(), [Duration::from_secs(2); 4]);
    assert_eq!(ask(&session).await.unwrap_err().code(), "parked");
    assert_eq!((edge.tokens().len(), edge.seen().len()), (5, 0));
}

#[actix_web::test]
async fn a_request_that_fails_while_others_are_answered_is_given_up_and_the_connection_does_not_rest() {
    let edge = Edge::start(|seen| {
        let host = format!("http://{}", seen.header("host").unwrap());
        let is_bad = seen.target.contains("bad");
        (!seen.is_token()).then(|| if is_bad { Reply::error(502, "x") } else { page(&host, 1) })
    })
    .await;
    let (session, _) = session(&edge);
    let bad = DeltaLink::from_stored(format!("{}/v1.0/users/delta?$skiptoken=bad", edge.url));
    let mut failing = std::pin::pin!(session.users_page(&bad));
    let error = loop {
        // Others are answered between any two attempts.
        let good = std::pin::pin!(ask(&session));
        match futures_util::future::select(failing.as_mut(), good).await {
            futures_util::future::Either::Left((result, _)) => break result.unwrap_err(),
            futures_util::future::Either::Right((answered, _)) => assert_eq!(answered.unwrap(), 1),
        }
    };
    assert_eq!(error.code(), "unavailable");
    assert_eq!(ask(&session).await.unwrap(), 1);
}

#[actix_web::test]
async fn where_graph_says_that_the_budget_is_used_up_the_next_request_is_later() {
    for (share, is_later) in [("0.9", false), ("1.0", true), ("1.8", true), ("x", false)] {
        let edge = Edge::start(move |seen| {
            let host = format!("http://{}", seen.header("host").unwrap());
            (!seen.is_token()).then(|| page(&host, 1).with("x-ms-throttle-limit-percentage", share))
        })
        .await;
        let (session, clock) = session(&edge);
        ask(&session).await.unwrap();
        ask(&session).await.unwrap();
        assert_eq!(clock.waits().len(), usize::from(is_later), "{share}");
    }
}

#[actix_web::test]
async fn the_clock_of_this_machine_ends_waits_that_are_over_and_its_chance_is_less_than_one() {
    let clock = graph::SystemClock;
    let now = graph::Clock::now(&clock);
    graph::Clock::sleep_until(&clock, now).await;
    graph::Clock::sleep_until(&clock, now.plus(Duration::from_millis(20))).await;
    assert!(graph::Clock::now(&clock) >= now.plus(Duration::from_millis(20)));
    assert!((0..100).all(|_| (0.0..1.0).contains(&graph::Clock::chance(&clock))));
}
