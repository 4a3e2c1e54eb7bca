//! Who is asking: every request below `/api/v1` must bring an admin key.
//!
//! This wraps the whole scope rather than each handler, so that a new route cannot be open by oversight, and a caller
//! without a key does not learn which paths exist.

use crate::access;
use crate::audit::Origin;
use crate::audit::refusals::Refusal;
use crate::principal::Principal;
use crate::problem::{Problem, ProblemKind};
use crate::rate::KeyUsage;
use crate::state::State;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};
use api::Caller;
use events::Timestamp;
use secrets::{Token, TokenKind};

/// Lets a request pass with its [`Principal`], or refuses it with 401 without a key. What the key allows is checked behind
/// the router ([`access::guarded`]).
pub(crate) async fn authenticate<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let state = request
        .app_data::<web::Data<State>>()
        .map(|state| state.get_ref().clone());
    let (admitted, usage) = admit(&request).await;
    let principal = match admitted {
        Ok(principal) => principal,
        Err((principal, problem)) => {
            note(state.as_ref(), request.request(), principal.as_ref(), &problem);
            let mut answer = request.into_response(problem.error_response()).map_into_right_body();
            usage.tell(answer.headers_mut());
            return Ok(answer);
        }
    };
    request.extensions_mut().insert(principal.clone());
    let mut response = next.call(request).await?;
    usage.tell(response.headers_mut());
    // What the key does not allow, and what only a handler can see.
    if let Some(problem) = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Problem>())
    {
        note(state.as_ref(), response.request(), Some(&principal), problem);
    }
    Ok(response.map_into_left_body())
}

/// Counts a refusal for the audit log; other problems are none.
fn note(state: Option<&State>, request: &HttpRequest, principal: Option<&Principal>, problem: &Problem) {
    let Some((state, detail)) = state.zip(problem.refusal()) else {
        return;
    };
    state.refusals().note(&Refusal {
        principal,
        origin: &Origin::of(request),
        status: problem.status_code().as_u16(),
        detail,
        object: access::object_in(request.path()).filter(|_| principal.is_some()),
        at: Timestamp::now(),
    });
}

/// Whether a caller is let in: who it is; or else why not, and who it is if that is known.
type Admission = Result<Principal, (Option<Principal>, Problem)>;

/// The caller; and what the request left of the rate of its key.
async fn admit(request: &ServiceRequest) -> (Admission, KeyUsage) {
    let Some(state) = request.app_data::<web::Data<State>>() else {
        tracing::error!("the management API was mounted without its state");
        let problem = Problem::new(ProblemKind::Internal, "This server is not set up completely.");
        return (Err((None, problem)), KeyUsage::Unknown);
    };
    // Whom another part of this process has made sure of; it counts itself what its own callers ask.
    let known = request.extensions_mut().remove::<Caller>();
    if let Some(principal) = known.map(Principal::known) {
        return (Ok(principal), KeyUsage::Unknown);
    }
    let principal = match principal(request, state).await {
        Ok(principal) => principal,
        Err(problem) => return (Err((None, problem)), KeyUsage::Unknown),
    };
    runtime::http::proven(request.request());
    let usage = state.rates().pass(&principal);
    match usage.exceeded() {
        Some(problem) => (Err((Some(principal), problem)), usage),
        None => (Ok(principal), usage),
    }
}

async fn principal(request: &ServiceRequest, state: &State) -> Result<Principal, Problem> {
    let header = request.headers().get(header::AUTHORIZATION);
    let Some(token) = header.and_then(|value| value.to_str().ok()).and_then(bearer) else {
        return Err(unauthorized(
            "Send an admin key as \"Authorization: Bearer rca_…\".",
            r#"Bearer realm="rollcall""#,
        ));
    };
    if state.is_configured_admin_key(token) {
        return Ok(Principal::configured());
    }
    stored(state, token).await?.ok_or_else(|| {
        unauthorized(
            "This is not an admin key, or one that has expired. Make one with \"rollcall keys create --name <name>\".",
            r#"Bearer realm="rollcall", error="invalid_token""#,
        )
    })
}

async fn stored(state: &State, token: &str) -> Result<Option<Principal>, Problem> {
    let Some(token) = Token::parse(token).filter(|token| token.kind() == TokenKind::Admin) else {
        return Ok(None);
    };
    let (keys, now) = (state.store().admin_keys(), Timestamp::now());
    let key = keys
        .by_id(token.id().into())
        .await?
        .filter(|key| token.matches(&key.token_hash) && key.is_good(now));
    let Some(key) = key else { return Ok(None) };
    if let Err(error) = keys.note_use(&key, now).await {
        tracing::warn!(key.id = %key.id, error = %telemetry::chain(&error), "the use of an admin key could not be noted");
    }
    Ok(Some(Principal::of(key)))
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
