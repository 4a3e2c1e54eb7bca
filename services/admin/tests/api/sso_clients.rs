//! `/sso-clients`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use events::{EventType, SsfStreamId, Timestamp};
use secrets::{Token, TokenKind};
use serde_json::{Value, json};
use store::{EndpointUrl, SsfStream, StreamMethod};

const PATH: &str = "/api/v1/sso-clients";

fn body(more: &Value) -> Value {
    let mut body = json!({
        "name": "Time sheets", "authentication": "client_secret", "redirect_uris": ["https://app.example/callback"],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn client(api: &Api, more: &Value) -> Value {
    api.post(PATH, &body(more)).await.expect(StatusCode::CREATED)
}

fn path_of(client: &Value) -> String {
    format!("{PATH}/{}", text(client, "id"))
}

/// A public key, as an app registers it.
fn keys() -> Value {
    let key = oidc::generate_key(oidc::KeyKind::P256).unwrap();
    let key = oidc::SigningKey::from_pkcs8(secrecy::ExposeSecret::expose_secret(&key)).unwrap();
    oidc::jwk_set([&key])
}

#[actix_web::test]
async fn a_secret_is_shown_once_and_only_its_hash_is_kept() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let mut made = client(&api, &json!({"backchannel_logout_uri": "https://app.example/logout"})).await;
        let secret = text(&made, "client_secret").to_owned();
        let parsed = Token::parse(&secret).unwrap();
        assert_eq!(parsed.kind(), TokenKind::SsoClient);
        assert_eq!(parsed.id().to_string(), text(&made, "id"));
        let id = parsed.id().into();
        let hash = async || {
            let found = api.db.store.sso_clients().by_id(id).await.unwrap();
            found.unwrap().secret_hash.unwrap()
        };
        assert!(parsed.matches(&hash().await));
        made.as_object_mut().unwrap().remove("client_secret");
        assert_eq!(api.get(&path_of(&made)).await.expect(StatusCode::OK), made);
        assert_eq!(api.get(PATH).await.expect(StatusCode::OK)["data"], json!([made]));

        let rotate = format!("{}/rotate-secret", path_of(&made));
        let rotated = api.post(&rotate, &json!({})).await.expect(StatusCode::OK);
        let new = text(&rotated, "client_secret");
        assert!(Token::parse(new).unwrap().matches(&hash().await));
        assert!(!parsed.matches(&hash().await), "the one before is no good");
        let log = api.get("/api/v1/audit-log?limit=100").await;
        for action in ["sso_client.created", "sso_client.secret_rotated"] {
            assert!(log.text.contains(action), "{action}");
        }
        assert!(!log.text.contains(&secret) && !log.text.contains(new));
        api.close().await;
    }
}

#[actix_web::test]
async fn an_app_is_changed_and_deleted() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = client(&api, &json!({"initiate_login_uri": "https://app.example/login"})).await;
        let patch = json!({
            "name": "Sheets", "initiate_login_uri": null, "post_logout_redirect_uris": ["https://app.example/bye"],
        });
        let changed = api.patch(&path_of(&made), &patch).await.expect(StatusCode::OK);
        assert_eq!(
            (&changed["name"], &changed["initiate_login_uri"]),
            (&json!("Sheets"), &Value::Null)
        );
        assert_eq!(changed["post_logout_redirect_uris"], json!(["https://app.example/bye"]));
        assert_eq!(changed["redirect_uris"], made["redirect_uris"]);
        let faulty = json!({"redirect_uris": [], "jwks": keys(), "authentication": "none"});
        assert_eq!(
            api.patch(&path_of(&made), &faulty).await.faults(422),
            ["#/authentication", "#/redirect_uris", "#/jwks"]
        );
        assert_eq!(api.delete(&path_of(&made)).await.status, StatusCode::NO_CONTENT);
        api.get(&path_of(&made)).await.problem(404);
        api.delete(&path_of(&made)).await.problem(404);
        let log = api.get("/api/v1/audit-log?action=sso_client.deleted").await;
        assert!(log.text.contains(text(&made, "id")));
        api.close().await;
    }
}

