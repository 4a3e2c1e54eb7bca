//! `{base}/oauth/token`: access tokens for identity providers (E3, E4; RFC 6749 §4.4, RFC 7523 §2.2).

mod answer;
pub(crate) mod entra;
mod form;

use crate::allow::Allow;
use crate::auth::fingerprint;
use crate::body;
use crate::failure::Failure;
use crate::state::{Inner, State};
use crate::tenant::Tenant;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use answer::OauthError;
use events::{KeyId, Timestamp};
use form::{ClientCredentials, TokenRequest};
use oidc::{ExpectedClaims, Jwt};
use secrecy::ExposeSecret as _;
use secrets::{AccessClaims, GrantType, Token, TokenKind};
use store::{Authentication, Directory, StoreError};
use uuid::Uuid;

/// No token request is larger; assertions have a few kilobytes.
const MOST_BYTES: usize = 64 << 10;

/// `POST /oauth/token`; every outcome is JSON as RFC 6749 §5 has it.
pub(crate) async fn token(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Failure> {
    let inner = state.inner();
    let tenant = Tenant::of(&request, &inner.public_url)?;
    Ok(match exchange(inner, &request, payload, &tenant).await {
        Ok(claims) => {
            let token = inner.auth.access_tokens().sign(&claims);
            answer::token(token.expose_secret(), inner.config.token_lifetime)
        }
        Err(error) => {
            note(inner, &tenant, &error).await;
            error.into_response()
        }
    })
}

/// OPTIONS, and methods that the token endpoint does not take.
pub(crate) async fn not_allowed(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Failure> {
    let inner = state.inner();
    let tenant = Tenant::of(&request, &inner.public_url)?;
    let allow = Allow::of(&request);
    if request.method() == Method::OPTIONS {
        return Ok(crate::answer::options(&allow));
    }
    let error = OauthError::Method(allow);
    note(inner, &tenant, &error).await;
    Ok(error.into_response())
}

/// A refusal is what an administrator looks for first, so its reason goes to the log of the directory. Of what holds for
/// it, nothing changes: strangers can be refused as often as they like. What is noted holds nothing that the client sent,
/// and of one directory the last refusal only, however many there are.
async fn note(inner: &Inner, tenant: &Tenant, error: &OauthError) {
    let is_ours = matches!(error, OauthError::Unavailable(_) | OauthError::Method(_));
    match inner.auth.directory(tenant).await {
        Ok(Some(directory)) if !is_ours => {
            inner
                .usage
                .note_refusal(directory.id, format!("no access token was given: {error}"));
        }
        _ => tracing::info!(error = %telemetry::chain(error), "no access token was given"),
    }
}

async fn exchange(
    inner: &Inner,
    request: &HttpRequest,
    payload: web::Payload,
    tenant: &Tenant,
) -> Result<AccessClaims, OauthError> {
    form::check_type(request)?;
    let body = body::read(request, payload, MOST_BYTES)
        .await
        .map_err(|error| OauthError::invalid_request(error.to_string()))?;
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    let now = Timestamp::now();
    let (directory, grant, subject) = match TokenRequest::read(&body, header)?.credentials {
        ClientCredentials::Secret { client_id, secret } => {
            let (directory, client) = by_secret(inner, tenant, &client_id, secret.expose_secret(), now).await?;
            (directory, GrantType::ClientSecret, client)
        }
        ClientCredentials::Assertion(assertion) => {
            let (directory, subject) = by_assertion(inner, tenant, assertion.expose_secret(), now).await?;
            (directory, GrantType::Assertion, subject)
        }
    };
    Ok(AccessClaims {
        grant,
        directory_id: directory.id.uuid(),
        subject,
        expires_at_ms: now.plus(inner.config.token_lifetime).millis(),
    })
}

/// One answer for every kind of "no" (R62), as for keys; which it was is for the directory's log.
async fn by_secret(
    inner: &Inner,
    tenant: &Tenant,
    client_id: &str,
    secret: &str,
    now: Timestamp,
) -> Result<(Directory, Uuid), OauthError> {
    let refused = OauthError::InvalidClient;
    let unknown = || refused("there is no client with this client_id");
    let id: Uuid = client_id.parse().map_err(|_| unknown())?;
    let secret = Token::parse(secret).filter(|secret| secret.kind() == TokenKind::OauthSecret && secret.id() == id);
    let secret = secret.ok_or(refused("the secret is not one of this client"))?;
    let client = inner.auth.oauth_client(KeyId::from(id)).await?.ok_or_else(unknown)?;
    if !secret.matches(&client.token_hash) {
        return Err(refused("the secret is not the client's"));
    }
    if !client.is_good(now) {
        return Err(refused("the client was revoked, or its secret has expired"));
    }
    if !inner.auth.names(tenant, &client.directory).await? {
        return Err(refused("the client belongs to another directory"));
    }
    allowed(&client.directory, Authentication::OauthClientCredentials)?;
    Ok((client.directory.clone(), id))
}

/// That the keys of the tenant cannot be had is no other answer either: it would tell that all the rest was right.
async fn by_assertion(
    inner: &Inner,
    tenant: &Tenant,
    text: &str,
    now: Timestamp,
) -> Result<(Directory, Uuid), OauthError> {
    let refused = OauthError::InvalidClient;
    let directory = inner.auth.directory(tenant).await?;
    let directory = directory.ok_or(refused("there is no such directory"))?;
    let federation = inner.auth.federation(directory.id).await?;
    let federation = federation.ok_or(refused("the directory has no federation, so it takes no assertions"))?;
    let assertion = Jwt::parse(text)?;
    let issuer = inner.entra.issuer(federation.tenant_id);
    let expected = ExpectedClaims {
        issuer: &issuer.name,
        tenant: Some(federation.tenant_id),
        audience: &federation.audience,
        subject: Some(&federation.subject),
    };
    inner.tokens.verify(&assertion, &issuer, &expected, now).await?;
    allowed(&directory, Authentication::WorkloadIdentity)?;
    Ok((directory.as_ref().clone(), fingerprint(&federation)))
}

/// Said only to a client that has proved who it is.
fn allowed(directory: &Directory, way: Authentication) -> Result<(), OauthError> {
    if directory.authentication()?.contains(&way) {
        return Ok(());
    }
    Err(OauthError::UnauthorizedClient)
}

impl From<StoreError> for OauthError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(error = %telemetry::chain(&error), "a client could not be looked up");
        Self::Unavailable("clients cannot be checked at the moment")
    }
}

impl From<Failure> for OauthError {
    /// Looking something up fails in this one way.
    fn from(_: Failure) -> Self {
        Self::Unavailable("clients cannot be checked at the moment")
    }
}
