//! What an ID token must say. Every token here is right otherwise, and signed by a key that its issuer publishes.

use crate::provider::{CLIENT, NOW, OBJECT, Provider, TENANT};
use oidc::{IdTokenError, left_half_hash};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

#[tokio::test]
async fn the_issuer_is_the_one_of_the_connection() {
    let provider = Provider::start().await;
    for issuer in [
        provider.issuer.replace("5f2c", "6f2c"),
        format!("{}/", provider.issuer),
        format!("https://sts.windows.net/{TENANT}/"),
        "https://login.microsoftonline.com/{tenantid}/v2.0".to_owned(),
    ] {
        assert_eq!(
            provider.error("iss", json!(issuer)).await,
            Some(IdTokenError::WrongIssuer),
            "{issuer}"
        );
    }
}

#[tokio::test]
async fn the_tenant_is_that_of_the_connection_and_of_the_issuer() {
    let provider = Provider::start().await;
    assert_eq!(
        provider.error("tid", Value::Null).await,
        Some(IdTokenError::TenantMissing)
    );
    assert_eq!(
        provider.error("tid", json!("fabrikam.example")).await,
        Some(IdTokenError::TenantNotGuid)
    );
    assert_eq!(
        provider.error("tid", json!(OBJECT)).await,
        Some(IdTokenError::TenantMismatch)
    );
    let mut rules = provider.rules();
    rules.tenant = None;
    let claims = provider.changed("tid", &json!(OBJECT));
    assert_eq!(
        provider.error_of(&claims, &rules).await,
        Some(IdTokenError::TenantMismatch)
    );
    rules.tenant = Uuid::parse_str(OBJECT).ok();
    assert_eq!(
        provider.error_of(&provider.claims(), &rules).await,
        Some(IdTokenError::TenantMismatch)
    );
}

#[tokio::test]
async fn tokens_of_the_first_version_are_not_taken() {
    let provider = Provider::start().await;
    assert_eq!(
        provider.error("ver", json!("1.0")).await,
        Some(IdTokenError::VersionNot2)
    );
}

#[tokio::test]
async fn personal_accounts_are_let_in_only_when_that_was_allowed() {
    let mut provider = Provider::start().await;
    provider.issuer = format!("https://login.microsoftonline.com/{CONSUMERS}/v2.0");
    let claims = provider.changed("tid", &json!(CONSUMERS));
    let mut rules = provider.rules();
    rules.tenant = None;
    assert_eq!(
        provider.error_of(&claims, &rules).await,
        Some(IdTokenError::ConsumerTenantRefused)
    );
    rules.allow_consumer_tenant = true;
    assert_eq!(provider.error_of(&claims, &rules).await, None);
}

#[tokio::test]
async fn the_token_is_for_this_application_alone() {
    let provider = Provider::start().await;
    assert_eq!(provider.error("aud", json!([CLIENT])).await, None);
    assert_eq!(
        provider.error("aud", json!("other")).await,
        Some(IdTokenError::WrongAudience)
    );
    assert_eq!(
        provider.error("aud", json!([])).await,
        Some(IdTokenError::WrongAudience)
    );
    assert_eq!(
        provider.error("aud", json!(["other", "another"])).await,
        Some(IdTokenError::WrongAudience)
    );
    assert_eq!(
        provider.error("aud", json!([CLIENT, "other"])).await,
        Some(IdTokenError::SeveralAudiences)
    );
    assert_eq!(provider.error("azp", json!(CLIENT)).await, None);
    assert_eq!(
        provider.error("azp", json!("other")).await,
        Some(IdTokenError::WrongAuthorizedParty)
    );
}

#[tokio::test]
async fn the_token_was_issued_just_now_and_clocks_may_be_a_minute_apart() {
    let provider = Provider::start().await;
    for (name, good, bad, error) in [
        ("exp", NOW - 59, NOW - 60, IdTokenError::TokenExpired),
        ("nbf", NOW + 60, NOW + 61, IdTokenError::TokenNotYetValid),
        ("iat", NOW + 60, NOW + 61, IdTokenError::IssuedInTheFuture),
        ("iat", NOW - 600, NOW - 601, IdTokenError::IssuedTooLongAgo),
        ("exp", i64::MAX, i64::MIN, IdTokenError::TokenExpired),
    ] {
        assert_eq!(provider.error(name, json!(good)).await, None, "{name} {good}");
        assert_eq!(provider.error(name, json!(bad)).await, Some(error), "{name} {bad}");
    }
    assert_eq!(provider.error("nbf", Value::Null).await, None);
}

