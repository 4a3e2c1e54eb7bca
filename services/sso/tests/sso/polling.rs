//! Verification, and what waits until the app has fetched it.

use crate::world::{BOTH, ISSUER, STREAMS, World, config, send, token};
use actix_web::http::{Method, StatusCode};
use directory::StreamNews;
use events::{SsfStreamId, SsoClientId, Timestamp};
use serde_json::{Value, json};
use std::pin::pin;
use std::time::Duration;

const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
const UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

impl World {
    /// Puts so many events on a stream.
    async fn tell(&self, app: SsoClientId, stream: &Value, count: usize) {
        let id: SsfStreamId = stream.as_str().unwrap().parse().unwrap();
        let (change, now) = (self.db.store.change(None).await.unwrap(), Timestamp::now());
        let stream = change.stream(app, id).await.unwrap().unwrap();
        for n in 0..count {
            let state = n.to_string();
            let news = StreamNews::Verification(Some(&state));
            change
                .tell_stream(&stream, news.kind(), &news.body(id, now), now)
                .await
                .unwrap();
        }
        change.commit().await.unwrap();
    }
}

fn names(answer: &Value) -> Vec<String> {
    answer["sets"].as_object().unwrap().keys().cloned().collect()
}

#[actix_web::test]
async fn a_verification_comes_signed_with_the_state_that_was_asked_for_and_not_too_often() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sso = world.start(config()).await;
        let app = world.receiver().await;
        let own = token(&sso, &app, "ssf.manage").await;
        let made = send(&sso, Method::POST, STREAMS, Some(&own), Some(&json!({})))
            .await
            .expect(StatusCode::CREATED);
        let id = &made["stream_id"];
        let verify =
            async |body: Value| send(&sso, Method::POST, "/sso/ssf/verification", Some(&own), Some(&body)).await;
        let long = verify(json!({ "stream_id": id, "state": "x".repeat(1_001) }))
            .await
            .expect(StatusCode::BAD_REQUEST);
        assert!(
            long["error_description"]
                .as_str()
                .unwrap()
                .contains("state has at most 1000 characters")
        );
        let done = verify(json!({ "stream_id": id, "state": "VGhpcw==" })).await;
        assert_eq!(done.expect(StatusCode::NO_CONTENT), Value::Null);
        let early = verify(json!({ "stream_id": id })).await;
        early.expect(StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = early.header("retry-after").parse().unwrap();
        assert!((1..=61).contains(&wait), "{wait}");

        let url = made["delivery"]["endpoint_url"].as_str().unwrap();
        let path = url.strip_prefix("https://rollcall.example").unwrap();
        let poll = send(
            &sso,
            Method::POST,
            path,
            Some(&own),
            Some(&json!({ "returnImmediately": true })),
        )
        .await;
        let poll = poll.expect(StatusCode::OK);
        assert_eq!(poll["moreAvailable"], false);
        let [jti] = &names(&poll)[..] else { panic!("{poll}") };
        let (header, claims) = world.read(poll["sets"][jti].as_str().unwrap()).await;
        assert_eq!(
            (&header["typ"], &header["alg"]),
            (&json!("secevent+jwt"), &json!("RS256"))
        );
        assert_eq!(
            (&claims["jti"], &claims["iss"], &claims["aud"]),
            (&json!(jti), &json!(ISSUER), &json!([app.id]))
        );
        assert_eq!(claims["sub_id"], json!({ "format": "opaque", "id": id }));
        assert_eq!(claims["events"], json!({ VERIFICATION: { "state": "VGhpcw==" } }));
        assert!(claims.get("sub").is_none() && claims.get("exp").is_none());

        let disabled = json!({ "stream_id": id, "status": "disabled" });
        send(&sso, Method::POST, "/sso/ssf/status", Some(&own), Some(&disabled))
            .await
            .expect(StatusCode::OK);
        let refused = verify(json!({ "stream_id": id })).await.expect(StatusCode::BAD_REQUEST);
        assert!(refused["error_description"].as_str().unwrap().contains("disabled"));
        let empty = send(
            &sso,
            Method::POST,
            path,
            Some(&own),
            Some(&json!({ "returnImmediately": true })),
        )
        .await;
        assert_eq!(
            empty.expect(StatusCode::OK)["sets"],
            json!({}),
            "nothing is transmitted"
        );
        world.stop().await;
    }
}

