//! `/deliveries`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use events::{AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, EventType, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use store::{DeliveryVerdict, Disabling, FinishedAttempt, Lease, NewDelivery};

const PATH: &str = "/api/v1/deliveries";
const OWNER: &str = "a dispatcher";

async fn endpoint(api: &Api) -> EndpointId {
    let made = api
        .post("/api/v1/endpoints", &json!({"url": "https://hooks.example.com/"}))
        .await;
    text(&made.expect(StatusCode::CREATED), "id").parse().unwrap()
}

/// Deliveries to an endpoint, all in the hands of a dispatcher.
pub(crate) async fn deliveries(api: &Api, endpoint_id: EndpointId, count: usize) -> Vec<DeliveryId> {
    let directory_id = DirectoryId::new();
    let new = |sequence: usize| NewDelivery {
        id: DeliveryId::new(),
        endpoint_id,
        event_id: EventId::new(),
        directory_id,
        subject_id: None,
        sequence: i64::try_from(sequence).unwrap(),
        event_type: EventType::UserCreated,
        claim: true,
        after: None,
        ordered: false,
    };
    let new: Vec<_> = (1..=count).map(new).collect();
    let lease = Lease {
        owner: OWNER,
        until: Timestamp::now().plus(Duration::from_secs(600)),
    };
    api.db
        .store
        .deliveries()
        .insert(&new, lease, Timestamp::now())
        .await
        .unwrap();
    new.iter().map(|delivery| delivery.id).collect()
}

pub(crate) async fn fail(api: &Api, endpoint_id: EndpointId, delivery_id: DeliveryId, status: u16) {
    let attempt = FinishedAttempt {
        id: AttemptId::new(),
        delivery_id,
        endpoint_id,
        token: 1,
        ordered: false,
        number: 1,
        started_at: Timestamp::now(),
        duration: Duration::from_millis(12),
        status: Some(status),
        error: Some("the receiver refused it".to_owned()),
        response_head: Some("oops".to_owned()),
        trace_id: None,
        verdict: DeliveryVerdict::Exhausted,
        gone: status == 410,
    };
    let deliveries = api.db.store.deliveries();
    deliveries
        .record(&[attempt], OWNER, Duration::from_secs(3_600), Timestamp::now())
        .await
        .unwrap();
    if status == 410 {
        let disabling = Disabling {
            endpoint_id,
            delivery_id,
            started_at: Timestamp::now(),
            patience: None,
            reason: "the receiver answered 410 Gone",
            origin: None,
            partitions: 4,
        };
        assert!(deliveries.disable(disabling, Timestamp::now()).await.unwrap());
    }
}

#[actix_web::test]
async fn deliveries_are_listed_by_endpoint_and_status() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (one, two) = (endpoint(&api).await, endpoint(&api).await);
        let (mine, others) = (deliveries(&api, one, 3).await, deliveries(&api, two, 1).await);
        fail(&api, one, mine[1], 500).await;
        let ids = async |query: String| {
            let list = api.get(&format!("{PATH}?{query}")).await.expect(StatusCode::OK);
            let data = list["data"].as_array().unwrap().clone();
            data.iter()
                .map(|delivery| text(delivery, "id").parse().unwrap())
                .collect::<Vec<DeliveryId>>()
        };
        assert_eq!(ids(format!("endpoint_id={one}")).await, [mine[2], mine[1], mine[0]]);
        assert_eq!(ids(format!("endpoint_id={two}")).await, others);
        assert_eq!(ids("status=exhausted".to_owned()).await, [mine[1]]);
        assert_eq!(ids(format!("endpoint_id={two}&status=exhausted")).await, []);
        assert_eq!(ids("limit=2".to_owned()).await.len(), 2);
        assert_eq!(
            api.get(&format!("{PATH}?status=lost&endpoint_id=x")).await.faults(400),
            ["endpoint_id", "status"]
        );
        api.close().await;
    }
}

