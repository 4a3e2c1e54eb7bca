//! `/endpoints`.

use crate::deliveries::{deliveries, fail};
use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use events::{EndpointId, Timestamp};
use serde_json::{Value, json};
use store::KeptUrl;
use webhooks::{Guard, Rules, Secret};

const PATH: &str = "/api/v1/endpoints";

async fn stored(api: &Api, endpoint: &Value) -> store::Endpoint {
    let id: EndpointId = text(endpoint, "id").parse().unwrap();
    api.db.store.endpoints().by_id(id).await.unwrap().unwrap()
}

#[actix_web::test]
async fn an_endpoint_is_made_changed_and_deleted() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let body = json!({
            "url": "https://hooks.example.com/a", "description": "CRM", "event_types": ["user.created", "user.deleted"],
            "directory_ids": [directory["id"]], "headers": {"X-Key": "s3cret-value", "x-team": "people"},
            "ordered": true, "coalesce": true, "rate_limit": 50,
        });
        let made = api.post(PATH, &body).await.expect(StatusCode::CREATED);
        for field in [
            "url",
            "description",
            "event_types",
            "directory_ids",
            "ordered",
            "coalesce",
            "rate_limit",
        ] {
            assert_eq!(made[field], body[field], "{field}");
        }
        assert_eq!(
            (&made["state"], &made["header_names"]),
            (&json!("enabled"), &json!(["X-Key", "x-team"]))
        );
        assert!(Secret::parse(text(&made, "secret")).is_ok());

        let path = format!("{PATH}/{}", text(&made, "id"));
        let answer = api.get(&path).await;
        assert!(
            !answer.text.contains("s3cret") && !answer.text.contains("whsec_"),
            "{}",
            answer.text
        );
        let found = answer.expect(StatusCode::OK);
        let mut listed = found.clone();
        assert_eq!(
            listed.as_object_mut().unwrap().shift_remove("url"),
            Some(made["url"].clone())
        );
        let mut list = api.get(PATH).await.expect(StatusCode::OK);
        let day = list["data"][0].as_object_mut().unwrap().shift_remove("last_24_hours");
        assert_eq!(day.unwrap()["hours"].as_array().unwrap().len(), 24);
        assert_eq!(list["data"], json!([listed]));
        let sealed = stored(&api, &made).await.sealed_headers.unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("s3cret"));

        let change =
            json!({"event_types": null, "directory_ids": null, "headers": {}, "rate_limit": null, "ordered": false});
        let changed = api.patch(&path, &change).await.expect(StatusCode::OK);
        assert_eq!(
            (&changed["event_types"], &changed["directory_ids"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(
            (&changed["header_names"], &changed["ordered"], &changed["coalesce"]),
            (&json!([]), &json!(false), &json!(false))
        );
        assert_eq!(
            api.patch(&path, &json!({"coalesce": true})).await.faults(422),
            ["#/coalesce"]
        );
        assert_eq!(
            (&changed["url"], &changed["description"]),
            (&made["url"], &made["description"])
        );
        assert!(stored(&api, &made).await.sealed_headers.is_none());

        assert_eq!(api.delete(&path).await.status, 204);
        api.delete(&path).await.problem(404);
        api.get(&path).await.problem(404);
        api.patch(&path, &json!({})).await.problem(404);
        api.close().await;
    }
}

/// Receivers put secrets into paths and queries: callers that may read the endpoint's secret may read them, and no others.
#[actix_web::test]
async fn a_url_is_sealed_and_shown_whole_only_where_the_secret_may_be_read() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let url = "https://hooks.example.com/T012/s3cret-path?key=s3cret-query";
        let made = api.post(PATH, &json!({ "url": url, "format": "set" })).await;
        let made = made.expect(StatusCode::CREATED);
        assert_eq!((&made["url"], &made["audience"]), (&json!(url), &json!([url])));
        let (origin, length) = (json!("https://hooks.example.com"), json!(url.len() - 25));
        assert_eq!((&made["url_origin"], &made["url_path_length"]), (&origin, &length));
        let endpoint = stored(&api, &made).await;
        assert!(!format!("{endpoint:?}").contains("s3cret"));
        let KeptUrl::Sealed(sealed) = &endpoint.url.kept else {
            panic!("it is sealed")
        };
        let context = store::Endpoint::url_context(endpoint.id);
        assert_eq!(api.state_key().open(sealed, &context).unwrap(), url.as_bytes());

        let path = format!("{PATH}/{}", endpoint.id);
        let changed = api
            .patch(&path, &json!({ "description": "CRM" }))
            .await
            .expect(StatusCode::OK);
        let found = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!((&changed["url"], &found["url"]), (&json!(url), &json!(url)));
        api.anonymous(Method::GET, &path).send().await.problem(401);
        deliveries(&api, endpoint.id, 2).await;
        for path in [
            PATH.to_owned(),
            format!("{path}/secret"),
            format!("{path}/stats"),
            format!("/api/v1/deliveries?endpoint_id={}", endpoint.id),
            "/api/v1/events?limit=100".to_owned(),
        ] {
            let answer = api.get(&path).await;
            assert!(
                answer.status.is_success() && !answer.text.contains("s3cret"),
                "{}",
                answer.text
            );
        }
        let listed = api.get(PATH).await.expect(StatusCode::OK)["data"][0].clone();
        assert_eq!((listed.get("url"), listed.get("audience")), (None, None));
        assert_eq!((&listed["url_origin"], &listed["url_path_length"]), (&origin, &length));

        // What an earlier version wrote is shown in the same way.
        let plain =
            format!("UPDATE endpoints SET url = '{url}', sealed_url = NULL, url_origin = '', url_path_length = 0");
        api.db.execute(&plain).await;
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), found);
        assert_eq!(api.get(PATH).await.expect(StatusCode::OK)["data"][0], listed);
        let other = json!({ "url": "https://other.example.com/" });
        let moved = api.patch(&path, &other).await.expect(StatusCode::OK);
        assert_eq!((&moved["url"], &moved["url_path_length"]), (&other["url"], &json!(1)));
        assert!(matches!(stored(&api, &made).await.url.kept, KeptUrl::Sealed(_)));
        api.close().await;
    }
}

