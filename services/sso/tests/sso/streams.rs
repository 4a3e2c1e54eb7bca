//! Streams, from their beginning to their end.

use crate::world::{BOTH, ISSUER, STREAMS, World, config, send, token};
use actix_web::http::{Method, StatusCode};
use events::{ResourceId, SsoClientId};
use serde_json::{Value, json};
use store::{AuditFilter, EndpointFormat, EndpointState};
use webhooks::{Guard, Rules};

const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const PUSH: &str = "urn:ietf:rfc:8935";
const POLL: &str = "urn:ietf:rfc:8936";

fn push(url: &str) -> Value {
    json!({ "method": PUSH, "endpoint_url": url })
}

#[actix_web::test]
async fn a_stream_is_made_read_changed_replaced_and_deleted() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sso = world.start(config()).await;
        let app = world.receiver().await;
        let own = token(&sso, &app, "ssf.manage").await;
        let call = async |method: Method, body: &Value| send(&sso, method, STREAMS, Some(&own), Some(body)).await;
        let delivery = json!({
            "method": PUSH, "endpoint_url": "https://app.example/signals", "authorization_header": "Bearer secret-of-the-app",
        });
        let wanted = json!({
            "delivery": delivery, "events_requested": [REVOKED, "urn:unknown"], "description": "Sessions", "what": 1,
        });
        let made = call(Method::POST, &wanted).await.expect(StatusCode::CREATED);
        let id = made["stream_id"].as_str().unwrap().to_owned();
        assert_eq!(made["iss"], ISSUER);
        assert_eq!(made["aud"], json!([app.id]));
        assert_eq!(
            made["delivery"],
            push("https://app.example/signals"),
            "the header is never shown"
        );
        assert_eq!(made["events_requested"], json!([REVOKED, "urn:unknown"]));
        assert_eq!(made["events_delivered"], json!([REVOKED]));
        assert_eq!(made["min_verification_interval"], 60);
        assert_eq!(made["description"], "Sessions");
        let supported = made["events_supported"].as_array().unwrap();
        assert!(supported.contains(&json!(REVOKED)));
        assert!(
            !made["events_supported"].to_string().contains("credential-change"),
            "there is nothing to say of it"
        );
        let one = format!("{STREAMS}?stream_id={id}");
        let read = async || {
            send(&sso, Method::GET, &one, Some(&own), None)
                .await
                .expect(StatusCode::OK)
        };
        assert_eq!(read().await, made);
        let all = send(&sso, Method::GET, STREAMS, Some(&own), None).await;
        assert_eq!(all.expect(StatusCode::OK), json!([made]));
        let header = async || {
            let endpoint = world
                .db
                .store
                .endpoints()
                .by_id(id.parse().unwrap())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                (endpoint.format, endpoint.sso_client_id),
                (EndpointFormat::Signals, Some(app.id))
            );
            assert!(endpoint.ordered && endpoint.state == EndpointState::Enabled);
            let sealed = endpoint.sealed_headers?;
            let keys: secrets::MasterKeys = world.master_key.clone().into();
            let plain = keys
                .open(&sealed, &store::Endpoint::headers_context(endpoint.id))
                .unwrap();
            Some(String::from_utf8(plain.to_vec()).unwrap())
        };
        assert!(header().await.unwrap().contains("Bearer secret-of-the-app"));

        // What was read may be sent back, and what is not said stays.
        let again = call(Method::PATCH, &made).await.expect(StatusCode::OK);
        assert_eq!(again, made);
        assert!(
            header().await.is_some(),
            "the header cannot be repeated by who never sees it"
        );
        let patched = json!({ "stream_id": id, "description": null, "events_requested": [] });
        let patched = call(Method::PATCH, &patched).await.expect(StatusCode::OK);
        assert!(patched.get("description").is_none() && patched["events_delivered"] == json!([]));
        assert_eq!(patched["delivery"], made["delivery"]);
        let moved = json!({ "stream_id": id, "delivery": push("https://other.example/signals") });
        call(Method::PATCH, &moved).await.expect(StatusCode::OK);
        assert_eq!(
            header().await,
            None,
            "another place does not get what was for the first"
        );
        for (name, value) in [
            ("iss", json!("https://other.example")),
            ("aud", json!("other")),
            ("events_delivered", json!([REVOKED])),
            ("min_verification_interval", json!(1)),
        ] {
            let wrong = call(Method::PATCH, &json!({ "stream_id": id, name: value })).await;
            let wrong = wrong.expect(StatusCode::BAD_REQUEST);
            assert!(
                wrong["error_description"].as_str().unwrap().starts_with(name),
                "{wrong}"
            );
        }
        call(Method::PATCH, &json!({ "stream_id": id, "aud": app.id }))
            .await
            .expect(StatusCode::OK);

        let bare = call(Method::PUT, &json!({ "stream_id": id }))
            .await
            .expect(StatusCode::BAD_REQUEST);
        assert!(bare["error_description"].as_str().unwrap().contains("delivery"));
        let replaced =
            json!({ "stream_id": id, "delivery": { "method": POLL, "endpoint_url": "https://ignored.example" } });
        let replaced = call(Method::PUT, &replaced).await.expect(StatusCode::OK);
        assert_eq!(
            replaced["delivery"],
            json!({ "method": POLL, "endpoint_url": format!("{ISSUER}/ssf/poll/{id}") })
        );
        assert_eq!(replaced["events_requested"], json!([]));
        let gone = send(&sso, Method::DELETE, &one, Some(&own), None).await;
        assert_eq!(gone.expect(StatusCode::NO_CONTENT), Value::Null);
        let missing = send(&sso, Method::GET, &one, Some(&own), None).await;
        missing.expect(StatusCode::NOT_FOUND);
        let nameless = send(&sso, Method::DELETE, STREAMS, Some(&own), None).await;
        nameless.expect(StatusCode::BAD_REQUEST);
        let audit = world.db.store.audit_log();
        let lines = audit.page(&AuditFilter::default(), None, 50).await.unwrap();
        let actions: Vec<_> = lines.entries.iter().map(|line| line.action.as_str()).collect();
        assert_eq!(actions.first(), Some(&"stream.deleted"));
        assert_eq!(actions.last(), Some(&"stream.created"));
        let all = format!("{lines:?}");
        assert!(all.contains("https://app.example"));
        assert!(
            !all.contains("secret-of-the-app") && !all.contains("/signals"),
            "of a URL the origin alone is kept"
        );
        world.stop().await;
    }
}

