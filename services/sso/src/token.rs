//! `/sso/token`: an app redeems a code or a refresh token (RFC 6749 §4.1.3 and §6, OpenID Connect Core §3.1.3), or gets a token
//! for itself (§4.4; see `ssf`).
//!
//! A code and a refresh token are good once; whoever uses one again ends the session, for one of the two who had it stole it
//! (RFC 9700 §4.5 and §4.14). Both are bound to the app that they were given to (RFC 6749 §10.4 and §10.5): another app is
//! refused, and the session goes on, for it gained nothing, and could else log out whoever's token it came by. Whether the
//! person may log in still is looked up each time.

use crate::client::authenticated;
use crate::follow::end_sessions;
use crate::parameters::Parameters;
use crate::person::{People, Person};
use crate::selector::is_open;
use crate::ssf;
use crate::state::{ClientUse, Inner, State};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use events::{SsoSessionId, Timestamp};
use keyring::{KeyRingError, Keys};
use oidc::{CodeChallenge, IssuedIdToken, KeyError, left_half_hash};
use secrecy::ExposeSecret as _;
use secrets::{SessionClaims, SessionTokenUse, Token, TokenKind};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::{
    ClientAuthentication, LiveWay, LoginChannel, PlacedSession, SessionEnd, SessionFilter, SsoClient, SsoSession,
    StoreError,
};

/// Why nothing is given out (RFC 6749 §5.2).
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("{1}")]
    OAuth(&'static str, &'static str),
    /// The app is not who it says; with `true` it tried by HTTP Basic.
    #[error("the app did not prove who it is")]
    Client(bool),
    /// The app sends too many requests; the next may come after this time.
    #[error("the app sends more requests than it may")]
    TooMany(Duration),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    #[error(transparent)]
    Sign(#[from] KeyError),
}

impl TokenError {
    pub(crate) const fn client(is_basic: bool) -> Self {
        Self::Client(is_basic)
    }

    pub(crate) const fn request(sentence: &'static str) -> Self {
        Self::OAuth("invalid_request", sentence)
    }

    const fn grant(sentence: &'static str) -> Self {
        Self::OAuth("invalid_grant", sentence)
    }
}

impl ResponseError for TokenError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::OAuth(..) => StatusCode::BAD_REQUEST,
            Self::Client(_) => StatusCode::UNAUTHORIZED,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(error) if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Keys(_) | Self::Sign(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        if status.is_server_error() {
            tracing::error!(error = %telemetry::chain(self), "tokens could not be given out");
        }
        let (error, description) = match self {
            Self::OAuth(error, description) => (*error, (*description).to_owned()),
            Self::Client(_) => ("invalid_client", self.to_string()),
            Self::TooMany(_) => ("temporarily_unavailable", self.to_string()),
            Self::Store(error) if error.is_transient() => {
                ("temporarily_unavailable", "try again in a moment".to_owned())
            }
            _ => ("server_error", "something is wrong with this installation".to_owned()),
        };
        metrics::counter!("rollcall_sso_token_errors_total", "error" => error).increment(1);
        let mut answer = HttpResponse::build(status);
        answer
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((PRAGMA, "no-cache"));
        if let Self::TooMany(wait) = self {
            answer.insert_header((RETRY_AFTER, wait.as_secs().saturating_add(1)));
        }
        if matches!(self, Self::Client(true)) {
            answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"sso\""));
        }
        answer.json(json!({ "error": error, "error_description": description }))
    }
}

