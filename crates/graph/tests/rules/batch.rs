//! Batches: each request has its own answer, and only what was throttled is sent again.

use crate::edge::{Edge, Reply, Seen};
use crate::support::session;
use graph::batch::{BatchRequest, InvalidBatch, check_batch};
use graph::{ObjectId, Permission};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;
use uuid::Uuid;

fn request(number: usize) -> BatchRequest {
    BatchRequest {
        path: format!("/users/{number}?$select=id"),
        cost: 1,
        any_of: &[Permission::UserReadAll],
        after: None,
    }
}

/// The requests of a batch, as they came.
fn parts(seen: &Seen) -> Vec<Value> {
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    body["requests"].as_array().unwrap().clone()
}

/// A server that answers parts by this script, last ones first. It is given the part and how often a batch came before.
async fn edge(script: impl Fn(&Value, usize) -> Value + Send + Sync + 'static) -> Edge {
    let times = Mutex::new(0);
    Edge::start(move |seen| {
        if seen.is_token() {
            return None;
        }
        let mut times = times.lock().unwrap();
        let answer = |part: &Value| {
            let mut answer = script(part, *times);
            answer["id"] = part["id"].clone();
            answer
        };
        let mut answers: Vec<Value> = parts(seen).iter().map(answer).collect();
        answers.reverse();
        *times += 1;
        Some(Reply::json(200, &json!({ "responses": answers })))
    })
    .await
}

#[actix_web::test]
async fn answers_come_in_any_order_and_find_their_requests() {
    let edge = edge(|part, _| json!({ "status": 200, "body": { "id": part["url"] } })).await;
    let (session, _) = session(&edge);
    let requests: Vec<_> = (0..20).map(request).collect();
    let answers = session.batch(&requests).await.unwrap();
    for (request, answer) in requests.iter().zip(answers) {
        assert_eq!(answer.unwrap()["id"], request.path);
    }
    let [seen] = edge.seen().try_into().unwrap();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/v1.0/$batch"));
}

#[actix_web::test]
async fn only_what_was_throttled_is_sent_again_after_the_longest_wait_that_is_asked_for() {
    let edge = edge(|part, times| {
        let id = part["id"].as_str().unwrap();
        match (id, times) {
            ("1", 0) => json!({ "status": 429, "headers": { "Retry-After": "3" } }),
            ("2", 0) => json!({ "status": 429, "headers": { "retry-after": "12" } }),
            ("2", 1) => json!({ "status": 503 }),
            _ => json!({ "status": 200, "body": { "id": id } }),
        }
    })
    .await;
    let (session, clock) = session(&edge);
    let answers = session.batch(&[request(0), request(1), request(2)]).await.unwrap();
    assert!(answers.iter().all(Result::is_ok));
    let sent: Vec<Vec<String>> = edge
        .seen()
        .iter()
        .map(|seen| {
            parts(seen)
                .iter()
                .map(|part| part["id"].as_str().unwrap().to_owned())
                .collect()
        })
        .collect();
    assert_eq!(sent, [vec!["0", "1", "2"], vec!["1", "2"], vec!["2"]]);
    assert_eq!(clock.waits()[0], Duration::from_secs(12));
}

#[actix_web::test]
async fn a_part_that_is_always_throttled_makes_the_connection_rest_and_the_others_keep_their_answers() {
    let edge = edge(|part, _| {
        let status = if part["id"] == "1" { 429 } else { 200 };
        json!({ "status": status, "body": {} })
    })
    .await;
    let (session, _) = session(&edge);
    let answers = session.batch(&[request(0), request(1)]).await.unwrap();
    assert!(answers[0].is_ok());
    assert_eq!(answers[1].as_ref().unwrap_err().code(), "parked");
    assert_eq!(edge.seen().len(), 5);
}

