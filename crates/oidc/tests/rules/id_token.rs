//! What makes an ID token one that is not taken. Every reason has a test of a token that is right otherwise, signed by a
//! key that its issuer publishes.

use crate::server::Server;
use crate::tokens::{KID, jwk, key_one, key_two, sign, sign_texts};
use events::Timestamp;
use oidc::{IdTokenClaims, IdTokenError, IdTokenRules, Issuer, Verifier, left_half_hash};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const NOW: i64 = 1_800_000_000;
const TENANT: &str = "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10";
const OBJECT: &str = "8d0f6c11-1c1e-4b7a-9c55-5a1f0f2b9e01";
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const CLIENT: &str = "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42";
const HEADER: &str = r#"{"alg":"RS256","kid":"key-1"}"#;

/// A provider that publishes the first key, and who verifies its tokens.
struct Provider {
    server: Server,
    verifier: Verifier,
    issuer: String,
}

impl Provider {
    async fn start() -> Self {
        let server = Server::start().await;
        server.answers("200 OK", "", &json!({ "keys": [jwk(&key_one(), KID, &json!({}))] }));
        Self {
            server,
            verifier: Verifier::default(),
            issuer: format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        }
    }

    fn rules(&self) -> IdTokenRules<'_> {
        let mut rules = IdTokenRules::new(&self.issuer, CLIENT, "nonce");
        rules.tenant = Uuid::parse_str(TENANT).ok();
        rules
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "sub": "subject", "oid": OBJECT, "tid": TENANT, "ver": "2.0", "aud": CLIENT,
            "exp": NOW + 3600, "nbf": NOW, "iat": NOW, "nonce": "nonce",
        })
    }

    /// The claims with one changed; `null` takes it away.
    fn changed(&self, name: &str, value: &Value) -> Value {
        let mut claims = self.claims();
        let members = claims.as_object_mut().unwrap();
        members.remove(name);
        if !value.is_null() {
            members.insert(name.to_owned(), value.clone());
        }
        claims
    }

    async fn verify(&self, text: &str, rules: &IdTokenRules<'_>) -> Result<IdTokenClaims, IdTokenError> {
        let issuer = Issuer {
            name: rules.issuer.to_owned(),
            keys_url: format!("{}/keys", self.server.url),
            tenant: rules.tenant,
        };
        let at = Timestamp::from_millis(NOW * 1000);
        self.verifier.verify_id_token(text, &issuer, rules, at).await
    }

    /// What comes of a token with one claim changed.
    async fn error(&self, name: &str, value: Value) -> Option<IdTokenError> {
        self.error_of(&self.changed(name, &value), &self.rules()).await
    }

    async fn error_of(&self, claims: &Value, rules: &IdTokenRules<'_>) -> Option<IdTokenError> {
        self.verify(&sign(&key_one(), claims), rules).await.err()
    }

    /// What comes of a token with these members in the header, on top of a right one.
    async fn error_of_header(&self, header: &str) -> Option<IdTokenError> {
        let text = sign_texts(&key_one(), header, &self.claims().to_string());
        self.verify(&text, &self.rules()).await.err()
    }
}

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
