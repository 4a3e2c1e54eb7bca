//! What consumers of webhooks choose, and the faults of it.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use events::EventType;
use serde_json::{Value, json};
use store::Dialect;

const PATH: &str = "/api/v1/endpoints";
const CERTIFICATE: &str = include_str!("../../../../tests/system/src/keys/tls/client.pem");
const PRIVATE_KEY: &str = include_str!("../../../../tests/system/src/keys/tls/client.key");
const OTHER_KEY: &str = include_str!("../../../../tests/system/src/keys/tls/other.key");

fn endpoint(more: &Value) -> Value {
    let mut body = json!({ "url": "https://hooks.example.com/a" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[actix_web::test]
async fn filters_and_fields_are_kept_changed_and_cleared() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let chosen = json!({
            "event_types": ["user.*", "group.member_added"], "organization_ids": [directory["organization_id"]],
            "fields": ["email", "phoneNumbers", "raw"], "filter": "department eq \"Sales\" and active eq true",
        });
        let made = api.post(PATH, &endpoint(&chosen)).await.expect(StatusCode::CREATED);
        for (name, value) in chosen.as_object().unwrap() {
            assert_eq!(made[name], *value, "{name}");
        }
        assert_eq!((&made["signing"], &made["catching_up"]), (&json!("v1"), &json!(false)));
        let path = format!("{PATH}/{}", text(&made, "id"));
        let narrower = json!({ "fields": ["user_name"], "organization_ids": null });
        let changed = api.patch(&path, &narrower).await.expect(StatusCode::OK);
        assert_eq!(
            (&changed["fields"], &changed["filter"]),
            (&json!(["user_name"]), &chosen["filter"])
        );
        let cleared = json!({ "fields": null, "filter": null, "event_types": null });
        let changed = api.patch(&path, &cleared).await.expect(StatusCode::OK);
        for name in ["fields", "filter", "event_types", "organization_ids"] {
            assert_eq!(changed[name], Value::Null, "{name}");
        }
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), changed);
        api.close().await;
    }
}

#[actix_web::test]
async fn what_cannot_be_meant_is_refused_where_it_stands() {
    let api = Api::on(Dialect::Sqlite).await;
    let stranger = "0190f5a4-3b1e-7c3a-8d2f-000000000001";
    let cases = [
        (json!({ "event_types": ["user.*", "users.*"] }), "#/event_types/1"),
        (json!({ "organization_ids": [stranger] }), "#/organization_ids/0"),
        (json!({ "fields": ["email", "emial"] }), "#/fields/1"),
        (json!({ "fields": [] }), "#/fields"),
        (json!({ "filter": "departmnt eq \"Sales\"" }), "#/filter"),
        (json!({ "filter": "groups.value eq \"x\"" }), "#/filter"),
        (json!({ "filter": 7 }), "#/filter"),
        (json!({ "format": "set", "filter": "active eq true" }), "#/filter"),
        (
            json!({ "format": "set", "event_types": ["user.*", "directory.*"] }),
            "#/event_types/1",
        ),
        (json!({ "signing": "v2" }), "#/signing"),
        (json!({ "from": "yesterday" }), "#/from"),
        (
            json!({ "client_certificate": { "certificate": CERTIFICATE } }),
            "#/client_certificate/private_key",
        ),
        (
            json!({ "client_certificate": { "certificate": CERTIFICATE, "private_key": OTHER_KEY } }),
            "#/client_certificate/private_key",
        ),
        (
            json!({ "client_certificate": { "certificate": PRIVATE_KEY, "private_key": PRIVATE_KEY } }),
            "#/client_certificate/certificate",
        ),
    ];
    for (body, place) in cases {
        let answer = api.post(PATH, &endpoint(&body)).await;
        assert!(!answer.text.contains("PRIVATE KEY-"), "{}", answer.text);
        assert_eq!(answer.faults(422), [place], "{body}");
    }
    let made = api.post(PATH, &endpoint(&json!({}))).await.expect(StatusCode::CREATED);
    let path = format!("{PATH}/{}", text(&made, "id"));
    // Where a stream begins is a thing of its beginning.
    assert_eq!(
        api.patch(&path, &json!({ "from": "snapshot" })).await.faults(422),
        ["#/from"]
    );
    let replay = json!({ "only_failed": true, "status": "delivered", "types": ["nope"] });
    assert_eq!(
        api.post(&format!("{path}/replay"), &replay).await.faults(422),
        ["#/types/0", "#/status"]
    );
    api.close().await;
}

#[actix_web::test]
async fn a_client_certificate_is_sealed_and_only_its_thumbprint_and_expiry_are_shown() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({ "client_certificate": { "certificate": CERTIFICATE, "private_key": PRIVATE_KEY } });
        let answer = api.post(PATH, &endpoint(&body)).await;
        assert!(!answer.text.contains("BEGIN"), "{}", answer.text);
        let made = answer.expect(StatusCode::CREATED);
        let shown = &made["client_certificate"];
        assert_eq!(text(shown, "thumbprint").len(), 64);
        assert!(text(shown, "expires_at") > "2100");
        let id = text(&made, "id").parse().unwrap();
        let stored = api.db.store.endpoints().by_id(id).await.unwrap().unwrap();
        let sealed = stored.client_identity.unwrap().sealed;
        assert!(!String::from_utf8_lossy(&sealed).contains("BEGIN"));
        let opened = api
            .state_key()
            .open(&sealed, &store::Endpoint::identity_context(id))
            .unwrap();
        assert!(String::from_utf8_lossy(&opened).contains("BEGIN PRIVATE KEY"));
        let path = format!("{PATH}/{}", text(&made, "id"));
        let kept = api
            .patch(&path, &json!({ "description": "x" }))
            .await
            .expect(StatusCode::OK);
        assert_eq!(kept["client_certificate"], *shown);
        let cleared = api
            .patch(&path, &json!({ "client_certificate": null }))
            .await
            .expect(StatusCode::OK);
        assert_eq!(cleared["client_certificate"], Value::Null);
        api.close().await;
    }
}

