//! Who gets in, and to what.

use crate::world::{BOTH, ISSUER, STREAMS, World, answer, config, send, token, token_endpoint};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use events::{SsfStreamId, SsoSessionId, Timestamp};
use keyring::KeyRing;
use oidc::{IssuedIdToken, SigningKey, jwk_set};
use secrecy::ExposeSecret as _;
use secrets::{SessionClaims, SessionTokenUse, SessionTokens};
use serde_json::{Map, json};
use std::time::Duration;
use store::{ClientAuthentication, Dialect};

#[actix_web::test]
async fn the_document_is_where_the_issuer_says_and_names_everything() {
    let world = World::new(Dialect::Sqlite).await;
    let sso = world.start(config()).await;
    let found = send(&sso, Method::GET, "/.well-known/ssf-configuration/sso", None, None).await;
    assert_eq!(found.status, StatusCode::OK);
    let document = found.json();
    assert_eq!(document["issuer"], ISSUER);
    assert_eq!(document["spec_version"], "1_0");
    assert_eq!(
        document["delivery_methods_supported"],
        json!(["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"])
    );
    assert_eq!(
        document["authorization_schemes"],
        json!([{ "spec_urn": "urn:ietf:rfc:6749" }])
    );
    assert_eq!(document["default_subjects"], "ALL");
    let own = send(&sso, Method::GET, "/sso/.well-known/ssf-configuration", None, None).await;
    assert_eq!(own.json(), document);
    for member in [
        "configuration_endpoint",
        "status_endpoint",
        "add_subject_endpoint",
        "remove_subject_endpoint",
        "verification_endpoint",
    ] {
        let path = document[member]
            .as_str()
            .unwrap()
            .strip_prefix("https://rollcall.example")
            .unwrap();
        let refused = send(&sso, Method::POST, path, None, Some(&json!({}))).await;
        refused.expect(StatusCode::UNAUTHORIZED);
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    assert_eq!(document["jwks_uri"], format!("{ISSUER}/jwks"));
    let provider = send(&sso, Method::GET, "/sso/.well-known/openid-configuration", None, None)
        .await
        .json();
    let has = |member: &str, value: &str| provider[member].as_array().unwrap().contains(&json!(value));
    assert!(has("grant_types_supported", "client_credentials"));
    assert!(has("scopes_supported", "ssf.read") && has("scopes_supported", "ssf.manage"));
    world.stop().await;
}

#[actix_web::test]
async fn an_app_gets_a_token_by_its_secret_or_its_key_and_a_public_one_gets_none() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sso = world.start(config()).await;
        let app = world.receiver().await;
        let both = token_endpoint(&sso, Some(&app), "grant_type=client_credentials").await;
        assert_eq!(both.expect(StatusCode::OK)["scope"], "ssf.read ssf.manage");
        let strange = token_endpoint(&sso, Some(&app), "grant_type=client_credentials&scope=openid").await;
        assert_eq!(strange.expect(StatusCode::BAD_REQUEST)["error"], "invalid_scope");

        let public = world.app(ClientAuthentication::None, None).await;
        let form = format!("grant_type=client_credentials&client_id={}", public.id);
        let refused = token_endpoint(&sso, None, &form).await;
        assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["error"], "unauthorized_client");

        let key = oidc::generate_key(oidc::KeyKind::P256).unwrap();
        let key = SigningKey::from_pkcs8(key.expose_secret()).unwrap();
        let jwks = jwk_set([&key]).to_string();
        let keyed = world.app(ClientAuthentication::PrivateKeyJwt, Some(jwks)).await;
        let now = Timestamp::now();
        let id = keyed.id.to_string();
        let seconds = now.millis() / 1_000;
        let claims = json!({
            "iss": id, "sub": id, "aud": format!("{ISSUER}/token"), "jti": "one", "iat": seconds, "exp": seconds + 60,
        });
        let assertion = key.sign_jwt("JWT", &claims).unwrap();
        let form = format!(
            "grant_type=client_credentials&scope=ssf.read&client_assertion={assertion}&client_assertion_type={}",
            "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        );
        let given = token_endpoint(&sso, None, &form).await.expect(StatusCode::OK);
        let given = given["access_token"].as_str().unwrap();
        let all = send(&sso, Method::GET, STREAMS, Some(given), None).await;
        assert_eq!(all.expect(StatusCode::OK), json!([]));
        token_endpoint(&sso, None, &form).await.expect(StatusCode::UNAUTHORIZED);
        world.stop().await;
    }
}

