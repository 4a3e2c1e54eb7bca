//! What an ID token must be made of before anything that it says counts: its form, its header and its signature. Every
//! token here is right otherwise, and signed by a key that its issuer publishes.

use crate::provider::{NOW, OBJECT, Provider, TENANT};
use crate::tokens::{KID, jwk, key_one, key_two, sign, sign_texts};
use oidc::IdTokenError;
use serde_json::{Value, json};

const HEADER: &str = r#"{"alg":"RS256","kid":"key-1"}"#;

#[tokio::test]
async fn a_token_that_says_what_it_must_is_taken() {
    let provider = Provider::start().await;
    let claims = provider.changed("upn", &json!("dana@fabrikam.example"));
    let claims = provider
        .verify(&sign(&key_one(), &claims), &provider.rules())
        .await
        .unwrap();
    assert_eq!(claims.oid.map(|id| id.to_string()).as_deref(), Some(OBJECT));
    assert_eq!(claims.tid.map(|id| id.to_string()).as_deref(), Some(TENANT));
    assert_eq!(
        (claims.sub.as_str(), claims.upn.as_deref()),
        ("subject", Some("dana@fabrikam.example"))
    );
    assert_eq!(claims.expires_at.millis(), (NOW + 3600) * 1000);
}

#[tokio::test]
async fn a_token_is_no_larger_than_64_kib() {
    let provider = Provider::start().await;
    assert_eq!(
        provider.error("name", json!("x".repeat(64 << 10))).await,
        Some(IdTokenError::TooLarge)
    );
}

#[tokio::test]
async fn a_token_has_three_segments() {
    let provider = Provider::start().await;
    let text = sign(&key_one(), &provider.claims());
    for text in [
        format!("{text}.x"),
        text.rsplit_once('.').unwrap().0.to_owned(),
        String::new(),
    ] {
        let error = provider.verify(&text, &provider.rules()).await.err();
        assert_eq!(error, Some(IdTokenError::NotThreeSegments));
    }
}

#[tokio::test]
async fn a_token_is_base64url_of_json_objects() {
    let provider = Provider::start().await;
    let text = sign_texts(&key_one(), HEADER, "[]");
    for text in [text.clone(), text.replace('.', ".+"), text + "="] {
        assert_eq!(
            provider.verify(&text, &provider.rules()).await.err(),
            Some(IdTokenError::Unreadable)
        );
    }
}

#[tokio::test]
async fn no_name_comes_twice() {
    let provider = Provider::start().await;
    let claims = provider.claims().to_string();
    let twice = format!(r#"{{"nonce":"nonce",{}"#, claims.strip_prefix('{').unwrap());
    let text = sign_texts(&key_one(), HEADER, &twice);
    assert_eq!(
        provider.verify(&text, &provider.rules()).await.err(),
        Some(IdTokenError::DuplicateMember)
    );
    let header = r#"{"alg":"none","alg":"RS256","kid":"key-1"}"#;
    assert_eq!(
        provider.error_of_header(header).await,
        Some(IdTokenError::DuplicateMember)
    );
}

#[tokio::test]
async fn what_must_be_there_is_there() {
    let provider = Provider::start().await;
    for name in ["iss", "sub", "exp", "iat", "ver"] {
        assert_eq!(
            provider.error(name, Value::Null).await,
            Some(IdTokenError::MissingMember(name))
        );
    }
    assert_eq!(
        provider.error("aud", Value::Null).await,
        Some(IdTokenError::WrongAudience)
    );
}

#[tokio::test]
async fn every_claim_has_its_type() {
    let provider = Provider::start().await;
    for name in [
        "iss", "sub", "aud", "exp", "nbf", "iat", "nonce", "tid", "oid", "ver", "azp", "at_hash", "upn", "roles",
    ] {
        assert_eq!(
            provider.error(name, json!({})).await,
            Some(IdTokenError::WrongMemberType(name))
        );
    }
}

#[tokio::test]
async fn no_other_algorithm_is_taken_whatever_the_key() {
    let provider = Provider::start().await;
    for algorithm in ["none", "None", "HS256", "PS256", "ES256", "RS512", "rs256", ""] {
        let header = json!({ "alg": algorithm, "kid": KID }).to_string();
        assert_eq!(
            provider.error_of_header(&header).await,
            Some(IdTokenError::AlgorithmNotAllowed),
            "{algorithm}"
        );
    }
}

#[tokio::test]
async fn a_header_asks_for_nothing_and_its_keys_are_not_looked_at() {
    let provider = Provider::start().await;
    for (header, error) in [
        (
            r#"{"alg":"RS256","kid":"key-1","typ":"at+jwt"}"#,
            IdTokenError::WrongTokenType,
        ),
        (
            r#"{"alg":"RS256","kid":"key-1","crit":["exp"]}"#,
            IdTokenError::CriticalHeader,
        ),
        (
            r#"{"alg":"RS256","kid":"key-1","cty":"JWT"}"#,
            IdTokenError::NestedToken,
        ),
        (r#"{"alg":"RS256"}"#, IdTokenError::KeyIdMissing),
        (r#"{"alg":"RS256","kid":""}"#, IdTokenError::KeyIdMissing),
        (r#"{"kid":"key-1"}"#, IdTokenError::MissingMember("alg")),
    ] {
        assert_eq!(provider.error_of_header(header).await, Some(error), "{header}");
    }
    let header = json!({ "alg": "RS256", "kid": KID, "jwk": jwk(&key_two(), KID, &json!({})), "jku": "https://x" });
    let text = sign_texts(&key_two(), &header.to_string(), &provider.claims().to_string());
    assert_eq!(
        provider.verify(&text, &provider.rules()).await.err(),
        Some(IdTokenError::WrongSignature)
    );
}

#[tokio::test]
async fn the_signature_is_of_the_key_and_of_this_text() {
    let provider = Provider::start().await;
    let (text, other) = (
        sign(&key_one(), &provider.claims()),
        sign(&key_one(), &provider.changed("name", &json!("x"))),
    );
    let swapped = format!(
        "{}.{}",
        text.rsplit_once('.').unwrap().0,
        other.rsplit_once('.').unwrap().1
    );
    for text in [swapped, sign(&key_two(), &provider.claims())] {
        assert_eq!(
            provider.verify(&text, &provider.rules()).await.err(),
            Some(IdTokenError::WrongSignature)
        );
    }
}
