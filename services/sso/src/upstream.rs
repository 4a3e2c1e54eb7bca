//! The identity provider of a connection: where it is, and redeeming a code there.

use crate::refusal::Refusal;
use crate::state::Inner;
use events::Timestamp;
use oidc::{
    AssertionForm, Authority, AuthorityError, CLIENT_ASSERTION_TYPE, Certificate, DiscoveryError, EntraError,
    EntraErrorKind, ProviderMetadata, SigningKey, sign_client_assertion,
};
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use std::time::Duration;
use store::{Connection, ConnectionCredential, SealedColumn, StoreError};

/// A document that is older is fetched again.
const REFETCH_AFTER: Duration = Duration::from_hours(24);
/// The longest answer of a token endpoint, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// Why it is not known where the identity provider is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetadataError {
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the address {0} may not be asked")]
    Address(String),
    #[error("the identity provider did not say a moment ago where it is")]
    AskedJustNow,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Where people come back to from the identity provider.
pub(crate) fn redirect_uri(state: &Inner, connection: &Connection) -> String {
    format!("{}/sso/{}/oauth2/authresp", state.public_url, connection.slug)
}

/// Where the identity provider is: as it was stored, fetched again once a day. While it cannot be fetched the old one stays.
pub(crate) async fn metadata(
    state: &Inner,
    connection: &Connection,
    now: Timestamp,
) -> Result<ProviderMetadata, MetadataError> {
    let stored: Option<ProviderMetadata> = match &connection.metadata {
        Some(text) => Some(serde_json::from_str(text)?),
        None => None,
    };
    let is_fresh = connection.metadata_at.is_some_and(|at| now.since(at) < REFETCH_AFTER);
    match (stored, is_fresh) {
        (Some(stored), true) => Ok(stored),
        (None, _) if state.may_ask(connection.id) => fetch(state, connection, now).await,
        (None, _) => Err(MetadataError::AskedJustNow),
        (Some(stored), false) if !state.may_ask(connection.id) => Ok(stored),
        (Some(stored), false) => match fetch(state, connection, now).await {
            Ok(fetched) => Ok(fetched),
            Err(error) => {
                tracing::warn!(connection = %connection.id, error = %telemetry::chain(&error), "an identity provider was not asked again where it is");
                Ok(stored)
            }
        },
    }
}

async fn fetch(state: &Inner, connection: &Connection, now: Timestamp) -> Result<ProviderMetadata, MetadataError> {
    let authority = authority(state, connection)?;
    let check = |url: &str| {
        let refused = |_| MetadataError::Address(url.to_owned());
        state.config.guard.check(url).map(drop).map_err(refused)
    };
    check(authority.discovery_url())?;
    let fetched = state.verifier.fetch_metadata(&authority).await?;
    for url in [&fetched.token_endpoint, &fetched.jwks_uri] {
        check(url)?;
    }
    let text = serde_json::to_string(&fetched)?;
    state
        .store
        .connections()
        .keep_metadata(connection.id, &text, now)
        .await?;
    Ok(fetched)
}

/// The authority of a connection.
///
/// # Errors
/// When what was stored is none, by the rules of now.
pub(crate) fn authority(state: &Inner, connection: &Connection) -> Result<Authority, AuthorityError> {
    let authority = Authority::parse(&connection.authority, &state.config.authorities)?;
    Ok(match &connection.expected_issuer {
        Some(issuer) => authority.with_issuer(issuer),
        None => authority,
    })
}

/// What a token endpoint answers.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) id_token: Option<String>,
    pub(crate) access_token: Option<String>,
}

/// Redeems a code: with PKCE, and with what the connection proves itself by. Where Entra ID does not find the certificate by
/// the newer of two hashes, the older one is tried, and remembered.
pub(crate) async fn redeem(
    state: &Inner,
    connection: &Connection,
    provider: &ProviderMetadata,
    code: &str,
    verifier: &str,
    now: Timestamp,
) -> Result<Tokens, Refusal> {
    let form = AssertionForm::parse(&connection.assertion_form).unwrap_or_default();
    let first = ask(state, connection, provider, code, verifier, form, now).await;
    let Err(Refusal::Redemption { entra: Some(entra), .. }) = &first else {
        return first;
    };
    let is_by_key = connection.credential == ConnectionCredential::PrivateKeyJwt;
    if entra.kind != EntraErrorKind::CertificateUnknown || !is_by_key || form == AssertionForm::Rs256 {
        return first;
    }
    let second = ask(state, connection, provider, code, verifier, AssertionForm::Rs256, now).await;
    if second.is_ok() {
        let connections = state.store.connections();
        let kept = connections.keep_assertion_form(connection.id, AssertionForm::Rs256.as_str());
        if let Err(error) = kept.await {
            tracing::warn!(error = %telemetry::chain(&error), "the form of assertions is not remembered");
        }
    }
    second
}