pub(crate) async fn handler(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, TokenError> {
    let parameters =
        Parameters::read(&body).map_err(|_| TokenError::request("the form cannot be read, or a member comes twice"))?;
    let now = state.now();
    let client = authenticated(&state, &request, &parameters, now).await?;
    state.pass(ClientUse::Token, client.id).map_err(TokenError::TooMany)?;
    let granted = match parameters.get("grant_type") {
        Some("client_credentials") => return Ok(given(ssf::grant(&state, &client, &parameters, now)?)),
        Some("authorization_code") => redeem(&state, &client, &parameters, now).await?,
        Some("refresh_token") => refresh(&state, &client, &parameters, now).await?,
        Some(_) => {
            let sentence = "grant_type must be authorization_code, refresh_token or client_credentials";
            return Err(TokenError::OAuth("unsupported_grant_type", sentence));
        }
        None => return Err(TokenError::request("grant_type is missing")),
    };
    if let Some(begun) = &granted.session.begun.traceparent {
        telemetry::link(&tracing::Span::current(), begun);
    }
    Ok(given(tokens(&state, &granted, now)?))
}

/// Who gets tokens, and the keys that sign them.
struct Granted {
    session: SsoSession,
    person: Person,
    keys: Arc<Keys>,
}

/// Tokens, which no cache keeps (RFC 6749 §5.1).
fn given(answer: Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(answer)
}

async fn redeem(
    state: &Inner,
    client: &SsoClient,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<Granted, TokenError> {
    const NOT_GOOD: TokenError =
        TokenError::grant("the code is not good: it was used, is too old, or is another app's");
    let code = parameters.get("code").ok_or(TokenError::request("code is missing"))?;
    let token = Token::parse(code)
        .filter(|token| token.kind() == TokenKind::SsoCode)
        .ok_or(NOT_GOOD)?;
    let sessions = state.store.sso_sessions();
    let placed = sessions.placed(SsoSessionId::from(token.id())).await?;
    let placed = placed
        .filter(|placed| token.matches(&placed.session.begun.code_hash))
        .ok_or(NOT_GOOD)?;
    let begun = &placed.session.begun;
    if begun.client_id != client.id {
        return Err(NOT_GOOD);
    }
    if parameters.get("redirect_uri") != Some(begun.redirect_uri.as_str()) {
        return Err(TokenError::grant(
            "redirect_uri is not the one that the code was sent to",
        ));
    }
    check_verifier(client, begun.code_challenge.as_deref(), parameters.get("code_verifier"))?;
    // Whatever may fail comes before the code is used up: who is told to try again must not be taken for a thief.
    let (session, person) = welcome(state, placed, now).await?;
    let begun = &session.begun;
    let keys = state.keys.get(now).await?;
    let lane = state.lane(begun.directory_id);
    let Some(redeemed) = sessions.redeem(lane, begun.id, now).await? else {
        // Looked up again: of two who come in the same moment, both have seen it unused.
        let is_used = sessions
            .by_id(begun.id)
            .await?
            .is_some_and(|now| now.redeemed_at.is_some());
        if is_used {
            let of = SessionFilter::Id(begun.id);
            end_sessions(state, of, begun.directory_id, SessionEnd::Reuse, now).await?;
        }
        return Err(NOT_GOOD);
    };
    Ok(Granted {
        session: redeemed,
        person,
        keys,
    })
}

/// PKCE (RFC 7636 §4.6): with a challenge a verifier is demanded, without one none is taken (RFC 9700 §4.8.2).
fn check_verifier(client: &SsoClient, challenge: Option<&str>, verifier: Option<&str>) -> Result<(), TokenError> {
    const MISSING: TokenError = TokenError::grant("code_verifier is missing");
    match (challenge, verifier) {
        (Some(challenge), Some(verifier)) => {
            let challenge = CodeChallenge::parse(challenge);
            let is_same = challenge.is_ok_and(|challenge| challenge.check(verifier).is_ok());
            is_same
                .then_some(())
                .ok_or(TokenError::grant("code_verifier is not the one of the challenge"))
        }
        (Some(_), None) => Err(MISSING),
        (None, Some(_)) => Err(TokenError::grant("the login began without a code_challenge")),
        (None, None) if client.authentication == ClientAuthentication::None => Err(MISSING),
        (None, None) => Ok(()),
    }
}

async fn refresh(
    state: &Inner,
    client: &SsoClient,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<Granted, TokenError> {
    const NOT_GOOD: TokenError =
        TokenError::grant("the refresh token is not good: it was used, is too old, or its session is over");
    let text = parameters
        .get("refresh_token")
        .ok_or(TokenError::request("refresh_token is missing"))?;
    let claims = state
        .tokens
        .verify(SessionTokenUse::Refresh, text, now.millis())
        .ok_or(NOT_GOOD)?;
    let sessions = state.store.sso_sessions();
    let placed = sessions.placed(SsoSessionId::from(claims.session)).await?;
    let placed = placed
        .filter(|placed| placed.session.begun.client_id == client.id)
        .ok_or(NOT_GOOD)?;
    if !placed.session.is_live(now) || placed.session.redeemed_at.is_none() {
        return Err(NOT_GOOD);
    }
    let (mut session, person) = welcome(state, placed, now).await?;
    let keys = state.keys.get(now).await?;
    if !sessions.refresh(session.begun.id, claims.generation, now).await? {
        // It was replaced before: whoever has the newest and whoever sent this one are not the same.
        let (id, directory) = (session.begun.id, session.begun.directory_id);
        end_sessions(state, SessionFilter::Id(id), directory, SessionEnd::Reuse, now).await?;
        return Err(NOT_GOOD);
    }
    session.refresh_generation = claims.generation.saturating_add(1);
    Ok(Granted { session, person, keys })
}

/// A session and its person, who may log in still.
async fn welcome(state: &Inner, placed: PlacedSession, now: Timestamp) -> Result<(SsoSession, Person), TokenError> {
    let (session, found) = live_person(state, placed).await?;
    let begun = &session.begun;
    let reason = match found {
        Ok(person) => return Ok((session, person)),
        Err(reason) => reason,
    };
    end_sessions(state, SessionFilter::Id(begun.id), begun.directory_id, reason, now).await?;
    Err(TokenError::grant("the person may not log in any more"))
}

/// A session and who is logged in by it, or why they may not be any more.
pub(crate) async fn live_person(
    state: &Inner,
    placed: PlacedSession,
) -> Result<(SsoSession, Result<Person, SessionEnd>), StoreError> {
    let PlacedSession {
        session,
        connection,
        directory,
    } = placed;
    let is_open = is_open(&connection);
    let person = if is_open {
        People::in_directory(state, directory)
            .by_id(session.begun.user_id)
            .await?
    } else {
        None
    };
    let may = may_be(is_open, person.as_ref(), session.begun.channel);
    Ok((session, may.and(person.ok_or(SessionEnd::Deleted))))
}

/// Whether people may come by the connection of this way.
pub(crate) async fn is_way_open(state: &Inner, way: &LiveWay) -> Result<bool, StoreError> {
    let connection = state.store.connections().by_id(way.connection_id).await?;
    Ok(connection.is_some_and(|connection| is_open(&connection)))
}

/// Whether somebody may be logged in to a kind of app, or why not.
pub(crate) fn may_be(is_open: bool, person: Option<&Person>, channel: LoginChannel) -> Result<(), SessionEnd> {
    match person {
        _ if !is_open => Err(SessionEnd::ConnectionPaused),
        None => Err(SessionEnd::Deleted),
        Some(person) if !person.is_active() => Err(SessionEnd::Deactivated),
        Some(person) if !person.may(channel) => Err(SessionEnd::AccessLost),
        Some(_) => Ok(()),
    }
}

/// What the app gets.
fn tokens(state: &Inner, granted: &Granted, now: Timestamp) -> Result<Value, TokenError> {
    let Granted { session, person, keys } = granted;
    let begun = &session.begun;
    let ends_at = Ord::min(now.plus(state.config.access), begun.expires_at);
    let claims = |expires_at: Timestamp| SessionClaims {
        session: begun.id.uuid(),
        generation: session.refresh_generation,
        expires_at_ms: expires_at.millis(),
    };
    let access = state.tokens.sign(SessionTokenUse::Access, &claims(ends_at));
    let access = access.expose_secret();
    let (subject, sid, audience) = (person.id.to_string(), begun.id.to_string(), begun.client_id.to_string());
    let mut more = person.claims(&begun.scope);
    more.insert("connection_id".to_owned(), json!(begun.connection_id));
    more.insert("channel".to_owned(), json!(begun.channel.as_str()));
    let id_token = IssuedIdToken {
        iss: &state.issuer,
        sub: &subject,
        aud: &audience,
        azp: &audience,
        exp: seconds(ends_at),
        iat: seconds(now),
        auth_time: seconds(begun.authenticated_at.unwrap_or(begun.created_at)),
        nonce: begun.nonce.as_deref().filter(|_| session.refresh_generation == 0),
        sid: Some(&sid),
        at_hash: Some(left_half_hash(access)),
        more,
    };
    let mut answer = Map::new();
    let mut add = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    add("access_token", json!(access));
    add("token_type", json!("Bearer"));
    let lasts: Duration = ends_at.since(now);
    add("expires_in", json!(lasts.as_secs()));
    add("scope", json!(begun.scope));
    add("id_token", json!(id_token.sign(&keys.signing)?));
    if begun.scope.split(' ').any(|one| one == "offline_access") {
        let refresh = state.tokens.sign(SessionTokenUse::Refresh, &claims(begun.expires_at));
        add("refresh_token", json!(refresh.expose_secret()));
    }
    add("profile", json!(person.profile()));
    Ok(Value::Object(answer))
}

fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1_000)
}
