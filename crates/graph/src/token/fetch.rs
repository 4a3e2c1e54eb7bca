//! One request for a token, and a second one where Entra ID does not find the certificate by the first form.

use super::{Bearer, TokenError, TokenFailure, TokenState};
use crate::body;
use crate::clock::Clock;
use crate::identity::{Credential, Identity};

use events::Timestamp;
use oidc::{AssertionForm, CLIENT_ASSERTION_TYPE, EntraError, EntraErrorKind, sign_client_assertion};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use webhooks::{Guard, RetryAfter};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The longest answer, in bytes; tokens have some thousand.
const LONGEST_ANSWER: usize = 128 << 10;
/// A token that says nothing of its end ends after this many seconds.
const LIFE_UNSAID: u64 = 600;
/// No token is taken to last longer than this many seconds.
const LONGEST_LIFE: u64 = 24 * 60 * 60;

#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) client: reqwest::Client,
    pub(super) guard: Guard,
}

/// What a token endpoint answers.
#[derive(Deserialize)]
struct Answer {
    access_token: SecretString,
    token_type: String,
    #[serde(default)]
    expires_in: Option<Seconds>,
}

/// Some of Microsoft's endpoints write numbers as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    fn get(&self) -> Option<u64> {
        match self {
            Self::Number(seconds) => Some(*seconds),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
}

impl Fetcher {
    /// A token by this form of assertion, or by the other where Entra ID does not find the certificate: each once.
    pub(super) async fn fetch(
        &self,
        identity: &Identity,
        form: Option<AssertionForm>,
        clock: &dyn Clock,
    ) -> Result<Bearer, TokenError> {
        let first = self.ask(identity, form, clock.now()).await;
        let (Err(error), Some(form)) = (&first, form) else {
            return first;
        };
        let kind = error.entra.as_ref().map(|entra| entra.kind);
        if kind != Some(EntraErrorKind::CertificateUnknown) {
            return first;
        }
        let other = match form {
            AssertionForm::Ps256 => AssertionForm::Rs256,
            AssertionForm::Rs256 => AssertionForm::Ps256,
        };
        let second = self.ask(identity, Some(other), clock.now()).await;
        if second.is_ok() { second } else { first }
    }

    async fn ask(
        &self,
        identity: &Identity,
        form: Option<AssertionForm>,
        now: Timestamp,
    ) -> Result<Bearer, TokenError> {
        let url = identity.endpoints.token_url(identity.tenant);
        let refused = |error| TokenError::new(TokenState::ConfigInvalid, TokenFailure::Address(error));
        let url = self.guard.check(&url).map_err(refused)?;
        let request = self
            .client
            .post(url)
            .timeout(TIMEOUT)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form_body(identity, form, now)?);
        let unreachable = |error: reqwest::Error| {
            let why = TokenFailure::Unreachable(Arc::new(error.without_url()));
            TokenError::new(TokenState::Transient, why)
        };
        let response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body::read(response, LONGEST_ANSWER).await;
        let unreadable = || TokenError::new(TokenState::Transient, TokenFailure::Unreadable);
        let body = body.map_err(|_| unreadable())?;
        if !status.is_success() {
            return Err(refusal(identity, status.as_u16(), &headers, &body, now));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| unreadable())?;
        if !answer.token_type.eq_ignore_ascii_case("bearer") || answer.access_token.expose_secret().is_empty() {
            return Err(unreadable());
        }
        let seconds = answer.expires_in.and_then(|seconds| seconds.get());
        let life = Duration::from_secs(seconds.unwrap_or(LIFE_UNSAID).min(LONGEST_LIFE));
        Ok(Bearer::new(answer.access_token, now, life, form))
    }
}

fn form_body(identity: &Identity, form: Option<AssertionForm>, now: Timestamp) -> Result<String, TokenError> {
    let (client_id, scope) = (identity.client_id.to_string(), identity.endpoints.scope());
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &client_id)
        .append_pair("scope", &scope);
    match &identity.credential {
        Credential::Secret(secret) => {
            body.append_pair("client_secret", secret.expose_secret());
        }
        Credential::Certificate { key, certificate, .. } => {
            let url = identity.endpoints.token_url(identity.tenant);
            let signed = sign_client_assertion(key, certificate, form.unwrap_or_default(), &client_id, &url, now);
            let broken = |_| TokenError::new(TokenState::CredentialInvalid, TokenFailure::Key);
            body.append_pair("client_assertion_type", CLIENT_ASSERTION_TYPE)
                .append_pair("client_assertion", &signed.map_err(broken)?);
        }
    }
    Ok(body.finish())
}

fn refusal(identity: &Identity, status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> TokenError {
    let entra = EntraError::from_body(body);
    let refusal: Option<Refusal> = serde_json::from_slice(body).ok();
    let error = refusal.and_then(|refusal| refusal.error);
    let mut state = TokenState::of(status, entra.as_ref(), error.as_deref());
    let mut thumbprint = None;
    if let Credential::Certificate { certificate, .. } = &identity.credential {
        thumbprint = Some(certificate.sha1_thumbprint());
        // Entra ID has one code for a certificate that it does not know and one that has ended.
        if state == TokenState::CredentialInvalid && certificate.not_after() < now {
            state = TokenState::CredentialExpired;
        }
    }
    TokenError {
        entra: entra.map(Box::new),
        thumbprint,
        their_time: date(headers),
        retry_after: retry_after(headers),
        ..TokenError::new(state, TokenFailure::Refused(status))
    }
}

/// The `Date` of an answer.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    match RetryAfter::parse(headers.get(DATE)?.to_str().ok()?)? {
        RetryAfter::At(at) => Some(at),
        RetryAfter::Wait(_) => None,
    }
}

/// The `Retry-After` of an answer.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    RetryAfter::parse(headers.get(RETRY_AFTER)?.to_str().ok()?)
}
