//! The keys of issuers: when they are asked for, and which count.

use crate::server::Server;
use crate::tokens::{KID, jwk, key_one, key_two, sign, sign_texts};
use events::Timestamp;
use oidc::{IdTokenClaims, IdTokenError, IdTokenRules, Issuer, Verifier};
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

const NOW: i64 = 1_800_000_000;
const TENANT: Uuid = uuid!("5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10");
const OTHER: Uuid = uuid!("9a55c10e-7d41-4c1b-9a55-0b6d3f7e2c10");

fn claims(tenant: Uuid) -> Value {
    json!({
        "iss": name(tenant), "sub": "s", "oid": Uuid::nil(), "tid": tenant, "ver": "2.0", "aud": "app",
        "exp": NOW + 60, "iat": NOW, "nonce": "nonce",
    })
}

fn name(tenant: Uuid) -> String {
    format!("https://login.example/{tenant}/v2.0")
}

fn publish(server: &Server, keys: &[Value]) {
    server.answers("200 OK", "", &json!({ "keys": keys }));
}

async fn verify(verifier: &Verifier, server: &Server, tenant: Uuid, text: &str) -> Result<IdTokenClaims, IdTokenError> {
    let issuer = Issuer {
        name: name(tenant),
        keys_url: format!("{}/keys", server.url),
        tenant: Some(tenant),
    };
    let mut rules = IdTokenRules::new(&issuer.name, "app", "nonce");
    rules.tenant = Some(tenant);
    let at = Timestamp::from_millis(NOW * 1000);
    verifier.verify_id_token(text, &issuer, &rules, at).await
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_a_key_that_is_not_known_but_not_as_often_as_one_is_sent() {
    let (server, verifier) = (Server::start().await, Verifier::default());
    let by_two = sign_texts(
        &key_two(),
        r#"{"alg":"RS256","kid":"key-2"}"#,
        &claims(TENANT).to_string(),
    );
    publish(&server, &[jwk(&key_one(), KID, &json!({}))]);
    for _ in 0..3 {
        assert!(
            verify(&verifier, &server, TENANT, &sign(&key_one(), &claims(TENANT)))
                .await
                .is_ok()
        );
    }
    assert_eq!(server.requests().len(), 1);
    publish(
        &server,
        &[jwk(&key_one(), KID, &json!({})), jwk(&key_two(), "key-2", &json!({}))],
    );
    assert!(
        verify(&verifier, &server, TENANT, &by_two).await.is_ok(),
        "the issuer has rolled its keys"
    );
    assert_eq!(server.requests().len(), 2);
    let by_three = sign_texts(
        &key_two(),
        r#"{"alg":"RS256","kid":"key-3"}"#,
        &claims(TENANT).to_string(),
    );
    for _ in 0..3 {
        let error = verify(&verifier, &server, TENANT, &by_three).await.unwrap_err();
        assert_eq!(error, IdTokenError::KeyUnknown);
        assert!(error.is_retryable());
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn without_its_keys_no_token_of_an_issuer_is_taken_and_the_reason_is_that() {
    let (server, verifier) = (Server::start().await, Verifier::default());
    server.answers("503 Service Unavailable", "", &"");
    let error = verify(&verifier, &server, TENANT, &sign(&key_one(), &claims(TENANT)))
        .await
        .unwrap_err();
    assert_eq!(error, IdTokenError::KeysUnavailable);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_stranger_cannot_make_the_server_ask_for_keys() {
    let (server, verifier) = (Server::start().await, Verifier::default());
    let error = verify(&verifier, &server, OTHER, &sign(&key_one(), &claims(TENANT)))
        .await
        .unwrap_err();
    assert_eq!(error, IdTokenError::WrongIssuer);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_key_that_several_tenants_share_signs_only_for_those_that_it_names() {
    let (server, verifier) = (Server::start().await, Verifier::default());
    let template = json!({ "issuer": "https://login.example/{tenantid}/v2.0" });
    let literal = json!({ "issuer": name(TENANT) });
    publish(
        &server,
        &[jwk(&key_one(), KID, &template), jwk(&key_two(), "key-2", &literal)],
    );
    let by_two = |tenant| {
        sign_texts(
            &key_two(),
            r#"{"alg":"RS256","kid":"key-2"}"#,
            &claims(tenant).to_string(),
        )
    };
    for tenant in [TENANT, OTHER] {
        assert!(
            verify(&verifier, &server, tenant, &sign(&key_one(), &claims(tenant)))
                .await
                .is_ok()
        );
    }
    assert!(verify(&verifier, &server, TENANT, &by_two(TENANT)).await.is_ok());
    let error = verify(&verifier, &server, OTHER, &by_two(OTHER)).await.unwrap_err();
    assert_eq!(error, IdTokenError::KeyOfAnotherIssuer);
}

#[tokio::test]
async fn a_key_that_is_too_short_is_not_trusted() {
    let (server, verifier) = (Server::start().await, Verifier::default());
    publish(&server, &[jwk(&key_one(), KID, &json!({ "n": "8_8" }))]);
    let error = verify(&verifier, &server, TENANT, &sign(&key_one(), &claims(TENANT)))
        .await
        .unwrap_err();
    assert_eq!(error, IdTokenError::KeyTooWeak);
}