async fn ask(
    state: &Inner,
    connection: &Connection,
    provider: &ProviderMetadata,
    code: &str,
    verifier: &str,
    form: AssertionForm,
    now: Timestamp,
) -> Result<Tokens, Refusal> {
    let redirect_uri = redirect_uri(state, connection);
    let (name, proof) = proof(state, connection, provider, form, now).await?;
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri.as_str()),
        ("client_id", connection.client_id.as_str()),
        ("code_verifier", verifier),
        (name, proof.as_str()),
    ];
    if name == "client_assertion" {
        fields.push(("client_assertion_type", CLIENT_ASSERTION_TYPE));
    }
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let no_answer = |error: reqwest::Error| {
        tracing::warn!(connection = %connection.id, error = %telemetry::chain(&error.without_url()), "a code was not redeemed");
        Refusal::Redemption {
            status: None,
            entra: None,
        }
    };
    if state.config.guard.check(&provider.token_endpoint).is_err() {
        return Err(Refusal::Redemption {
            status: None,
            entra: None,
        });
    }
    let sent = state
        .client
        .post(&provider.token_endpoint)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(body)
        .send();
    let mut response = sent.await.map_err(no_answer)?;
    let status = response.status();
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if answer.len() + chunk.len() > MOST_BYTES {
            return Err(refused(status, &[]));
        }
        answer.extend_from_slice(&chunk);
    }
    if status != StatusCode::OK {
        return Err(refused(status, &answer));
    }
    serde_json::from_slice(&answer).map_err(|_| refused(status, &[]))
}

fn refused(status: StatusCode, body: &[u8]) -> Refusal {
    Refusal::Redemption {
        status: Some(status.as_u16()),
        entra: EntraError::from_body(body),
    }
}

/// The name and the value of what the connection proves itself by.
async fn proof(
    state: &Inner,
    connection: &Connection,
    provider: &ProviderMetadata,
    form: AssertionForm,
    now: Timestamp,
) -> Result<(&'static str, String), Refusal> {
    let credential = state.store.connections().credential(connection.id).await;
    let credential = credential.map_err(|error| broken(&error))?;
    match connection.credential {
        ConnectionCredential::None => Err(Refusal::Credential),
        ConnectionCredential::ClientSecret => {
            let sealed = credential.client_secret.ok_or(Refusal::Credential)?;
            let context = SealedColumn::ConnectionClientSecret.context(&connection.id);
            let secret = state.master_keys.open_text(&sealed, &context);
            let secret = secret.map_err(|_| Refusal::Credential)?;
            Ok(("client_secret", secret.expose_secret().to_owned()))
        }
        ConnectionCredential::PrivateKeyJwt => {
            let sealed = credential.private_key.ok_or(Refusal::Credential)?;
            let context = SealedColumn::ConnectionPrivateKey.context(&connection.id);
            let plain = state
                .master_keys
                .open(&sealed, &context)
                .map_err(|_| Refusal::Credential)?;
            let key = SigningKey::from_pkcs8(&plain).map_err(|_| Refusal::Credential)?;
            let certificate = connection.certificate.as_deref().map(Certificate::from_der);
            let certificate = certificate.and_then(Result::ok).ok_or(Refusal::Credential)?;
            let signed = sign_client_assertion(
                &key,
                &certificate,
                form,
                &connection.client_id,
                &provider.token_endpoint,
                now,
            );
            let signed = signed.map_err(|error| broken(&error))?;
            Ok(("client_assertion", signed))
        }
    }
}

fn broken(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::error!(error = %telemetry::chain(error), "a code could not be redeemed");
    Refusal::Internal
}