#[actix_web::test]
async fn a_persons_token_and_an_id_token_open_no_stream_and_an_apps_token_opens_no_person() {
    let world = World::new(Dialect::Sqlite).await;
    let sso = world.start(config()).await;
    let app = world.receiver().await;
    let own = token(&sso, &app, "ssf.read ssf.manage").await;
    for path in ["/sso/userinfo", "/sso/profile"] {
        let refused = send(&sso, Method::GET, path, Some(&own), None).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let form = format!("grant_type=refresh_token&refresh_token={own}");
    let refused = token_endpoint(&sso, Some(&app), &form).await;
    assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["error"], "invalid_grant");

    let tokens = SessionTokens::new(&world.master_key.clone().into());
    let now = Timestamp::now();
    let claims = SessionClaims {
        session: app.id.uuid(),
        generation: 3,
        expires_at_ms: now.plus(Duration::from_mins(5)).millis(),
    };
    let over = SessionClaims {
        expires_at_ms: now.minus(Duration::from_secs(1)).millis(),
        ..claims
    };
    let keys = KeyRing::new(world.db.store.clone(), world.master_key.clone().into());
    let keys = keys.get(now).await.unwrap();
    let (id, session) = (app.id.to_string(), SsoSessionId::new().to_string());
    let seconds = now.millis() / 1_000;
    let id_token = IssuedIdToken {
        iss: ISSUER,
        sub: &session,
        aud: &id,
        azp: &id,
        exp: seconds + 600,
        iat: seconds,
        auth_time: seconds,
        nonce: None,
        sid: None,
        at_hash: None,
        more: Map::new(),
    };
    let id_token = id_token.sign(&keys.signing).unwrap();
    let text = |what, claims| tokens.sign(what, claims).expose_secret().to_owned();
    for refused in [
        text(SessionTokenUse::Access, &claims),
        text(SessionTokenUse::Refresh, &claims),
        text(SessionTokenUse::Access, &claims).replace("rcn_", "rcs_"),
        text(SessionTokenUse::Signals, &over),
        id_token,
        "x".to_owned(),
    ] {
        let refused = send(&sso, Method::GET, STREAMS, Some(&refused), None).await;
        assert_eq!(refused.expect(StatusCode::UNAUTHORIZED)["error"], "invalid_token");
        assert_eq!(refused.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    let query = TestRequest::get().uri(&format!("{STREAMS}?access_token={own}"));
    answer(&sso, query).await.expect(StatusCode::UNAUTHORIZED);
    let change = world.db.store.change(None).await.unwrap();
    change.delete_sso_client(app.id).await.unwrap();
    change.commit().await.unwrap();
    let gone = send(&sso, Method::GET, STREAMS, Some(&own), None).await;
    gone.expect(StatusCode::UNAUTHORIZED);
    world.stop().await;
}

#[actix_web::test]
async fn every_route_needs_a_token_with_the_right_scope_and_is_closed_to_other_apps() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sso = world.start(config()).await;
        let (app, other) = (world.receiver().await, world.receiver().await);
        let own = token(&sso, &app, "ssf.read ssf.manage").await;
        let made = send(&sso, Method::POST, STREAMS, Some(&own), Some(&json!({}))).await;
        let id: SsfStreamId = made.expect(StatusCode::CREATED)["stream_id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let foreign = token(&sso, &other, "ssf.read ssf.manage").await;
        let reading = token(&sso, &app, "ssf.read").await;
        let person = json!({ "format": "iss_sub", "iss": ISSUER, "sub": id });
        let poll = format!("/sso/ssf/poll/{id}");
        let one = format!("{STREAMS}?stream_id={id}");
        let status = format!("/sso/ssf/status?stream_id={id}");
        let subject = json!({ "stream_id": id, "subject": person });
        let now = json!({ "returnImmediately": true });
        let push = json!({ "method": "urn:ietf:rfc:8935", "endpoint_url": "https://app.example/" });
        // Method, path, body, and whether reading is enough.
        let routes = [
            (Method::GET, one.as_str(), None, true),
            (Method::PATCH, STREAMS, Some(json!({ "stream_id": id })), false),
            (
                Method::PUT,
                STREAMS,
                Some(json!({ "stream_id": id, "delivery": push })),
                false,
            ),
            (Method::GET, &status, None, true),
            (
                Method::POST,
                "/sso/ssf/status",
                Some(json!({ "stream_id": id, "status": "paused" })),
                false,
            ),
            (Method::POST, "/sso/ssf/subjects/remove", Some(subject.clone()), false),
            (Method::POST, "/sso/ssf/subjects/add", Some(subject), false),
            (
                Method::POST,
                "/sso/ssf/verification",
                Some(json!({ "stream_id": id })),
                false,
            ),
            (Method::POST, &poll, Some(now), true),
            (Method::DELETE, &one, None, false),
        ];
        for (method, path, body, reads) in &routes {
            let with = async |token: Option<&str>| send(&sso, method.clone(), path, token, body.as_ref()).await;
            let what = format!("{method} {path}");
            assert_eq!(with(None).await.status, StatusCode::UNAUTHORIZED, "{what}");
            let refused = with(Some(&foreign)).await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{what}: {refused:?}");
            let little = with(Some(&reading)).await;
            if *reads {
                assert!(little.status.is_success(), "{what}: {little:?}");
            } else {
                assert_eq!(
                    little.expect(StatusCode::FORBIDDEN)["error"],
                    "insufficient_scope",
                    "{what}"
                );
                let challenge = little.header("www-authenticate");
                assert_eq!(challenge, "Bearer error=\"insufficient_scope\", scope=\"ssf.manage\"");
            }
        }
        let unread = send(&sso, Method::POST, STREAMS, Some(&reading), Some(&json!({}))).await;
        unread.expect(StatusCode::FORBIDDEN);
        let nobody = send(&sso, Method::POST, STREAMS, None, Some(&json!({}))).await;
        nobody.expect(StatusCode::UNAUTHORIZED);
        let all = send(&sso, Method::GET, STREAMS, Some(&foreign), None).await;
        assert_eq!(all.expect(StatusCode::OK), json!([]));
        let basic = TestRequest::get()
            .uri(STREAMS)
            .insert_header((AUTHORIZATION, "Basic YTpi"))
            .insert_header((CONTENT_TYPE, "application/json"));
        answer(&sso, basic).await.expect(StatusCode::UNAUTHORIZED);
        // Its own app does all of it.
        for (method, path, body, _) in &routes {
            if path.starts_with("/sso/ssf/poll") {
                continue; // It is sent by push since PUT.
            }
            let done = send(&sso, method.clone(), path, Some(&own), body.as_ref()).await;
            assert!(done.status.is_success(), "{method} {path}: {done:?}");
        }
        world.stop().await;
    }
}