#[actix_web::test]
async fn limits_name_themselves_and_what_cannot_be_read_is_named() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sso = world.start(config()).await;
        let app = world.receiver().await;
        let own = token(&sso, &app, "ssf.manage").await;
        let make = async |body: &Value| send(&sso, Method::POST, STREAMS, Some(&own), Some(body)).await;
        for (body, named) in [
            (json!([]), "object"),
            (
                json!({ "description": "x".repeat(501) }),
                "description has at most 500 characters",
            ),
            (json!({ "description": 7 }), "description must be a string"),
            (json!({ "events_requested": "x" }), "events_requested must be an array"),
            (
                json!({ "events_requested": vec!["x"; 101] }),
                "events_requested has at most 100 items",
            ),
            (
                json!({ "events_requested": ["x".repeat(501)] }),
                "at most 500 characters",
            ),
            (json!({ "delivery": { "method": "push" } }), "delivery.method"),
            (
                json!({ "delivery": { "method": PUSH } }),
                "delivery.endpoint_url is missing",
            ),
            (
                json!({ "delivery": { "method": PUSH, "endpoint_url": "https://app.example", "authorization_header": "a\nb" } }),
                "authorization",
            ),
        ] {
            let refused = make(&body).await.expect(StatusCode::BAD_REQUEST);
            assert!(
                refused["error_description"].as_str().unwrap().contains(named),
                "{body}: {refused}"
            );
        }
        // Where webhooks may not go, signals may not either.
        for url in [
            "http://app.example/",
            "https://127.0.0.1/",
            "https://10.0.0.7/",
            "https://[::1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://user:password@app.example/",
            "file:///etc/passwd",
        ] {
            let refused = make(&json!({ "delivery": push(url) }))
                .await
                .expect(StatusCode::BAD_REQUEST);
            assert!(
                refused["error_description"].as_str().unwrap().contains("endpoint_url"),
                "{refused}"
            );
        }
        for _ in 0..5 {
            make(&json!({})).await.expect(StatusCode::CREATED);
        }
        let sixth = make(&json!({})).await.expect(StatusCode::CONFLICT);
        assert!(
            sixth["error_description"]
                .as_str()
                .unwrap()
                .contains("at most 5 streams"),
            "{sixth}"
        );
        world.stop().await;
    }
}