#[actix_web::test]
async fn a_rotated_secret_overlaps_with_the_one_before() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = api
            .post(PATH, &json!({"url": "https://hooks.example.com/"}))
            .await
            .expect(StatusCode::CREATED);
        let path = format!("{PATH}/{}", text(&made, "id"));
        let secret = async || api.get(&format!("{path}/secret")).await.expect(StatusCode::OK)["secret"].clone();
        assert_eq!(secret().await, made["secret"]);
        let before = stored(&api, &made).await;
        let answer = api.call(Method::POST, &format!("{path}/rotate-secret")).send().await;
        let rotated = answer.expect(StatusCode::OK);
        assert_ne!(rotated["secret"], made["secret"]);
        assert_eq!(secret().await, rotated["secret"]);
        let after = stored(&api, &made).await;
        assert_eq!(after.sealed_previous_secret, Some(before.sealed_secret));
        let until: Timestamp = text(&rotated, "previous_secret_until").parse().unwrap();
        assert_eq!(after.previous_secret_until, Some(until));
        let hours = until.since(Timestamp::now()).as_secs_f64() / 3_600.0;
        assert!((23.9..=24.0).contains(&hours), "{hours}");
        api.close().await;
    }
}

#[actix_web::test]
async fn a_disabled_endpoint_is_enabled_again() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = api
            .post(PATH, &json!({"url": "https://hooks.example.com/"}))
            .await
            .expect(StatusCode::CREATED);
        let id: EndpointId = text(&made, "id").parse().unwrap();
        let delivery = deliveries(&api, id, 1).await[0];
        fail(&api, id, delivery, 410).await;
        let found = api.get(&format!("{PATH}/{id}")).await.expect(StatusCode::OK);
        assert_eq!(found["state"], "disabled");
        assert!(text(&found, "disabled_reason").contains("410"));
        assert!(found["failing_since"].is_string());
        let enabled = api
            .post(&format!("{PATH}/{id}/enable"), &json!({}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(enabled["state"], "enabled");
        assert_eq!(
            (&enabled["disabled_reason"], &enabled["failing_since"]),
            (&Value::Null, &Value::Null)
        );
        let nowhere = format!("{PATH}/0190f5a4-3b1e-7c3a-8d2f-000000000001");
        api.post(&format!("{nowhere}/enable"), &json!({})).await.problem(404);
        let enable = format!("{PATH}/{id}/enable");
        for held in ["drain", "skip"] {
            let answer = api.post(&enable, &json!({ "held": held })).await;
            answer.expect(StatusCode::OK);
        }
        assert_eq!(
            api.call(Method::POST, &enable).send().await.status,
            200,
            "the body may be missing"
        );
        for held in ["all", ""] {
            assert_eq!(
                api.post(&enable, &json!({ "held": held })).await.faults(422),
                ["#/held"]
            );
        }
        api.post(&format!("{nowhere}/rotate-secret"), &json!({}))
            .await
            .problem(404);
        api.get(&format!("{nowhere}/secret")).await.problem(404);
        assert_eq!(
            api.post(&format!("{PATH}/{id}/enable"), &json!({"force": true}))
                .await
                .faults(422),
            ["#/force"]
        );
        api.close().await;
    }
}

