//! `/sso/userinfo` and `/sso/profile`: who an access token is of (OpenID Connect Core §5.3). The token comes in the header
//! only (RFC 6750 §2.1).

use crate::follow::end_sessions;
use crate::person::Person;
use crate::state::{Inner, State};
use crate::token::live_person;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use events::SsoSessionId;
use secrets::SessionTokenUse;
use serde_json::json;
use store::{SessionFilter, SsoSession, StoreError};

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserinfoError {
    /// There is no token.
    #[error("no access token was sent")]
    Missing,
    /// The token is not good, or its session is over.
    #[error("the access token is not good, or its session is over")]
    Invalid,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ResponseError for UserinfoError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Invalid => StatusCode::UNAUTHORIZED,
            Self::Store(error) if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((CACHE_CONTROL, "no-store"));
        match self {
            Self::Missing => answer.insert_header((WWW_AUTHENTICATE, "Bearer")).finish(),
            Self::Invalid => answer
                .insert_header((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
                .json(json!({ "error": "invalid_token", "error_description": self.to_string() })),
            Self::Store(error) => {
                tracing::error!(error = %telemetry::chain(error), "nothing could be told of a session");
                answer.finish()
            }
        }
    }
}

/// The claims of the scopes that were asked for.
pub(crate) async fn userinfo(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, UserinfoError> {
    let (session, person) = holder(&state, &request).await?;
    let mut claims = person.claims(&session.begun.scope);
    claims.insert("sub".to_owned(), json!(person.id));
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(claims))
}

/// The person as the directory has them, with the connection.
pub(crate) async fn profile(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, UserinfoError> {
    let (session, person) = holder(&state, &request).await?;
    let mut profile = person.profile().clone();
    let begun = &session.begun;
    for (name, value) in [
        ("object", json!("profile")),
        ("connection_id", json!(begun.connection_id)),
        ("connection_type", json!("entra_oidc")),
        ("directory_user_id", json!(person.id)),
        ("idp_id", json!(begun.subject)),
    ] {
        profile.insert(name.to_owned(), value);
    }
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(profile))
}

async fn holder(state: &Inner, request: &HttpRequest) -> Result<(SsoSession, Person), UserinfoError> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let (scheme, token) = header
        .and_then(|text| text.split_once(' '))
        .ok_or(UserinfoError::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(UserinfoError::Missing);
    }
    let now = state.now();
    let claims = state.tokens.verify(SessionTokenUse::Access, token.trim(), now.millis());
    let claims = claims.ok_or(UserinfoError::Invalid)?;
    let sessions = state.store.sso_sessions();
    let placed = sessions.placed(SsoSessionId::from(claims.session)).await?;
    let placed = placed
        .filter(|placed| placed.session.is_live(now))
        .ok_or(UserinfoError::Invalid)?;
    let (session, found) = live_person(state, placed).await?;
    match found {
        Ok(person) => Ok((session, person)),
        Err(reason) => {
            let (id, directory) = (session.begun.id, session.begun.directory_id);
            end_sessions(state, SessionFilter::Id(id), directory, reason, now).await?;
            Err(UserinfoError::Invalid)
        }
    }
}
