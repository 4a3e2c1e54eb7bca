//! The log of an identity provider's requests, and its cycles.

use crate::harness::{Api, BOTH, text};
use ::events::{DirectoryId, RequestId, Timestamp};
use actix_web::http::StatusCode;
use directory::sync::Operation;
use serde_json::{Value, json};
use std::time::Duration;
use store::{Caller, KeptBody, NewRequest, RequestBatch};

/// A request of this directory that came then.
pub(crate) fn request(directory: &Value, at: Timestamp, operation: Operation, status: u16) -> NewRequest {
    NewRequest {
        id: RequestId::new(),
        directory_id: text(directory, "id").parse::<DirectoryId>().unwrap(),
        at,
        method: "POST".to_owned(),
        path: "/Users".to_owned(),
        query: None,
        status,
        scim_type: (status == 409).then(|| "uniqueness".to_owned()),
        detail: (status == 409).then(|| "userName is taken".to_owned()),
        duration: Duration::from_micros(1_500),
        trace_id: None,
        user_agent: None,
        dialect: Some("entra"),
        leniencies: vec!["operation_case"],
        left_out: vec!["shoeSize".to_owned()],
        request: KeptBody {
            text: Some("{}".to_owned()),
            size: Some(2),
            is_cut: false,
        },
        response: KeptBody::default(),
        operation,
        caller: Caller::Proven,
    }
}

pub(crate) async fn write(api: &Api, requests: Vec<NewRequest>) {
    let batch = RequestBatch {
        requests,
        ..RequestBatch::default()
    };
    api.db.store.write_requests(&batch).await.unwrap();
}

#[actix_web::test]
async fn requests_and_cycles_are_listed_by_directory() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (ours, theirs) = (api.directory("contoso.com").await, api.directory("fabrikam.com").await);
        let now = Timestamp::now();
        let one = |status| request(&ours, now, Operation::CreateUser, status);
        write(
            &api,
            vec![
                one(201),
                one(409),
                one(201),
                request(&theirs, now, Operation::Probe, 200),
            ],
        )
        .await;
        let path = format!("/api/v1/directories/{}/requests", text(&ours, "id"));
        let all = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(all["data"].as_array().unwrap().len(), 3);
        let refused = api
            .get(&format!("{path}?status=4xx&path=users&method=post"))
            .await
            .expect(StatusCode::OK);
        let [refused] = refused["data"].as_array().unwrap().as_slice() else {
            panic!("{refused}")
        };
        assert_eq!(
            (&refused["scim_type"], &refused["ms"]),
            (&json!("uniqueness"), &json!(1.5))
        );
        assert_eq!(refused["leniencies"][0]["rule"], "P2");
        assert_eq!(refused["request"], json!({ "text": "{}", "size": 2, "cut": false }));
        let one = api
            .get(&format!("{path}/{}", text(refused, "id")))
            .await
            .expect(StatusCode::OK);
        assert_eq!(&one, refused);
        let other = format!(
            "/api/v1/directories/{}/requests/{}",
            text(&theirs, "id"),
            text(refused, "id")
        );
        api.get(&other).await.problem(404);
        assert_eq!(
            api.get(&format!("{path}?status=4&since=x&cycle_id=x"))
                .await
                .faults(400),
            ["status", "since", "cycle_id"]
        );
        api.get(&format!("{path}?cursor=AAAA")).await.problem(400);

        let cycles = format!("/api/v1/directories/{}/cycles", text(&ours, "id"));
        let open = api.get(&cycles).await.expect(StatusCode::OK);
        assert_eq!(
            (&open["data"][0]["open"], &open["data"][0]["kind"]),
            (&json!(true), &json!("initial"))
        );
        assert_eq!(open["data"][0]["counts"]["failures"], 1);
        let later = now.plus(Duration::from_mins(6));
        api.db.store.close_cycles(later, 4).await.unwrap();
        let closed = api.get(&cycles).await.expect(StatusCode::OK);
        assert_eq!(
            (&closed["data"][0]["open"], &closed["data"][0]["kind"]),
            (&json!(false), &json!("initial"))
        );
        assert_eq!(closed["data"][0]["counts"]["users_created"], 2);
        let of_cycle = format!("{path}?cycle_id={}", text(&closed["data"][0], "id"));
        assert_eq!(api.get(&of_cycle).await.expect(StatusCode::OK)["data"], all["data"]);
        // Two keys and two directories were made, and then the cycle was announced.
        let announced = api.log(5).await;
        assert_eq!(announced[4]["type"], "directory.sync_completed");
        assert_eq!(announced[4]["source"], "system");
        api.close().await;
    }
}

