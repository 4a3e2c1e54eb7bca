//! The token endpoint.

use crate::support::{SECRET, World};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use entra::{Action, AppChange, Fault, NewCredential, NewTenant, RetryAfter, Rule};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SignatureAlgorithm};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use uuid::Uuid;

/// A key of tests only; it opens nothing anywhere.
const KEY: &[u8] = include_bytes!("../../../system/src/keys/identity-provider-1.pk8");
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The key's certificate, as DER.
fn certificate() -> Vec<u8> {
    let algorithm: &'static SignatureAlgorithm = &PKCS_RSA_SHA256;
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(KEY), algorithm).unwrap();
    CertificateParams::default().self_signed(&key).unwrap().der().to_vec()
}

fn sign(header: &Value, claims: &Value) -> String {
    let algorithm: &'static dyn RsaEncoding = if header["alg"] == "PS256" {
        &RSA_PSS_SHA256
    } else {
        &RSA_PKCS1_SHA256
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let key = RsaKeyPair::from_pkcs8(KEY).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(algorithm, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Registers the certificate instead of the secret, and says its DER.
fn certified(world: &World) -> Vec<u8> {
    let der = certificate();
    let credentials = Some(vec![NewCredential::Certificate(STANDARD.encode(&der))]);
    let change = AppChange {
        credentials,
        ..AppChange::default()
    };
    world.tenant.change_app(world.app, change).unwrap();
    der
}

fn claims(world: &World) -> Value {
    let now = world.entra.now().seconds();
    json!({
        "aud": format!("{}/{}/oauth2/v2.0/token", world.entra.url(), world.tenant.id()),
        "iss": world.app, "sub": world.app, "jti": Uuid::new_v4(), "nbf": now - 30, "exp": now + 300,
    })
}

fn header(der: &[u8]) -> Value {
    json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(digest(&SHA256, der)) })
}

async fn by_assertion(world: &World, assertion: String) -> (u16, Value) {
    let mut form = world.form(world.app);
    form.retain(|(name, _)| *name != "client_secret");
    form.extend([
        ("client_assertion_type", ASSERTION.to_owned()),
        ("client_assertion", assertion),
    ]);
    world.ask_token(&world.tenant.id().to_string(), &form).await
}

/// The answer has this number, the status of its kind, and the lines and ids of every refusal.
fn refused(answer: &(u16, Value), code: u32) {
    let (status, body) = answer;
    assert_eq!(body["error_codes"], json!([code]), "{body}");
    assert_eq!(*status, if body["error"] == "invalid_client" { 401 } else { 400 });
    let description = body["error_description"].as_str().unwrap();
    let lines: Vec<&str> = description.split("\r\n").collect();
    assert!(lines[0].starts_with(&format!("AADSTS{code}: ")), "{description}");
    assert_eq!(lines[1], format!("Trace ID: {}", body["trace_id"].as_str().unwrap()));
    assert_eq!(
        lines[2],
        format!("Correlation ID: {}", body["correlation_id"].as_str().unwrap())
    );
}

#[tokio::test]
async fn a_secret_is_read_as_a_form_has_it() {
    let world = World::start().await;
    assert_eq!(world.get("/users").await.status, 200);
    let mut form = world.form(world.app);
    form[2].1 = SECRET.replace('+', " ");
    let tenant = world.tenant.id().to_string();
    refused(&world.ask_token(&tenant, &form).await, 7_000_215);
}

#[tokio::test]
async fn a_secret_that_has_ended_is_told_from_a_wrong_one() {
    let world = World::start().await;
    let credentials = Some(vec![NewCredential::Secret {
        value: SECRET.to_owned(),
        not_before: None,
        not_after: Some("2020-01-01T00:00:00Z".to_owned()),
    }]);
    let change = AppChange {
        credentials,
        ..AppChange::default()
    };
    world.tenant.change_app(world.app, change).unwrap();
    let answer = world.ask_token("fabrikam.example", &world.form(world.app)).await;
    refused(&answer, 7_000_222);
}