#[actix_web::test]
async fn where_an_app_is_told_of_logouts_is_an_endpoint_that_is_changed_with_the_app_only() {
    const ENDPOINTS: &str = "/api/v1/endpoints";
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = client(&api, &json!({"backchannel_logout_uri": "https://app.example/logout"})).await;
        let all = async || api.get(ENDPOINTS).await.expect(StatusCode::OK)["data"].clone();
        let endpoint = all().await[0].clone();
        assert_eq!(
            (
                &endpoint["format"],
                &endpoint["sso_client_id"],
                &endpoint["event_types"]
            ),
            (&json!("logout_token"), &made["id"], &json!(["session.ended"]))
        );
        let path = format!("{ENDPOINTS}/{}", text(&endpoint, "id"));
        let shown = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(shown["url"], "https://app.example/logout");
        api.patch(&path, &json!({"rate_limit": 1})).await.problem(409);
        api.delete(&path).await.problem(409);
        api.get(&format!("{path}/secret")).await.problem(409);
        for (action, body) in [("rotate-secret", json!({})), ("test", json!({"type": "session.ended"}))] {
            api.post(&format!("{path}/{action}"), &body).await.problem(409);
        }
        let own = json!({"url": "https://app.example/hook", "format": "logout_token"});
        let refused = api.post(ENDPOINTS, &own).await.problem(422);
        assert_eq!(refused["errors"][0]["pointer"], "#/format", "{refused}");

        let none = json!({ "backchannel_logout_uri": null });
        api.patch(&path_of(&made), &none).await.expect(StatusCode::OK);
        assert_eq!(all().await, json!([]));
        api.close().await;
    }
}

#[actix_web::test]
async fn the_streams_of_an_app_are_seen_and_deleted_and_changed_by_the_app_only() {
    const ENDPOINTS: &str = "/api/v1/endpoints";
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (made, other) = (client(&api, &json!({})).await, client(&api, &json!({})).await);
        let (app, id, now) = (text(&made, "id").parse().unwrap(), SsfStreamId::new(), Timestamp::now());
        let poll = format!("https://rollcall.example/sso/ssf/poll/{id}");
        let url = EndpointUrl::sealed(
            &poll,
            api.state_key()
                .seal(poll.as_bytes(), &store::Endpoint::url_context(id.uuid().into())),
        );
        let types = vec![EventType::SessionEnded];
        let mut stream = SsfStream::new((id, app), None, StreamMethod::Poll, url, types, now);
        stream.events_requested = vec![::directory::SIGNAL_URIS[0].to_owned(), "urn:unknown".to_owned()];
        let change = api.db.store.change(None).await.unwrap();
        assert!(change.create_stream(&stream, 5).await.unwrap());
        change.commit().await.unwrap();
        let streams = format!("{}/streams", path_of(&made));
        let listed = api.get(&streams).await.expect(StatusCode::OK);
        let shown = &listed["data"][0];
        assert_eq!((&shown["id"], &shown["client_id"]), (&json!(id), &made["id"]));
        assert_eq!(
            (&shown["method"], &shown["status"], &shown["events_delivered"]),
            (&json!("poll"), &json!("enabled"), &json!([::directory::SIGNAL_URIS[0]]))
        );
        let none = api
            .get(&format!("{}/streams", path_of(&other)))
            .await
            .expect(StatusCode::OK);
        assert_eq!(none["data"], json!([]));
        let endpoint = format!("{ENDPOINTS}/{id}");
        assert_eq!(api.get(&endpoint).await.expect(StatusCode::OK)["format"], "signals");
        api.patch(&endpoint, &json!({"rate_limit": 1})).await.problem(409);
        api.delete(&endpoint).await.problem(409);
        for (action, body) in [("enable", json!({})), ("test", json!({"type": "session.ended"}))] {
            api.post(&format!("{endpoint}/{action}"), &body).await.problem(409);
        }
        let own = json!({"url": "https://app.example/hook", "format": "signals"});
        let refused = api.post(ENDPOINTS, &own).await.problem(422);
        assert_eq!(refused["errors"][0]["pointer"], "#/format", "{refused}");

        api.delete(&format!("{}/streams/{id}", path_of(&other)))
            .await
            .problem(404);
        let gone = api.delete(&format!("{streams}/{id}")).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        api.delete(&format!("{streams}/{id}")).await.problem(404);
        assert_eq!(api.get(&streams).await.expect(StatusCode::OK)["data"], json!([]));
        api.get(&endpoint).await.problem(404);
        let log = api.get("/api/v1/audit-log?action=ssf_stream.deleted").await;
        assert!(log.text.contains(&id.to_string()), "{}", log.text);
        api.close().await;
    }
}