#[tokio::test]
async fn the_token_belongs_to_this_sign_in() {
    let provider = Provider::start().await;
    assert_eq!(
        provider.error("nonce", Value::Null).await,
        Some(IdTokenError::NonceMissing)
    );
    for nonce in ["", "Nonce", "nonc", "nonce "] {
        assert_eq!(
            provider.error("nonce", json!(nonce)).await,
            Some(IdTokenError::NonceMismatch),
            "{nonce}"
        );
    }
}

#[tokio::test]
async fn hashes_that_are_there_are_those_of_what_came_along() {
    let provider = Provider::start().await;
    let mut rules = provider.rules();
    rules.access_token = Some("access");
    rules.code = Some("code");
    assert_eq!(provider.error_of(&provider.claims(), &rules).await, None);
    for (name, value, error) in [
        ("at_hash", "access", IdTokenError::AtHashMismatch),
        ("c_hash", "code", IdTokenError::CHashMismatch),
    ] {
        let right = provider.changed(name, &json!(left_half_hash(value)));
        assert_eq!(provider.error_of(&right, &rules).await, None);
        let wrong = provider.changed(name, &json!(left_half_hash("other")));
        assert_eq!(provider.error_of(&wrong, &rules).await, Some(error));
    }
}

#[tokio::test]
async fn the_token_names_somebody() {
    let provider = Provider::start().await;
    assert_eq!(
        provider.error("sub", json!("")).await,
        Some(IdTokenError::SubjectMissing)
    );
    assert_eq!(
        provider.error("oid", Value::Null).await,
        Some(IdTokenError::ObjectIdMissing)
    );
    assert_eq!(
        provider.error("oid", json!("")).await,
        Some(IdTokenError::ObjectIdNotGuid)
    );
    assert_eq!(
        provider.error("oid", json!("dana")).await,
        Some(IdTokenError::ObjectIdNotGuid)
    );
}

#[tokio::test]
async fn the_sign_in_is_no_older_than_was_asked_for() {
    let provider = Provider::start().await;
    let mut rules = provider.rules();
    rules.max_age = Some(Duration::from_secs(300));
    assert_eq!(
        provider.error_of(&provider.claims(), &rules).await,
        Some(IdTokenError::AuthTimeMissing)
    );
    let at = |time: i64| provider.changed("auth_time", &json!(time));
    assert_eq!(provider.error_of(&at(NOW - 360), &rules).await, None);
    assert_eq!(
        provider.error_of(&at(NOW - 361), &rules).await,
        Some(IdTokenError::AuthenticatedTooLongAgo)
    );
}

#[tokio::test]
async fn a_step_up_that_was_asked_for_has_happened() {
    let provider = Provider::start().await;
    let mut rules = provider.rules();
    rules.acr_values = &["c1", "c2"];
    assert_eq!(
        provider.error_of(&provider.claims(), &rules).await,
        Some(IdTokenError::StepUpMissing)
    );
    let other = provider.changed("acrs", &json!(["c3"]));
    assert_eq!(
        provider.error_of(&other, &rules).await,
        Some(IdTokenError::StepUpMissing)
    );
    for (name, value) in [
        ("acr", json!("c1")),
        ("acrs", json!(["c3", "c2"])),
        ("acrs", json!("c1")),
    ] {
        assert_eq!(provider.error_of(&provider.changed(name, &value), &rules).await, None);
    }
}

#[tokio::test]
async fn b2c_need_not_name_tenant_object_and_version() {
    let mut provider = Provider::start().await;
    provider.issuer = format!("https://fabrikam.b2clogin.com/{TENANT}/v2.0/");
    let mut rules = provider.rules();
    rules.tenant = None;
    let mut claims = provider.claims();
    for name in ["tid", "oid", "ver"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(
        provider.error_of(&claims, &rules).await,
        Some(IdTokenError::TenantMissing)
    );
    rules.is_b2c = true;
    assert_eq!(provider.error_of(&claims, &rules).await, None);
    claims["oid"] = json!("dana");
    assert_eq!(
        provider.error_of(&claims, &rules).await,
        Some(IdTokenError::ObjectIdNotGuid)
    );
}