#[actix_web::test]
async fn the_past_is_asked_for_by_directory_and_organization() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (ours, theirs) = (api.directory("contoso.com").await, api.directory("fabrikam.com").await);
        for (more, count) in [
            (json!({}), 2),
            (json!({ "directory_ids": [ours["id"]] }), 1),
            (json!({ "organization_ids": [theirs["organization_id"]] }), 1),
            (
                json!({ "directory_ids": [ours["id"]], "organization_ids": [theirs["organization_id"]] }),
                0,
            ),
        ] {
            for from in ["beginning", "snapshot"] {
                let mut body = endpoint(&more);
                body["from"] = from.into();
                let made = api.post(PATH, &body).await.expect(StatusCode::CREATED);
                assert_eq!(made["catching_up"], true);
                let open = api.db.store.catch_ups().open(None, 100).await.unwrap();
                let of_it = open
                    .iter()
                    .filter(|row| row.endpoint_id.to_string() == text(&made, "id"))
                    .count();
                assert_eq!(of_it, count, "{more} {from}");
            }
        }
        api.close().await;
    }
}

#[actix_web::test]
async fn an_endpoint_that_is_disabled_gets_no_test_event() {
    let api = Api::on(Dialect::Sqlite).await;
    let path = format!("{PATH}/0190f5a4-3b1e-7c3a-8d2f-000000000001/test");
    api.post(&path, &json!({})).await.problem(404);
    let made = api.post(PATH, &endpoint(&json!({}))).await.expect(StatusCode::CREATED);
    let path = format!("{PATH}/{}/test", text(&made, "id"));
    assert_eq!(
        api.post(&path, &json!({ "type": "user.*" })).await.faults(422),
        ["#/type"]
    );
    let sent = api
        .post(&path, &json!({ "type": "user.left" }))
        .await
        .expect(StatusCode::ACCEPTED);
    let delivery = format!("/api/v1/deliveries/{}", text(&sent, "delivery_id"));
    let delivery = api.get(&delivery).await.expect(StatusCode::OK);
    assert_eq!(
        (&delivery["event_type"], &delivery["sequence"]),
        (&json!("user.left"), &json!(0))
    );
    api.close().await;
}

#[actix_web::test]
async fn the_catalogue_has_a_schema_and_an_example_of_every_type() {
    let api = Api::on(Dialect::Sqlite).await;
    let list = api.get("/api/v1/event-types").await.expect(StatusCode::OK);
    let entries = list["data"].as_array().unwrap();
    assert_eq!(entries.len(), EventType::ALL.len());
    for entry in entries {
        assert_eq!(entry["example"]["type"], entry["type"]);
        assert_eq!(entry["schema"]["properties"]["type"]["const"], entry["type"]);
        for name in entry["schema"]["required"].as_array().unwrap() {
            assert!(
                entry["example"].get(name.as_str().unwrap()).is_some(),
                "{name} of {}",
                entry["type"]
            );
        }
    }
    api.close().await;
}

#[actix_web::test]
async fn the_public_keys_of_endpoints_are_json_web_keys_and_the_previous_one_stays_for_a_day() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        api.post(PATH, &endpoint(&json!({}))).await.expect(StatusCode::CREATED);
        let made = api
            .post(PATH, &endpoint(&json!({ "signing": "v1a" })))
            .await
            .expect(StatusCode::CREATED);
        let path = format!("{PATH}/{}", text(&made, "id"));
        let rotated = api
            .post(&format!("{path}/rotate-secret"), &json!({}))
            .await
            .expect(StatusCode::OK);
        let kid = |key: &Value| webhooks::PublicKey::parse(key.as_str().unwrap()).unwrap().thumbprint();
        let set = api
            .anonymous(Method::GET, "/.well-known/jwks.json")
            .send()
            .await
            .expect(StatusCode::OK);
        let keys = set["keys"].as_array().unwrap();
        assert_eq!((&keys[1]["kty"], &keys[1]["crv"]), (&json!("OKP"), &json!("Ed25519")));
        // The first is that of Security Event Tokens.
        let kids: Vec<_> = keys.iter().skip(1).map(|key| key["kid"].clone()).collect();
        assert_eq!(
            kids,
            [json!(kid(&rotated["public_key"])), json!(kid(&made["public_key"]))]
        );
        let later = events::Timestamp::now().plus(std::time::Duration::from_secs(25 * 3_600));
        let keys = api.db.store.endpoint_public_keys(later).await.unwrap();
        let keys: Vec<_> = keys.into_iter().map(|(_, key)| key).collect();
        assert_eq!(keys, [text(&rotated, "public_key")]);
        api.close().await;
    }
}