#[actix_web::test]
async fn a_directory_keeps_no_more_requests_than_it_may_and_none_that_is_too_old() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let now = Timestamp::now();
        let many = (0..30)
            .map(|_| request(&directory, now, Operation::CreateUser, 201))
            .collect();
        let batch = RequestBatch {
            requests: many,
            ..RequestBatch::default()
        };
        let written = api.db.store.write_requests(&batch).await.unwrap();
        let kept = store::KeptRequests {
            age: Duration::from_hours(24),
            rows: 20,
            bytes: 1 << 20,
        };
        api.db.store.trim_requests(kept, &written).await.unwrap();
        let path = format!("/api/v1/directories/{}/requests?limit=100", text(&directory, "id"));
        assert_eq!(
            api.get(&path).await.expect(StatusCode::OK)["data"]
                .as_array()
                .unwrap()
                .len(),
            20
        );
        let tomorrow = now.plus(Duration::from_hours(25));
        assert!(!api.db.store.prune_requests(kept, tomorrow).await.unwrap());
        assert_eq!(api.get(&path).await.expect(StatusCode::OK)["data"], json!([]));
        api.close().await;
    }
}

#[actix_web::test]
async fn the_health_of_a_directory_says_what_was_seen_and_what_to_do() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let path = format!("/api/v1/directories/{}", text(&directory, "id"));
        let shown = async || api.get(&path).await.expect(StatusCode::OK);
        let found = shown().await;
        assert_eq!(found["health"]["state"], "waiting");
        assert!(text(&found["health"], "remedy").contains("tenant URL"), "{found}");
        assert!(found.get("sync").is_none());

        let now = Timestamp::now();
        let ago = |minutes| now.minus(Duration::from_mins(minutes));
        write(&api, vec![request(&directory, ago(300), Operation::Probe, 200)]).await;
        let found = shown().await;
        assert_eq!(found["health"]["state"], "testing");
        assert!(
            text(&found["health"], "remedy").contains("Provisioning Status to On"),
            "{found}"
        );

        let groups = |minutes| (0..2).map(move |_| (ago(minutes), Operation::CreateGroup));
        let requests = groups(250).map(|(at, operation)| request(&directory, at, operation, 201));
        write(&api, requests.collect()).await;
        api.db.store.close_cycles(now, 4).await.unwrap();
        let found = shown().await;
        let state = (&found["health"]["state"], &found["sync"]["cycle"]["kind"]);
        assert_eq!(state, (&json!("silent"), &json!("initial")), "{found}");
        assert_eq!(found["sync"]["cycle_seconds"], 2_400);
        assert!(api.db.store.announce_silences(now, 4).await.is_ok());
        assert!(api.db.store.announce_silences(now, 4).await.is_ok());
        let log = api.log(4).await;
        let types: Vec<&str> = log.iter().skip(2).map(|event| text(event, "type")).collect();
        assert_eq!(
            types,
            ["directory.sync_completed", "directory.silent"],
            "each is told once"
        );

        let requests = groups(1).map(|(at, operation)| request(&directory, at, operation, 201));
        write(&api, requests.collect()).await;
        let found = shown().await;
        assert_eq!(found["health"]["state"], "active");
        assert!(
            text(&found["health"], "remedy").contains("Provision Microsoft Entra ID Users"),
            "{found}"
        );

        let refused = (0..30).map(|_| request(&directory, ago(0), Operation::CreateUser, 400));
        write(&api, refused.collect()).await;
        let found = shown().await;
        assert_eq!(
            (&found["health"]["state"], &found["sync"]["quarantine"]["outlook"]),
            (&json!("failing"), &json!("near"))
        );
        assert!(text(&found["health"], "sentence").contains("quarantine"), "{found}");
        api.close().await;
    }
}