#[tokio::test]
async fn what_is_missing_or_unknown_has_its_number() {
    let world = World::start().await;
    let tenant = world.tenant.id().to_string();
    let form = world.form(world.app);
    let without = |name: &str| form.iter().filter(|(key, _)| *key != name).cloned().collect::<Vec<_>>();
    refused(&world.ask_token(&tenant, &without("client_secret")).await, 7_000_218);
    refused(&world.ask_token(&tenant, &without("grant_type")).await, 900_144);
    refused(&world.ask_token(&tenant, &without("scope")).await, 900_144);
    refused(&world.ask_token("common", &form).await, 50_059);
    refused(&world.ask_token("nobody.example", &form).await, 90_002);
    refused(&world.ask_token(&tenant, &world.form(Uuid::nil())).await, 700_016);
    let scoped = |scope: &str| {
        let mut form = form.clone();
        scope.clone_into(&mut form[3].1);
        form
    };
    refused(&world.ask_token(&tenant, &scoped("User.Read.All")).await, 70_011);
    refused(
        &world
            .ask_token(&tenant, &scoped("https://other.example/.default"))
            .await,
        500_011,
    );
}

#[tokio::test]
async fn an_app_must_be_in_the_tenant_and_not_disabled() {
    let world = World::start().await;
    let other = NewTenant {
        id: None,
        domain: "contoso.example".to_owned(),
    };
    let other = world.entra.create_tenant(&other).unwrap();
    let form = world.form(world.app);
    refused(&world.ask_token("contoso.example", &form).await, 700_016);
    other.consent(world.app, None).unwrap();
    assert_eq!(world.ask_token("contoso.example", &form).await.0, 200);
    other
        .change_app(
            world.app,
            AppChange {
                disabled: Some(true),
                ..AppChange::default()
            },
        )
        .unwrap();
    refused(&world.ask_token("contoso.example", &form).await, 7_000_112);
    assert_eq!(world.ask_token("fabrikam.example", &form).await.0, 200);
}

#[tokio::test]
async fn an_assertion_is_taken_by_sha256_and_by_sha1() {
    let world = World::start().await;
    let der = certified(&world);
    assert_eq!(by_assertion(&world, sign(&header(&der), &claims(&world))).await.0, 200);
    let legacy = json!({ "alg": "RS256", "x5t": URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der)) });
    assert_eq!(by_assertion(&world, sign(&legacy, &claims(&world))).await.0, 200);
}

#[tokio::test]
async fn padded_thumbprints_and_fractions_of_seconds_are_taken() {
    let world = World::start().await;
    let der = certified(&world);
    let header = json!({ "alg": "PS256", "x5t#S256": URL_SAFE.encode(digest(&SHA256, &der)) });
    let mut claims = claims(&world);
    claims["exp"] = json!(claims["exp"].as_f64().unwrap() + 0.25);
    claims["iat"] = json!(claims["nbf"].as_f64().unwrap() + 0.25);
    claims.as_object_mut().unwrap().remove("nbf");
    assert_eq!(by_assertion(&world, sign(&header, &claims)).await.0, 200);
}

#[tokio::test]
async fn sha256_in_the_place_of_sha1_finds_no_key() {
    let world = World::start().await;
    let der = certified(&world);
    let header = json!({ "alg": "RS256", "x5t": URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)) });
    refused(&by_assertion(&world, sign(&header, &claims(&world))).await, 700_027);
}

#[tokio::test]
async fn an_assertion_for_others_or_another_time_is_refused() {
    let world = World::start().await;
    let der = certified(&world);
    let with = |name: &str, value: Value| {
        let mut claims = claims(&world);
        claims[name] = value;
        sign(&header(&der), &claims)
    };
    let now = world.entra.now().seconds();
    refused(
        &by_assertion(&world, with("aud", json!(world.entra.url()))).await,
        700_023,
    );
    refused(&by_assertion(&world, with("sub", json!(Uuid::nil()))).await, 700_021);
    refused(&by_assertion(&world, with("exp", json!(now - 600))).await, 700_024);
    refused(&by_assertion(&world, with("nbf", json!(now + 600))).await, 700_024);
    let mut forged = with("nbf", json!(now));
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    refused(&by_assertion(&world, forged).await, 700_027);
    refused(&by_assertion(&world, "a.b".to_owned()).await, 50_027);
}