#[actix_web::test]
async fn a_delivery_is_shown_with_its_attempts_and_tried_again() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let endpoint = endpoint(&api).await;
        let made = deliveries(&api, endpoint, 2).await;
        fail(&api, endpoint, made[0], 500).await;
        let path = format!("{PATH}/{}", made[0]);
        let found = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(
            (&found["status"], &found["last_status"]),
            (&json!("exhausted"), &json!(500))
        );
        assert_eq!(
            (&found["attempt_count"], &found["event_type"]),
            (&json!(1), &json!("user.created"))
        );
        let attempt = &found["attempts"][0];
        assert_eq!((&attempt["number"], &attempt["duration_ms"]), (&json!(1), &json!(12)));
        assert_eq!(
            (&attempt["error"], &attempt["response_head"]),
            (&found["last_error"], &json!("oops"))
        );

        let retry = async || {
            let call = api
                .call(Method::POST, &format!("{path}/retry"))
                .header("idempotency-key", "k");
            call.send().await
        };
        let queued = retry().await;
        let replayed = retry().await;
        assert_eq!(
            (
                queued.header("idempotency-replayed"),
                replayed.header("idempotency-replayed")
            ),
            (None, Some("true"))
        );
        assert_eq!(queued.expect(StatusCode::ACCEPTED)["status"], "pending");
        assert_eq!(api.get(&path).await.expect(StatusCode::OK)["status"], "pending");
        let busy = api
            .call(Method::POST, &format!("{PATH}/{}/retry", made[1]))
            .send()
            .await;
        busy.problem(409);
        let nowhere = format!("{PATH}/{}", DeliveryId::new());
        api.get(&nowhere).await.problem(404);
        api.call(Method::POST, &format!("{nowhere}/retry"))
            .send()
            .await
            .problem(404);
        api.close().await;
    }
}

#[actix_web::test]
async fn what_an_endpoint_missed_is_sent_again() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let endpoint = endpoint(&api).await;
        let made = deliveries(&api, endpoint, 3).await;
        fail(&api, endpoint, made[0], 500).await;
        fail(&api, endpoint, made[1], 500).await;
        let path = format!("/api/v1/endpoints/{endpoint}/replay");
        let replay = async |body: Value| api.post(&path, &body).await.expect(StatusCode::ACCEPTED)["queued"].clone();
        assert_eq!(replay(json!({"before": "2001-01-01T00:00:00Z"})).await, 0);
        assert_eq!(
            replay(json!({"only_failed": true, "after": "2001-01-01T00:00:00Z"})).await,
            2
        );
        assert_eq!(replay(json!({})).await, 0, "they are queued already");
        assert_eq!(
            api.post(&path, &json!({"after": "yesterday"})).await.faults(422),
            ["#/after"]
        );
        let nowhere = format!("/api/v1/endpoints/{}/replay", EndpointId::new());
        api.post(&nowhere, &json!({})).await.problem(404);
        api.close().await;
    }
}

#[actix_web::test]
async fn a_delivery_that_waits_is_cancelled_and_one_that_ended_is_not() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let endpoint = endpoint(&api).await;
        let made = deliveries(&api, endpoint, 2).await;
        fail(&api, endpoint, made[0], 500).await;
        let cancel = async |id: DeliveryId| {
            let call = api.call(Method::POST, &format!("{PATH}/{id}/cancel"));
            call.send().await
        };
        let told = cancel(made[0]).await.problem(409);
        assert!(text(&told, "detail").contains("exhausted"), "{told}");
        cancel(made[1]).await.problem(409);
        let store = &api.db.store;
        store
            .deliveries()
            .release(&made[1..], OWNER, Timestamp::now())
            .await
            .unwrap();
        assert_eq!(cancel(made[1]).await.expect(StatusCode::OK)["status"], "cancelled");
        let found = api.get(&format!("{PATH}/{}", made[1])).await.expect(StatusCode::OK);
        assert_eq!(
            (&found["status"], &found["reason"]),
            (&json!("cancelled"), &json!("cancelled by an operator"))
        );
        cancel(DeliveryId::new()).await.problem(404);
        let dead = api
            .get(&format!("{PATH}?status=exhausted"))
            .await
            .expect(StatusCode::OK);
        assert_eq!(text(&dead["data"][0], "id"), made[0].to_string());
        api.close().await;
    }
}

#[actix_web::test]
async fn the_stats_of_an_endpoint_are_shown_by_window() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let endpoint = endpoint(&api).await;
        let made = deliveries(&api, endpoint, 3).await;
        fail(&api, endpoint, made[0], 500).await;
        let path = format!("/api/v1/endpoints/{endpoint}/stats");
        let stats = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!((&stats["window"], &stats["complete"]), (&json!("1h"), &json!(true)));
        assert_eq!(
            (
                &stats["deliveries"],
                &stats["exhausted"],
                &stats["attempts"],
                &stats["in_flight"]
            ),
            (&json!(3), &json!(1), &json!(1), &json!(2))
        );
        assert_eq!((&stats["success_rate"], &stats["lag_ms"]), (&json!(0.0), &Value::Null));
        assert!(stats["oldest_undelivered"]["age_ms"].is_number(), "{stats}");
        let week = api.get(&format!("{path}?window=7d")).await.expect(StatusCode::OK);
        assert_eq!(week["deliveries"], 3);
        assert_eq!(api.get(&format!("{path}?window=1y")).await.faults(400), ["window"]);
        let nowhere = format!("/api/v1/endpoints/{}/stats", EndpointId::new());
        api.get(&nowhere).await.problem(404);
        api.close().await;
    }
}
