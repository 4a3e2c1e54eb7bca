//! What a refusal means.

use super::{Ask, Failed};
use crate::error::{GraphError, GraphErrorKind, Trace};
use crate::identity::Identity;
use crate::link::DeltaLink;
use crate::permission::AnyOf;
use crate::throttle::Failure;
use crate::token::retry_after;
use reqwest::Url;
use reqwest::header::{HeaderMap, LOCATION};
use serde::Deserialize;

/// The longest code that is kept, in bytes.
const LONGEST_CODE: usize = 128;
/// Codes that say that a chain of delta queries is at its end, in small letters.
const EXPIRED: [&str; 4] = [
    "syncstatenotfound",
    "syncstateinvalid",
    "resyncrequired",
    "directory_expiredpagetoken",
];
/// What the text of such an error says where its code does not, in small letters.
const EXPIRED_TEXT: &str = "steady state";
const SCOPE: &str = "x-ms-throttle-scope";

#[derive(Default, Deserialize)]
struct Body {
    error: Option<Said>,
}

#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// The error of an answer that is no success.
pub(super) fn refusal(identity: &Identity, ask: &Ask, mut trace: Trace, headers: &HeaderMap, body: &[u8]) -> Failed {
    let said = serde_json::from_slice::<Body>(body).unwrap_or_default();
    let said = said.error.unwrap_or_default();
    trace.code = short_code(&said.code);
    let status = trace.status.unwrap_or_default();
    let failure = Failure {
        retry_after: retry_after(headers),
        of_whole_app: is_of_whole_app(headers),
    };
    let kind = if ask.delta && is_expired(status, &said) {
        GraphErrorKind::Resync {
            location: location(identity, ask, headers),
        }
    } else {
        kind_of(status, ask.any_of)
    };
    let error = GraphError::new(kind, trace);
    Failed {
        failure,
        ..error.into()
    }
}

/// What a status says that is no success.
pub(crate) fn kind_of(status: u16, any_of: AnyOf) -> GraphErrorKind {
    match status {
        400 | 405 | 413 | 414 | 415 | 422 => GraphErrorKind::BadRequest,
        401 => GraphErrorKind::Unauthorized,
        403 => GraphErrorKind::Forbidden { any_of },
        404 => GraphErrorKind::NotFound,
        424 => GraphErrorKind::Dependency,
        501 => GraphErrorKind::NotSupported,
        408 | 425 | 429 | 500..=599 => GraphErrorKind::Unavailable,
        _ => GraphErrorKind::Refused,
    }
}

/// Whether a chain of delta queries must begin again: every 410, and what Graph says of it by other statuses.
fn is_expired(status: u16, said: &Said) -> bool {
    let is_code = || EXPIRED.iter().any(|code| said.code.eq_ignore_ascii_case(code));
    let is_text = || said.message.to_ascii_lowercase().contains(EXPIRED_TEXT);
    match status {
        410 => true,
        400..=409 if status != 401 && status != 403 => is_code() || is_text(),
        _ => false,
    }
}

/// Where to begin again, if that leads to where the request went.
fn location(identity: &Identity, ask: &Ask, headers: &HeaderMap) -> Option<DeltaLink> {
    let link = DeltaLink::received(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    let asked = Url::parse(&ask.url).ok()?;
    let base = Url::parse(&identity.endpoints.url("")).ok()?;
    let path = asked.path().strip_prefix(base.path())?.to_owned();
    identity.endpoints.pin(&link, &[path]).ok()?;
    Some(link)
}

/// Whether the budget of the application in all its tenants is used up: `Application/Read/<app>/<tenant>`.
fn is_of_whole_app(headers: &HeaderMap) -> bool {
    let scope = headers.get(SCOPE).and_then(|scope| scope.to_str().ok());
    let first = scope.and_then(|scope| scope.split('/').next());
    first.is_some_and(|first| first.eq_ignore_ascii_case("Application"))
}

/// A code of Graph is a name; anything else may say whatever a stranger likes.
pub(crate) fn short_code(text: &str) -> Option<String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let is_code = (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(is_name);
    is_code.then(|| text.to_owned())
}
