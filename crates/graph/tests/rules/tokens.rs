//! Tokens: how they are asked for, how long they are kept, and what a refusal means.

use crate::edge::{CORRELATION, Edge, Reply, TRACE};
use crate::support::{CLIENT, TENANT, certificate, guard, identity, jumping, members, now, secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use graph::testing::ManualClock;
use graph::{Credential, Graph, GraphErrorKind, TokenState};
use oidc::{AssertionForm, Certificate};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn graph(clock: Arc<ManualClock>) -> Graph {
    Graph::with_clock(guard(), clock).unwrap()
}

fn part(token: &str, at: usize) -> Value {
    let text = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// Whether an assertion has this form.
fn is_by(assertion: &str, name: &str) -> bool {
    part(assertion, 0).get(name).is_some()
}

#[actix_web::test]
async fn a_secret_with_every_special_character_arrives_as_it_is() {
    let edge = Edge::start(|_| None).await;
    let odd = "a+b&c=d~e%f g/ü?#\"'";
    let session = graph(jumping()).session(identity(&edge, secret(odd)));
    session.token().await.unwrap();
    let [asked] = edge.tokens().try_into().unwrap();
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.target, format!("/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asked.field("client_secret").as_deref(), Some(odd));
    assert_eq!(asked.field("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(asked.field("client_id"), Some(CLIENT.to_string()));
    assert_eq!(asked.field("scope"), Some(format!("{}/.default", edge.url)));
    assert_eq!(asked.field("client_assertion"), None);
}

/// What msal 1.39.0 sends for the same key and certificate, in either form. Ours differs in four points: thumbprints without padding
/// (RFC 7515 §2), times in whole seconds, `nbf` for clocks that are apart, and half the life.
#[actix_web::test]
async fn an_assertion_has_the_header_and_the_claims_that_microsofts_own_library_makes() {
    let golden: Value = serde_json::from_str(include_str!("../golden/msal.json")).unwrap();
    let shown = Certificate::from_der(include_bytes!("../golden/certificate.cer")).unwrap();
    let (Credential::Certificate { key, .. }, _) = certificate(AssertionForm::Ps256) else {
        panic!("no key");
    };
    for (form, golden) in [AssertionForm::Ps256, AssertionForm::Rs256]
        .into_iter()
        .zip(golden["requests"].as_array().unwrap())
    {
        let edge = Edge::start(|_| None).await;
        let credential = Credential::Certificate {
            key: key.clone(),
            certificate: Box::new(shown.clone()),
            form,
        };
        let session = graph(jumping()).session(identity(&edge, credential));
        assert_eq!(session.token().await.unwrap().form, Some(form));
        let [asked] = edge.tokens().try_into().unwrap();
        let here = |text: &Value| {
            text.as_str()
                .unwrap()
                .replace("https://login.microsoftonline.com", &edge.url)
        };
        assert_eq!(format!("{}{}", edge.url, asked.target), here(&golden["url"]));
        for name in ["client_id", "grant_type", "client_assertion_type"] {
            assert_eq!(asked.field(name).unwrap(), golden["form"][name].as_str().unwrap());
        }
        assert_eq!(asked.field("client_secret"), None);
        let assertion = asked.field("client_assertion").unwrap();
        let header = members(part(&assertion, 0));
        assert_eq!(header.len(), golden["header"].as_object().unwrap().len());
        for (name, value) in members(golden["header"].clone()) {
            assert_eq!(header[&name], value.as_str().unwrap().trim_end_matches('='), "{name}");
        }
        let claims = part(&assertion, 1);
        assert_eq!(claims["aud"], here(&golden["claims"]["aud"]));
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&golden["claims"]["iss"], &golden["claims"]["sub"])
        );
        assert!(uuid::Uuid::try_parse(claims["jti"].as_str().unwrap()).is_ok());
        let seconds = now().millis() / 1000;
        let times = [&claims["nbf"], &claims["iat"], &claims["exp"]].map(|time| time.as_i64().unwrap() - seconds);
        assert_eq!(times, [-30, 0, 300]);
        let theirs = members(golden["claims"].clone());
        let names = theirs
            .keys()
            .chain([&"nbf".to_owned()])
            .cloned()
            .collect::<BTreeSet<_>>();
        assert_eq!(
            members(claims)
                .into_iter()
                .map(|(name, _)| name)
                .collect::<BTreeSet<_>>(),
            names
        );
    }
}

#[actix_web::test]
async fn an_unknown_certificate_is_shown_once_more_in_the_other_form_which_is_kept_if_it_works() {
    let edge = Edge::start(|seen| {
        let assertion = seen.field("client_assertion")?;
        Some(if is_by(&assertion, "x5t") {
            Reply::token("legacy")
        } else {
            Reply::aadsts(700_027)
        })
    })
    .await;
    let clock = jumping();
    let (credential, _) = certificate(AssertionForm::Ps256);
    let session = graph(clock.clone()).session(identity(&edge, credential));
    assert_eq!(session.token().await.unwrap().form, Some(AssertionForm::Rs256));
    assert_eq!(edge.tokens().len(), 2);
    clock.advance(Duration::from_hours(2));
    session.token().await.unwrap();
    assert_eq!(edge.tokens().len(), 3, "the form that worked is tried first");
}

#[actix_web::test]
async fn a_certificate_that_no_form_makes_known_is_refused_with_its_thumbprint() {
    let edge = Edge::start(|seen| seen.is_token().then(|| Reply::aadsts(700_027))).await;
    let (credential, certificate) = certificate(AssertionForm::Ps256);
    let session = graph(jumping()).session(identity(&edge, credential));
    let error = session.probe_token().await.unwrap_err();
    assert_eq!(error.state, TokenState::CredentialInvalid);
    assert_eq!(error.thumbprint, Some(certificate.sha1_thumbprint()));
    assert_eq!(error.aadsts(), Some(700_027));
    let entra = error.entra.unwrap();
    assert_eq!(entra.trace_id.as_deref(), Some(TRACE));
    assert_eq!(entra.correlation_id.as_deref(), Some(CORRELATION));
    assert_eq!(edge.tokens().len(), 2);
}

#[actix_web::test]
async fn a_certificate_that_has_ended_is_told_apart_from_one_that_is_unknown() {
    let edge = Edge::start(|seen| seen.is_token().then(|| Reply::aadsts(700_027))).await;
    let clock = jumping();
    clock.advance(oidc::CERTIFICATE_LIFETIME + Duration::from_hours(1));
    let (credential, _) = certificate(AssertionForm::Ps256);
    let session = graph(clock).session(identity(&edge, credential));
    let error = session.probe_token().await.unwrap_err();
    assert_eq!(error.state, TokenState::CredentialExpired);
}

#[actix_web::test]
async fn each_refusal_makes_the_state_that_mends_it() {
    for (code, state) in [
        (7_000_215, TokenState::CredentialInvalid),
        (7_000_222, TokenState::CredentialExpired),
        (700_027, TokenState::CredentialInvalid),
        (7_000_218, TokenState::OurBug),
        (70_011, TokenState::OurBug),
        (700_016, TokenState::ConfigInvalid),
        (7_000_112, TokenState::ConfigInvalid),
        (90_002, TokenState::ConfigInvalid),
        (500_011, TokenState::ConsentRequired),
        (65_001, TokenState::ConsentRequired),
        (90_094, TokenState::ConsentRequired),
        (90_033, TokenState::Transient),
        (90_006, TokenState::Transient),
        (90_024, TokenState::Transient),
        (90_055, TokenState::Transient),
        (700_024, TokenState::Clock),
        (1, TokenState::CredentialInvalid),
    ] {
        let edge = Edge::start(move |_| Some(Reply::aadsts(code))).await;
        let session = graph(jumping()).session(identity(&edge, secret("s")));
        assert_eq!(session.probe_token().await.unwrap_err().state, state, "{code}");
    }
}

#[actix_web::test]
async fn what_no_code_explains_is_judged_by_its_status_and_its_name() {
    for (status, body, state) in [
        (503, "<html>busy</html>", TokenState::Transient),
        (429, "", TokenState::Transient),
        (400, r#"{"error":"temporarily_unavailable"}"#, TokenState::Transient),
        (400, r#"{"error":"invalid_scope"}"#, TokenState::OurBug),
        (401, r#"{"error":"invalid_client"}"#, TokenState::CredentialInvalid),
        (400, r#"{"error":"unauthorized_client"}"#, TokenState::ConfigInvalid),
        (200, "<html>hello</html>", TokenState::Transient),
        (200, r#"{"token_type":"Bearer"}"#, TokenState::Transient),
        (302, "", TokenState::ConfigInvalid),
    ] {
        let edge = Edge::start(move |_| Some(Reply::raw(status, "text/html", body.as_bytes()))).await;
        let session = graph(jumping()).session(identity(&edge, secret("s")));
        assert_eq!(session.probe_token().await.unwrap_err().state, state, "{status} {body}");
    }
}

#[actix_web::test]
async fn a_token_is_kept_until_five_minutes_before_its_end() {
    let edge = Edge::start(|_| None).await;
    let clock = jumping();
    let session = graph(clock.clone()).session(identity(&edge, secret("s")));
    session.token().await.unwrap();
    clock.advance(Duration::from_secs(3599 - 301));
    session.token().await.unwrap();
    assert_eq!(edge.tokens().len(), 1);
    clock.advance(Duration::from_secs(2));
    session.token().await.unwrap();
    assert_eq!(edge.tokens().len(), 2);
}

#[actix_web::test]
async fn the_old_token_serves_while_entra_id_cannot_give_a_new_one() {
    let times = AtomicUsize::new(0);
    let edge = Edge::start(move |_| {
        let is_first = times.fetch_add(1, Ordering::SeqCst) == 0;
        Some(if is_first {
            Reply::token("one")
        } else {
            Reply::raw(503, "text/html", b"")
        })
    })
    .await;
    let clock = jumping();
    let session = graph(clock.clone()).session(identity(&edge, secret("s")));
    session.token().await.unwrap();
    clock.advance(Duration::from_secs(3599 - 60));
    session.token().await.unwrap();
    clock.advance(Duration::from_secs(50));
    let error = session.token().await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(edge.tokens().len(), 3);
}

#[actix_web::test]
async fn many_who_need_a_token_at_once_make_one_request_and_share_what_comes_of_it() {
    for refusal in [None, Some(7_000_215)] {
        let edge = Edge::start(move |_| refusal.map(Reply::aadsts)).await;
        let session = graph(jumping()).session(identity(&edge, secret("s")));
        let all = futures_util::future::join_all((0..20).map(|_| session.token())).await;
        assert!(all.iter().all(|one| one.is_ok() == refusal.is_none()));
        assert_eq!(edge.tokens().len(), 1, "{refusal:?}");
    }
}

#[actix_web::test]
async fn a_token_of_one_connection_is_never_used_for_another_or_for_another_tenant() {
    let edge = Edge::start(|_| None).await;
    let graph = graph(jumping());
    let first = identity(&edge, secret("s"));
    let mut other_connection = first.clone();
    other_connection.connection = events::ConnectionId::new();
    let mut other_tenant = first.clone();
    other_tenant.tenant = CLIENT;
    for identity in [&first, &other_connection, &other_tenant, &first] {
        graph.session(identity.clone()).token().await.unwrap();
    }
    let targets: Vec<_> = edge.tokens().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets.len(), 3);
    assert!(targets[2].contains(&CLIENT.to_string()));
}

#[actix_web::test]
async fn nothing_secret_shows_itself() {
    let edge = Edge::start(|seen| seen.is_token().then(|| Reply::token("Bearer-that-nobody-may-see"))).await;
    let session = graph(jumping()).session(identity(&edge, secret("Secret-that-nobody-may-see")));
    let bearer = session.token().await.unwrap();
    let (with_key, _) = certificate(AssertionForm::Ps256);
    let shown = format!("{bearer:?} {session:?} {:?}", identity(&edge, with_key));
    assert!(!shown.contains("nobody-may-see"), "{shown}");
}

#[actix_web::test]
async fn a_session_tells_which_form_of_assertions_worked() {
    let edge = Edge::start(|seen| {
        let body = json!({ "value": [], "@odata.deltaLink": "x" });
        (!seen.is_token()).then(|| Reply::json(200, &body))
    })
    .await;
    let (credential, _) = certificate(AssertionForm::Rs256);
    let session = graph(jumping()).session(identity(&edge, credential));
    assert_eq!(session.working_form(), None);
    session.token().await.unwrap();
    assert_eq!(session.working_form(), Some(AssertionForm::Rs256));
}

#[actix_web::test]
async fn an_address_that_this_installation_does_not_go_to_is_not_asked() {
    let edge = Edge::start(|_| None).await;
    let strict = webhooks::Guard::new(webhooks::Rules::default());
    let session = Graph::with_clock(strict, jumping())
        .unwrap()
        .session(identity(&edge, secret("s")));
    let error = session.token().await.unwrap_err();
    assert!(matches!(*error.kind, GraphErrorKind::Token(_)), "{error}");
    assert!(edge.tokens().is_empty());
}
