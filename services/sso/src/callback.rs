//! Where people come back to from their identity provider, with a code or an error: by query or by form.
//!
//! Before anything is believed, the answer must belong to a login that this browser began, by this connection, not long ago,
//! and for the first time. That goes for errors too.

use crate::consent;
use crate::fault::Fault;
use crate::matching::{self, MatchError, Matched};
use crate::outcome::{accept, refuse, send_back};
use crate::parameters::Parameters;
use crate::refusal::Refusal;
use crate::selector::is_open;
use crate::state::{Inner, State};
use crate::test_login;
use crate::transaction::{BrowserSecret, Purpose, closing};
use crate::upstream;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use events::{SsoLoginId, SsoSessionId, Timestamp};
use oidc::{EntraError, IdTokenClaims, IdTokenRules, ProviderMetadata};
use secrecy::ExposeSecret as _;
use secrets::{Token, TokenKind, constant_time_eq};
use store::{Connection, NewSsoSession, SsoLogin};

pub(crate) async fn by_query(
    state: Data<State>,
    request: HttpRequest,
    slug: Path<String>,
) -> Result<HttpResponse, Fault> {
    finish(&state, &request, &slug, request.query_string().as_bytes()).await
}

pub(crate) async fn by_form(
    state: Data<State>,
    request: HttpRequest,
    slug: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Fault> {
    finish(&state, &request, &slug, &body).await
}

async fn finish(state: &Inner, request: &HttpRequest, slug: &str, text: &[u8]) -> Result<HttpResponse, Fault> {
    state.pass_address(request).map_err(Fault::TooMany)?;
    let parameters = Parameters::read(text).map_err(|error| Fault::BadRequest(error.to_string()))?;
    if consent::is_answer(&parameters) {
        return consent::done(state, slug, &parameters).await;
    }
    let now = state.now();
    let (login, secret) = begun(state, request, &parameters, now).await?;
    let connection = state.store.connections().by_id(login.connection_id).await?;
    // An answer that came by another connection's address may be another provider's (mix-up, RFC 9700 §4.4).
    let connection = connection.filter(|connection| connection.slug == slug);
    let connection = connection.ok_or(Fault::LoginLost("wrong_callback"))?;
    if !state.store.sso_logins().take(login.id).await? {
        return Err(Fault::LoginLost("state_used"));
    }
    let span = tracing::Span::current();
    if let Some(begun) = &login.traceparent {
        telemetry::link(&span, begun);
    }
    let trace_id = telemetry::trace_id(&span);
    let mut response = if login.client_id.is_none() {
        let claims = tested(state, &connection, &login, &secret, &parameters, now).await;
        test_login::result(state, &connection, claims, &secret, now).await?
    } else {
        match enter(state, &connection, &login, &secret, &parameters, now).await {
            Ok(entered) => entered.answer(state, &connection, &login, trace_id).await,
            Err(MatchError::Refused(refusal)) => refuse(state, &connection, &login, &refusal, trace_id).await,
            // The login is used up, so a page that says "again" would lead nowhere: the app begins another one.
            Err(MatchError::Store(error)) => {
                tracing::error!(error = %telemetry::chain(&error), "a login could not be finished");
                let parameters = [
                    ("error", "temporarily_unavailable"),
                    ("state", login.client_state.as_str()),
                ];
                send_back(&state.issuer, &login.redirect_uri, &parameters)
            }
        }
    };
    let closing = closing(state, login.id);
    response
        .add_cookie(&closing)
        .map_err(|error| Fault::broken("the cookie of a login", &error))?;
    Ok(response)
}

/// The login that an answer belongs to.
async fn begun(
    state: &Inner,
    request: &HttpRequest,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<(SsoLogin, BrowserSecret), Fault> {
    let token = parameters.get("state").and_then(Token::parse);
    let token = token.filter(|token| token.kind() == TokenKind::SsoLogin);
    let token = token.ok_or(Fault::LoginLost("state_unknown"))?;
    let found = state.store.sso_logins().by_id(SsoLoginId::from(token.id())).await?;
    let found = found.filter(|login| token.matches(&login.state_hash));
    let login = found.ok_or(Fault::LoginLost("state_unknown"))?;
    if login.expires_at <= now {
        return Err(Fault::LoginLost("state_expired"));
    }
    let secret = BrowserSecret::of(request, state, login.id);
    let secret = secret.filter(|secret| constant_time_eq(&secret.hash(), &login.browser_hash));
    let secret = secret.ok_or(Fault::LoginLost("other_browser"))?;
    Ok((login, secret))
}

/// Somebody who gets in.
struct Entered {
    matched: Matched,
    client: store::SsoClient,
    code: secrecy::SecretString,
}

async fn enter(
    state: &Inner,
    connection: &Connection,
    login: &SsoLogin,
    secret: &BrowserSecret,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<Entered, MatchError> {
    if !is_open(connection) {
        return Err(Refusal::ConnectionInactive.into());
    }
    let provider = provider(state, connection, now).await?;
    check_issuer(&provider, parameters)?;
    let claims = claims(state, connection, &provider, login, secret, parameters, now).await?;
    let matched = matching::find(state, connection, &claims, login.channel, true, now).await?;
    if matches!(secret.purpose, Purpose::Person(meant) if meant != matched.person.id) {
        return Err(Refusal::OtherPerson.into());
    }
    let client = match login.client_id {
        Some(id) => state.store.sso_clients().by_id(id).await?,
        None => None,
    };
    let client = client.ok_or(Refusal::Internal)?;
    let code = begin_session(state, connection, login, &matched, &claims, now).await?;
    Ok(Entered { matched, client, code })
}

/// What the identity provider says in a test.
async fn tested(
    state: &Inner,
    connection: &Connection,
    login: &SsoLogin,
    secret: &BrowserSecret,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<IdTokenClaims, Refusal> {
    if !test_login::may_be_tested(connection) {
        return Err(Refusal::ConnectionInactive);
    }
    let provider = provider(state, connection, now).await?;
    check_issuer(&provider, parameters)?;
    claims(state, connection, &provider, login, secret, parameters, now).await
}

/// Where the identity provider is.
async fn provider(state: &Inner, connection: &Connection, now: Timestamp) -> Result<ProviderMetadata, Refusal> {
    upstream::metadata(state, connection, now).await.map_err(|error| {
        tracing::warn!(connection = %connection.id, error = %telemetry::chain(&error), "an identity provider cannot be asked");
        Refusal::Redemption {
            status: None,
            entra: None,
        }
    })
}

/// The issuer that an answer names (RFC 9207): where the provider says that it names one, it must.
fn check_issuer(provider: &ProviderMetadata, parameters: &Parameters) -> Result<(), Refusal> {
    match parameters.get("iss") {
        Some(issuer) if issuer == provider.issuer => Ok(()),
        None if !provider.iss_parameter => Ok(()),
        _ => Err(Refusal::IdToken(oidc::IdTokenError::WrongIssuer)),
    }
}

/// What the identity provider says of the person.
async fn claims(
    state: &Inner,
    connection: &Connection,
    provider: &ProviderMetadata,
    login: &SsoLogin,
    secret: &BrowserSecret,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<IdTokenClaims, Refusal> {
    if let Some(error) = parameters.get("error") {
        let description = parameters.get("error_description").unwrap_or_default();
        return Err(Refusal::Provider {
            error: error.chars().take(100).collect(),
            entra: EntraError::from_description(description),
        });
    }
    let code = parameters.get("code").ok_or_else(|| Refusal::Provider {
        error: "an answer without a code".to_owned(),
        entra: None,
    })?;
    let verifier = secret.verifier();
    let tokens = upstream::redeem(state, connection, provider, code, verifier.expose(), now).await?;
    let text = tokens.id_token.ok_or(Refusal::NoIdToken)?;
    let is_b2c = upstream::authority(state, connection).is_ok_and(|authority| authority.is_b2c());
    let nonce = secret.nonce();
    let rules = IdTokenRules {
        tenant: provider.tenant,
        is_b2c,
        access_token: tokens.access_token.as_deref(),
        code: Some(code),
        max_age: login.max_age,
        ..IdTokenRules::new(&provider.issuer, &connection.client_id, &nonce)
    };
    let issuer = provider.issuer();
    let verified = state.verifier.verify_id_token(&text, &issuer, &rules, now).await;
    verified.map_err(Refusal::IdToken)
}

/// Begins the session of the app, with a code that the app redeems.
async fn begin_session(
    state: &Inner,
    connection: &Connection,
    login: &SsoLogin,
    matched: &Matched,
    claims: &IdTokenClaims,
    now: Timestamp,
) -> Result<secrecy::SecretString, MatchError> {
    let client_id = login.client_id.ok_or(Refusal::Internal)?;
    let id = SsoSessionId::new();
    let (code, hash) = Token::mint(TokenKind::SsoCode, id.uuid());
    let session = NewSsoSession {
        id,
        connection_id: connection.id,
        client_id,
        organization_id: connection.organization_id,
        directory_id: connection.directory_id,
        user_id: matched.person.id,
        subject: matched.subject.clone(),
        channel: login.channel,
        scope: login.scope.clone(),
        upstream_sid: claims.sid.clone(),
        code_hash: *hash.as_bytes(),
        redirect_uri: login.redirect_uri.clone(),
        code_challenge: login.code_challenge.clone(),
        nonce: login.client_nonce.clone(),
        code_expires_at: now.plus(state.config.code),
        authenticated_at: claims.auth_time,
        created_at: now,
        expires_at: now.plus(state.config.session),
        traceparent: telemetry::traceparent(),
    };
    state.store.sso_sessions().begin(&session).await?;
    Ok(code)
}

impl Entered {
    async fn answer(
        self,
        state: &Inner,
        connection: &Connection,
        login: &SsoLogin,
        trace_id: Option<String>,
    ) -> HttpResponse {
        let Matched { person, is_first, .. } = &self.matched;
        accept(state, connection, &self.client, person.id.uuid(), *is_first, trace_id).await;
        let parameters = [
            ("code", self.code.expose_secret()),
            ("state", login.client_state.as_str()),
        ];
        send_back(&state.issuer, &login.redirect_uri, &parameters)
    }
}