#[actix_web::test]
async fn what_is_not_acknowledged_comes_again_also_after_a_restart_and_what_is_never_does() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sso = world.start(config()).await;
        let app = world.receiver().await;
        let own = token(&sso, &app, "ssf.read ssf.manage").await;
        let made = send(&sso, Method::POST, STREAMS, Some(&own), Some(&json!({})))
            .await
            .expect(StatusCode::CREATED);
        world.tell(app.id, &made["stream_id"], 4).await;
        let path = format!("/sso/ssf/poll/{}", made["stream_id"].as_str().unwrap());
        let poll = async |body: Value| {
            let answer = send(&sso, Method::POST, &path, Some(&own), Some(&body)).await;
            answer.expect(StatusCode::OK)
        };
        let first = poll(json!({ "maxEvents": 3, "returnImmediately": true })).await;
        assert_eq!((names(&first).len(), &first["moreAvailable"]), (3, &json!(true)));
        let again = poll(json!({ "returnImmediately": true })).await;
        assert_eq!((names(&again).len(), &again["moreAvailable"]), (4, &json!(false)));
        let all = names(&again);
        assert!(
            first["sets"]
                .as_object()
                .unwrap()
                .iter()
                .all(|(jti, set)| again["sets"][jti] == *set)
        );

        let strange = [all[0].as_str(), "nobody's", "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e99"];
        let refusal = json!({ all[1].as_str(): { "err": "invalid_state", "description": "Not mine." } });
        let none = poll(json!({ "maxEvents": 0, "ack": strange, "setErrs": refusal })).await;
        assert_eq!(none, json!({ "sets": {}, "moreAvailable": false }));
        let refused = world
            .db
            .store
            .deliveries()
            .by_id(all[1].parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            refused.last_error.unwrap(),
            "the app refused it: invalid_state Not mine."
        );
        let second = world.start(config()).await;
        let after = send(
            &second,
            Method::POST,
            &path,
            Some(&own),
            Some(&json!({ "returnImmediately": true })),
        )
        .await;
        assert_eq!(names(&after.expect(StatusCode::OK)), all[2..], "as after a restart");
        let last = poll(json!({ "ack": all[2..], "returnImmediately": true })).await;
        assert_eq!(last["sets"], json!({}));
        for (bad, named) in [
            (json!({ "maxEvents": -1 }), "maxEvents"),
            (json!({ "ack": "x" }), "ack must be an array"),
            (json!({ "ack": vec!["x"; 1_001] }), "ack has at most 1000 items"),
            (json!({ "setErrs": [] }), "setErrs must be an object"),
            (json!({ "returnImmediately": "no" }), "returnImmediately"),
        ] {
            let refused = send(&sso, Method::POST, &path, Some(&own), Some(&bad))
                .await
                .expect(StatusCode::BAD_REQUEST);
            assert!(
                refused["error_description"].as_str().unwrap().contains(named),
                "{refused}"
            );
        }
        world.stop().await;
    }
}

#[actix_web::test]
async fn a_poll_waits_for_what_comes_and_no_longer_than_it_may() {
    let world = World::new(BOTH[1]).await;
    let sso = world.start(config()).await;
    let app = world.receiver().await;
    let own = token(&sso, &app, "ssf.manage").await;
    let made = send(&sso, Method::POST, STREAMS, Some(&own), Some(&json!({})))
        .await
        .expect(StatusCode::CREATED);
    let path = format!("/sso/ssf/poll/{}", made["stream_id"].as_str().unwrap());
    let empty = json!({});
    // The second of two at the same time does not wait, whichever that is.
    let mut one = pin!(send(&sso, Method::POST, &path, Some(&own), Some(&empty)));
    let mut other = pin!(send(&sso, Method::POST, &path, Some(&own), Some(&empty)));
    let (early, late) = tokio::select! {
        answer = &mut one => (answer, other),
        answer = &mut other => (answer, one),
    };
    assert_eq!(early.expect(StatusCode::OK)["sets"], json!({}));
    world.tell(app.id, &made["stream_id"], 1).await;
    let first = late.await.expect(StatusCode::OK);
    assert_eq!(names(&first).len(), 1);
    let ack = json!({ "ack": names(&first) });
    let short = world
        .start(sso::Config {
            longest_poll: Duration::from_millis(50),
            ..config()
        })
        .await;
    let none = send(&short, Method::POST, &path, Some(&own), Some(&ack)).await;
    assert_eq!(none.expect(StatusCode::OK)["sets"], json!({}));
    world.stop().await;
}

#[actix_web::test]
async fn a_stream_on_which_too_much_waits_is_paused_and_its_app_is_told() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sso = world
            .start(sso::Config {
                most_waiting: 3,
                ..config()
            })
            .await;
        let app = world.receiver().await;
        let own = token(&sso, &app, "ssf.manage").await;
        let made = send(&sso, Method::POST, STREAMS, Some(&own), Some(&json!({})))
            .await
            .expect(StatusCode::CREATED);
        let id = &made["stream_id"];
        let path = format!("/sso/ssf/poll/{}", id.as_str().unwrap());
        let poll = async || {
            let body = json!({ "returnImmediately": true });
            send(&sso, Method::POST, &path, Some(&own), Some(&body))
                .await
                .expect(StatusCode::OK)
        };
        world.tell(app.id, id, 4).await;
        let told = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let found = poll().await;
                if let [one] = &names(&found)[..] {
                    return found["sets"][one].as_str().unwrap().to_owned();
                }
            }
        });
        let (_, claims) = world.read(&told.await.expect("the app is told")).await;
        let reason = "More than 3 events wait on the stream: newer ones are not kept.";
        assert_eq!(
            claims["events"],
            json!({ UPDATED: { "status": "paused", "reason": reason } })
        );
        let status = format!("/sso/ssf/status?stream_id={}", id.as_str().unwrap());
        let now = send(&sso, Method::GET, &status, Some(&own), None)
            .await
            .expect(StatusCode::OK);
        assert_eq!((&now["status"], &now["reason"]), (&json!("paused"), &json!(reason)));
        let found = world.db.store.ssf_streams().of_client(app.id).await.unwrap();
        assert_eq!(found[0].endpoint.signals, Some(Vec::new()), "nothing more is kept");
        let enabled = json!({ "stream_id": id, "status": "enabled" });
        send(&sso, Method::POST, "/sso/ssf/status", Some(&own), Some(&enabled))
            .await
            .expect(StatusCode::OK);
        assert_eq!(names(&poll().await).len(), 5, "what waited is there");
        assert!(
            world
                .db
                .store
                .ssf_streams()
                .overfull(None, 3)
                .await
                .unwrap()
                .0
                .is_empty(),
            "and may be fetched in peace"
        );
        world.stop().await;
    }
}