#[actix_web::test]
async fn what_no_endpoint_can_be_made_of_is_refused() {
    let api = Api::on(BOTH[1]).await;
    let unknown = "0190f5a4-3b1e-7c3a-8d2f-000000000001";
    let url = "https://hooks.example.com/";
    for (body, pointers) in [
        (json!({}), vec!["#/url"]),
        (json!({"url": "http://hooks.example.com/"}), vec!["#/url"]),
        (json!({"url": "https://127.0.0.1/"}), vec!["#/url"]),
        (json!({"url": "https://169.254.169.254/latest"}), vec!["#/url"]),
        (json!({"url": "https://user:pass@hooks.example.com/"}), vec!["#/url"]),
        (
            json!({"url": url, "event_types": ["user.created", "user.renamed"]}),
            vec!["#/event_types/1"],
        ),
        (
            json!({"url": url, "event_types": [], "rate_limit": 0}),
            vec!["#/event_types", "#/rate_limit"],
        ),
        (json!({"url": url, "directory_ids": ["x"]}), vec!["#/directory_ids/0"]),
        (
            json!({"url": url, "directory_ids": [unknown]}),
            vec!["#/directory_ids/0"],
        ),
        (
            json!({"url": url, "headers": {"webhook-id": "x", "a b": "y", "n": 1}}),
            vec!["#/headers/n", "#/headers/a b", "#/headers/webhook-id"],
        ),
        (json!({"url": url, "coalesce": true}), vec!["#/coalesce"]),
        (json!({"url": "https://hooks.example.com:22/"}), vec!["#/url"]),
        (
            json!({"url": url, "headers": {"X-A": "1", "x-a": "2"}}),
            vec!["#/headers"],
        ),
        (json!({"url": url, "secret": "whsec_mine"}), vec!["#/secret"]),
    ] {
        assert_eq!(api.post(PATH, &body).await.faults(422), pointers, "{body}");
    }
    assert_eq!(api.get(PATH).await.expect(StatusCode::OK)["data"], json!([]));
    api.close().await;
}

#[actix_web::test]
async fn private_urls_are_taken_where_the_configuration_allows_them() {
    let api = Api::with_guard(BOTH[1], Guard::new(Rules::private())).await;
    let made = api
        .post(PATH, &json!({"url": "http://127.0.0.1:9000/hook"}))
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(made["url"], "http://127.0.0.1:9000/hook");
    api.close().await;
}

// Rules: S7
#[actix_web::test]
async fn an_endpoint_can_ask_for_security_event_tokens() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"url": "https://app.example.com/feed", "format": "set"});
        let made = api.post(PATH, &body).await.expect(StatusCode::CREATED);
        assert_eq!(made["format"], "set");
        assert_eq!(
            made["audience"],
            json!(["https://app.example.com/feed"]),
            "its URL, if nothing is said"
        );
        let path = format!("{PATH}/{}", text(&made, "id"));
        let named = api
            .patch(&path, &json!({"audience": "urn:app"}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(named["audience"], json!(["urn:app"]));
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), named);
        let back = api
            .patch(&path, &json!({"format": "standard"}))
            .await
            .expect(StatusCode::OK);
        assert_eq!((&back["format"], back.get("audience")), (&json!("standard"), None));
    }
}

// Rules: S3
#[actix_web::test]
async fn what_a_security_event_token_cannot_say_is_refused_by_name() {
    let api = Api::on(BOTH[0]).await;
    let faults = [
        (json!({"format": "jwt"}), "#/format"),
        (json!({"audience": "urn:app"}), "#/audience"),
        (json!({"format": "set", "audience": []}), "#/audience"),
        (json!({"format": "set", "audience": 7}), "#/audience"),
        (
            json!({"format": "set", "event_types": ["user.created", "directory.updated"]}),
            "#/event_types/1",
        ),
    ];
    for (more, pointer) in faults {
        let mut body = json!({"url": "https://app.example.com/feed"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let problem = api.post(PATH, &body).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{more}");
    }
}

// Rules: S7
#[actix_web::test]
async fn the_keys_of_tokens_are_open_to_everybody_and_show_no_private_part() {
    let api = Api::on(BOTH[0]).await;
    let answer = api.anonymous(Method::GET, "/.well-known/jwks.json").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert!(answer.header("cache-control").unwrap().contains("max-age"));
    let keys: Value = serde_json::from_str(&answer.text).unwrap();
    let key = keys["keys"][0].as_object().unwrap();
    let names: Vec<_> = key.keys().map(String::as_str).collect();
    assert_eq!(names, ["kty", "crv", "alg", "use", "kid", "x"]);
    assert_eq!((&key["crv"], &key["alg"]), (&json!("Ed25519"), &json!("EdDSA")));
}