#[actix_web::test]
async fn what_waits_for_a_throttled_request_is_sent_again_with_it_and_what_waits_for_a_failed_one_has_failed() {
    let edge = edge(|part, times| match (part["id"].as_str().unwrap(), times) {
        ("0", 0) => json!({ "status": 429, "headers": { "Retry-After": "1" } }),
        ("1", 0) => json!({ "status": 424 }),
        ("2", _) => json!({ "status": 403, "body": { "error": { "code": "Authorization_RequestDenied" } } }),
        ("3", _) => json!({ "status": 424 }),
        ("4", _) => json!({ "status": 404 }),
        _ => json!({ "status": 200, "body": {} }),
    })
    .await;
    let (session, _) = session(&edge);
    let mut requests: Vec<_> = (0..5).map(request).collect();
    requests[1].after = Some(0);
    requests[3].after = Some(2);
    let answers = session.batch(&requests).await.unwrap();
    let codes: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().map_or_else(graph::GraphError::code, |_| "answered"))
        .collect();
    assert_eq!(codes, ["answered", "answered", "forbidden", "dependency", "not_found"]);
    let trace = &answers[2].as_ref().unwrap_err().trace;
    assert_eq!(trace.code.as_deref(), Some("Authorization_RequestDenied"));
    let again = parts(&edge.seen()[1]);
    assert_eq!(again.len(), 4, "what was forbidden is asked for with a new token, too");
    assert_eq!(again[1]["dependsOn"], json!(["0"]));
}

#[actix_web::test]
async fn a_part_that_is_forbidden_is_asked_for_once_more_with_a_new_token() {
    let edge = edge(|part, times| match (part["id"].as_str().unwrap(), times) {
        ("0", 0) => json!({ "status": 403 }),
        ("1", _) => json!({ "status": 403 }),
        _ => json!({ "status": 200, "body": {} }),
    })
    .await;
    let (session, _) = session(&edge);
    let answers = session.batch(&[request(0), request(1), request(2)]).await.unwrap();
    let good: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, true]);
    assert_eq!((edge.seen().len(), edge.tokens().len()), (2, 2));
    assert_eq!(parts(&edge.seen()[1]).len(), 2);
}

#[actix_web::test]
async fn answers_that_are_not_those_of_the_requests_are_asked_for_again() {
    for answers in [
        json!([]),
        json!([{ "id": "0", "status": 200 }, { "id": "0", "status": 200 }]),
        json!([{ "id": "7", "status": 200 }, { "id": "0", "status": 200 }]),
        json!([{ "id": "0", "status": 200 }]),
    ] {
        let edge = Edge::answers(vec![Reply::json(200, &json!({ "responses": answers }))]).await;
        let (session, _) = session(&edge);
        let error = session.batch(&[request(0), request(1)]).await.unwrap_err();
        assert_eq!(error.code(), "parked");
    }
}

#[actix_web::test]
async fn a_batch_has_one_to_twenty_requests_in_an_order_that_ends() {
    let edge = Edge::start(|_| None).await;
    let (session, _) = session(&edge);
    let many: Vec<_> = (0..21).map(request).collect();
    assert_eq!(check_batch(&many), Err(InvalidBatch::Size));
    assert_eq!(check_batch(&[]), Err(InvalidBatch::Size));
    let mut waits_for_itself = request(0);
    waits_for_itself.after = Some(0);
    assert_eq!(check_batch(&[waits_for_itself]), Err(InvalidBatch::Order));
    assert_eq!(session.batch(&many).await.unwrap_err().code(), "bad_request");
    assert!(edge.seen().is_empty());
}

#[actix_web::test]
async fn people_are_read_by_their_ids_and_whoever_is_gone_is_told_apart_from_a_failure() {
    let edge = edge(|part, _| {
        let url = part["url"].as_str().unwrap();
        let id = url.trim_start_matches("/users/").split('?').next().unwrap();
        match id.bytes().last() {
            Some(b'1') => json!({ "status": 200, "body": { "id": id, "accountEnabled": true } }),
            Some(b'2') => json!({ "status": 404, "body": { "error": { "code": "Request_ResourceNotFound" } } }),
            Some(b'3') => json!({ "status": 200, "body": {} }),
            _ => json!({ "status": 400 }),
        }
    })
    .await;
    let (session, _) = session(&edge);
    let ids: Vec<ObjectId> = (1..5).map(|number| Uuid::from_u128(number).into()).collect();
    let select = ["accountEnabled".to_owned(), "manager".to_owned()];
    let people = session.users_by_ids(&ids, &select).await.unwrap();
    assert!(people.iter().map(|(id, _)| *id).eq(ids));
    let [one, two, three, four] = people.try_into().unwrap();
    assert_eq!(one.1.unwrap().unwrap().id, one.0);
    assert!(two.1.unwrap().is_none());
    assert_eq!(three.1.unwrap_err().code(), "unreadable");
    assert_eq!(four.1.unwrap_err().code(), "bad_request");
    let url = parts(&edge.seen()[0])[0]["url"].clone();
    assert_eq!(url, format!("/users/{}?$select=id,accountEnabled", Uuid::from_u128(1)));
}