#[actix_web::test]
async fn what_could_send_a_code_elsewhere_is_refused_at_its_place() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let private = json!(["com.example.app:/callback"]);
        for (more, pointers) in [
            (json!({"redirect_uris": []}), vec!["#/redirect_uris"]),
            (
                json!({"redirect_uris": ["https://a.example/", "https://*.a.example/", "https://a.example/#x", "http://a.example/",
                                         "/cb", "https://a.example/"]}),
                vec![
                    "#/redirect_uris/1",
                    "#/redirect_uris/2",
                    "#/redirect_uris/3",
                    "#/redirect_uris/4",
                    "#/redirect_uris/5",
                ],
            ),
            (json!({"redirect_uris": private}), vec!["#/redirect_uris/0"]),
            (
                json!({"post_logout_redirect_uris": ["javascript:alert(1)"], "initiate_login_uri": "http://a.example/"}),
                vec!["#/post_logout_redirect_uris/0", "#/initiate_login_uri"],
            ),
            (
                json!({"backchannel_logout_uri": "https://10.0.0.1/"}),
                vec!["#/backchannel_logout_uri"],
            ),
            (json!({"jwks": keys()}), vec!["#/jwks"]),
            (json!({"authentication": "private_key_jwt"}), vec!["#/jwks"]),
            (
                json!({"authentication": "private_key_jwt", "jwks": {"keys": []}}),
                vec!["#/jwks"],
            ),
            (
                json!({"authentication": "private_key_jwt", "jwks": "x"}),
                vec!["#/jwks"],
            ),
            (json!({"authentication": "password"}), vec!["#/authentication"]),
            (
                json!({"organization_id": "0190f5a4-3b1e-7c3a-8d2f-000000000001"}),
                vec!["#/organization_id"],
            ),
        ] {
            assert_eq!(api.post(PATH, &body(&more)).await.faults(422), pointers, "{more}");
        }
        let uris: Vec<_> = (0..21).map(|index| format!("https://a.example/{index}")).collect();
        let many = body(&json!({"redirect_uris": uris}));
        assert_eq!(api.post(PATH, &many).await.faults(422), ["#/redirect_uris"]);
        let public = json!({"authentication": "none", "redirect_uris": private});
        let public = client(&api, &public).await;
        assert!(public.get("client_secret").is_none());
        api.post(&format!("{}/rotate-secret", path_of(&public)), &json!({}))
            .await
            .problem(409);
        let by_key = json!({"authentication": "private_key_jwt", "jwks": keys()});
        let by_key = client(&api, &by_key).await;
        assert!(by_key.get("client_secret").is_none());
        let other = json!({"jwks": keys()});
        let changed = api.patch(&path_of(&by_key), &other).await.expect(StatusCode::OK);
        assert_eq!(changed["jwks"], other["jwks"]);
        api.close().await;
    }
}

#[actix_web::test]
async fn a_key_of_one_organization_sees_and_registers_only_its_own() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let own = api.directory("own.example").await["organization_id"].clone();
        let other = api.directory("other.example").await["organization_id"].clone();
        let scopes = ["read", "connections"];
        let key = api
            .admin_key(&json!({"name": "own", "scopes": scopes, "organization_id": own}))
            .await;
        let call = |method, path: &str| api.call_with(&key, method, path);
        let made = call(Method::POST, PATH).json(&body(&json!({}))).send().await;
        let made = made.expect(StatusCode::CREATED);
        assert_eq!(made["organization_id"], own);
        let refused = call(Method::POST, PATH).json(&body(&json!({"organization_id": other})));
        refused.send().await.problem(404);
        let of_all = client(&api, &json!({})).await;
        let of_other = client(&api, &json!({"organization_id": other})).await;
        for hidden in [&of_all, &of_other] {
            call(Method::GET, &path_of(hidden)).send().await.problem(404);
            call(Method::DELETE, &path_of(hidden)).send().await.problem(404);
        }
        let list = call(Method::GET, PATH).send().await.expect(StatusCode::OK);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        let asked = format!("{PATH}?organization_id={}", other.as_str().unwrap());
        call(Method::GET, &asked).send().await.problem(404);
        let all = api.get(&asked).await.expect(StatusCode::OK);
        assert_eq!(all["data"][0]["id"], of_other["id"]);
        api.close().await;
    }
}