#[tokio::test]
async fn an_assertion_that_comes_again_is_noted_and_refused_if_wanted() {
    let world = World::start().await;
    let der = certified(&world);
    let assertion = sign(&header(&der), &claims(&world));
    assert_eq!(by_assertion(&world, assertion.clone()).await.0, 200);
    assert_eq!(by_assertion(&world, assertion.clone()).await.0, 200);
    assert_eq!(world.broken(Rule::AssertionReused), 1);
    world
        .tenant
        .behave(|tenant| tenant.used_assertions_refused = true)
        .unwrap();
    refused(&by_assertion(&world, assertion).await, 50_027);
}

#[tokio::test]
async fn a_test_has_tokens_refused_for_a_while() {
    let world = World::start().await;
    world
        .tenant
        .fault(Fault::new(Action::Token { code: 90_033 }).next(1))
        .unwrap();
    let (status, body) = world.ask_token("fabrikam.example", &world.form(world.app)).await;
    assert_eq!((status, &body["error"]), (503, &json!("temporarily_unavailable")));
    assert_eq!(world.ask_token("fabrikam.example", &world.form(world.app)).await.0, 200);
}

#[tokio::test]
async fn the_token_endpoint_is_throttled_slow_and_broken_as_others() {
    let world = World::start().await;
    let url = format!("{}/fabrikam.example/oauth2/v2.0/token", world.entra.url());
    let ask = || {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(world.form(world.app))
            .finish();
        let request = world.client.post(&url).body(form);
        request.header("content-type", "application/x-www-form-urlencoded")
    };
    let fault = |action| world.tenant.fault(Fault::new(action).at("/oauth2/").next(1)).unwrap();
    let retry_after = RetryAfter::Seconds(20);
    fault(Action::Throttle { retry_after });
    let answer = World::read(ask()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "20"));
    assert_eq!(world.broken(Rule::AskedTooEarly), 0);
    fault(Action::Slow { bytes: 7, pause: 1 });
    let answer = World::read(ask()).await;
    assert!(answer.body["access_token"].is_string(), "{}", answer.body);
    assert_eq!(world.broken(Rule::AskedTooEarly), 1);
    fault(Action::Html { status: 502 });
    let answer = World::read(ask()).await;
    assert_eq!(answer.status, 502);
    assert!(answer.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn admin_consent_comes_back_with_tenant_and_state() {
    let world = World::start().await;
    let other = NewTenant {
        id: None,
        domain: "contoso.example".to_owned(),
    };
    let other = world.entra.create_tenant(&other).unwrap();
    let consent = |more: &str| {
        let back = "https%3A%2F%2Frollcall.example%2Fconsented";
        let url = world.entra.url();
        format!(
            "{url}/contoso.example/adminconsent?client_id={}&state=s%26t&redirect_uri={back}{more}",
            world.app
        )
    };
    let answer = World::read(world.client.get(consent("&sim_deny=true"))).await;
    assert!(
        answer.header("location").contains("error=permission_denied"),
        "{answer:?}"
    );
    let answer = World::read(world.client.get(consent(""))).await;
    let expected = format!("?admin_consent=True&tenant={}&state=s%26t", other.id());
    assert!(answer.header("location").ends_with(&expected), "{answer:?}");
    assert_eq!(world.ask_token("contoso.example", &world.form(world.app)).await.0, 200);
}

#[tokio::test]
async fn the_discovery_document_names_the_tenant_by_its_id() {
    let world = World::start().await;
    let url = format!(
        "{}/fabrikam.example/v2.0/.well-known/openid-configuration",
        world.entra.url()
    );
    let answer = World::read(world.client.get(url)).await;
    let issuer = format!("{}/{}/v2.0", world.entra.url(), world.tenant.id());
    assert_eq!(answer.body["issuer"], json!(issuer));
    let unknown = format!(
        "{}/nobody.example/v2.0/.well-known/openid-configuration",
        world.entra.url()
    );
    assert_eq!(World::read(world.client.get(unknown)).await.status, 400);
}