#[actix_web::test]
async fn whether_a_stream_is_transmitted_is_set_and_read_with_its_reason() {
    let world = World::new(BOTH[1]).await;
    let private = Guard::new(Rules::private());
    let sso = world
        .start(sso::Config {
            guard: private,
            ..config()
        })
        .await;
    let app = world.receiver().await;
    let own = token(&sso, &app, "ssf.manage").await;
    let body = json!({ "delivery": push("http://127.0.0.1:8080/") });
    let made = send(&sso, Method::POST, STREAMS, Some(&own), Some(&body))
        .await
        .expect(StatusCode::CREATED);
    let id = made["stream_id"].clone();
    let path = format!("/sso/ssf/status?stream_id={}", id.as_str().unwrap());
    let read = async || {
        send(&sso, Method::GET, &path, Some(&own), None)
            .await
            .expect(StatusCode::OK)
    };
    assert_eq!(read().await, json!({ "stream_id": id, "status": "enabled" }));
    let set = async |status: &str, reason: Option<&str>| {
        let body = json!({ "stream_id": id, "status": status, "reason": reason });
        send(&sso, Method::POST, "/sso/ssf/status", Some(&own), Some(&body)).await
    };
    for (status, reason) in [("paused", Some("Night")), ("disabled", None), ("enabled", None)] {
        let now = set(status, reason).await.expect(StatusCode::OK);
        assert_eq!(
            (&now["status"], now.get("reason")),
            (&json!(status), reason.map(|text| json!(text)).as_ref())
        );
        assert_eq!(read().await, now);
    }
    set("off", None).await.expect(StatusCode::BAD_REQUEST);
    set("paused", Some(&"x".repeat(501)))
        .await
        .expect(StatusCode::BAD_REQUEST);
    // Deliveries failed for so long that they were stopped: the app sees it, and starts them again.
    world
        .db
        .execute("UPDATE endpoints SET state = 'disabled', disabled_reason = 'answered 410', disabled_at = 1")
        .await;
    let stopped = read().await;
    assert_eq!(
        (&stopped["status"], &stopped["reason"]),
        (&json!("paused"), &json!("answered 410"))
    );
    assert_eq!(set("enabled", None).await.expect(StatusCode::OK)["status"], "enabled");
    world.stop().await;
}

#[actix_web::test]
async fn nobody_learns_who_exists_by_taking_people_off_a_stream() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sso = world.start(config()).await;
        let app = world.receiver().await;
        let own = token(&sso, &app, "ssf.manage").await;
        let made = send(&sso, Method::POST, STREAMS, Some(&own), Some(&json!({}))).await;
        let id = made.expect(StatusCode::CREATED)["stream_id"].clone();
        let person = |iss: &str, sub: &str| json!({ "format": "iss_sub", "iss": iss, "sub": sub });
        let unknown = ResourceId::new().to_string();
        for subject in [
            person(ISSUER, &unknown),
            person(ISSUER, &unknown),
            person(ISSUER, "nobody"),
            person("https://other.example", &unknown),
            json!({ "format": "complex", "user": person(ISSUER, &unknown) }),
        ] {
            let body = json!({ "stream_id": id, "subject": subject, "verified": true });
            let removed = send(&sso, Method::POST, "/sso/ssf/subjects/remove", Some(&own), Some(&body)).await;
            assert_eq!(removed.expect(StatusCode::NO_CONTENT), Value::Null);
            let added = send(&sso, Method::POST, "/sso/ssf/subjects/add", Some(&own), Some(&body)).await;
            assert_eq!(added.expect(StatusCode::OK), Value::Null);
        }
        let body = json!({ "stream_id": id, "subject": { "format": "email", "email": "a@b.example" } });
        let refused = send(&sso, Method::POST, "/sso/ssf/subjects/add", Some(&own), Some(&body)).await;
        assert!(refused.expect(StatusCode::BAD_REQUEST).to_string().contains("iss_sub"));
        let other = json!({ "stream_id": SsoClientId::new(), "subject": person(ISSUER, &unknown) });
        let refused = send(&sso, Method::POST, "/sso/ssf/subjects/add", Some(&own), Some(&other)).await;
        refused.expect(StatusCode::NOT_FOUND);
        world.stop().await;
    }
}
