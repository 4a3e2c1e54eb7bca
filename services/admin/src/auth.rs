//! Who is asking: every request below `/api/v1` must bring an admin key.
//!
//! This wraps the whole scope rather than each handler, so that a new route cannot be open by oversight, and a caller
//! without a key does not learn which paths exist.

use crate::problem::{Problem, ProblemKind};
use crate::state::State;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, ResponseError};
use events::{AdminKeyId, Timestamp};
use secrets::{Token, TokenKind};

/// The caller, known to hold an admin key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// With the key of the configuration.
    Configured,
    /// With a key of the database.
    Key(AdminKeyId),
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Configured => f.write_str("configured"),
            Self::Key(id) => id.fmt(f),
        }
    }
}

/// Lets a request pass with its [`Principal`], or answers it with 401.
pub(crate) async fn authenticate<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    match principal(&request).await {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            runtime::http::proven(request.request());
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}

async fn principal(request: &ServiceRequest) -> Result<Principal, Problem> {
    let header = request.headers().get(header::AUTHORIZATION);
    let Some(token) = header.and_then(|value| value.to_str().ok()).and_then(bearer) else {
        return Err(unauthorized(
            "Send an admin key as \"Authorization: Bearer rca_…\".",
            r#"Bearer realm="rollcall""#,
        ));
    };
    let state = request.app_data::<actix_web::web::Data<State>>().ok_or_else(|| {
        tracing::error!("the management API was mounted without its state");
        Problem::new(ProblemKind::Internal, "This server is not set up completely.")
    })?;
    if state.is_configured_admin_key(token) {
        return Ok(Principal::Configured);
    }
    stored(state, token).await?.ok_or_else(|| {
        unauthorized(
            "This is not an admin key. Make one with \"rollcall keys create --name <name>\".",
            r#"Bearer realm="rollcall", error="invalid_token""#,
        )
    })
}

async fn stored(state: &State, token: &str) -> Result<Option<Principal>, Problem> {
    let Some(token) = Token::parse(token).filter(|token| token.kind() == TokenKind::Admin) else {
        return Ok(None);
    };
    let keys = state.store().admin_keys();
    let key = keys
        .by_id(token.id().into())
        .await?
        .filter(|key| token.matches(&key.token_hash));
    let Some(key) = key else { return Ok(None) };
    if let Err(error) = keys.note_use(&key, Timestamp::now()).await {
        tracing::warn!(key.id = %key.id, error = %telemetry::chain(&error), "the use of an admin key could not be noted");
    }
    Ok(Some(Principal::Key(key.id)))
}

/// The token of an `Authorization: Bearer` value (RFC 6750 §2.1; the scheme is case-insensitive, RFC 9110 §11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn unauthorized(detail: &str, challenge: &'static str) -> Problem {
    Problem::new(ProblemKind::Unauthorized, detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn only_a_bearer_token_is_taken_from_the_header() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for value in ["", "abc", "Bearer", "Bearer ", "Basic abc"] {
            assert_eq!(bearer(value), None, "{value:?}");
        }
    }
}
