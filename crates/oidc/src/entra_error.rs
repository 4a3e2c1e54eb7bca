//! What Entra ID means when it refuses: `AADSTS` codes of callbacks and of token answers.
//!
//! Microsoft advises programs to act on `error` alone, since codes and texts change: so a code picks what an administrator
//! is told, and decides nothing else.

mod kind;

pub use kind::{EntraErrorKind, SetupStep};

use crate::members::Members;
use serde_json::Value;

/// What codes begin with in a description.
const PREFIX: &str = "AADSTS";
/// The longest text of which anything is read, in bytes; descriptions have some hundred.
const MAX_TEXT: usize = 64 << 10;

/// A refusal of Entra ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntraError {
    /// The number behind `AADSTS`.
    pub code: u32,
    /// What the number means.
    pub kind: EntraErrorKind,
    /// `error` of OAuth, in a token answer.
    pub error: Option<String>,
    /// What Microsoft's support asks for.
    pub trace_id: Option<String>,
    /// What Microsoft's support asks for, too, and what the sign-in log of the tenant is searched by.
    pub correlation_id: Option<String>,
}

impl EntraError {
    /// Reads the `error_description` of a callback.
    #[must_use]
    pub fn from_description(text: &str) -> Option<Self> {
        let text = bounded(text);
        Some(Self::new(code_in(text)?, text))
    }

    /// Reads the body of a refused token request (or of a refused document): `error_codes`, else the code in
    /// `error_description`.
    #[must_use]
    pub fn from_body(body: &[u8]) -> Option<Self> {
        if body.len() > MAX_TEXT {
            return None;
        }
        let Members(members) = Members::read(body).ok()?;
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let id = |name: &str| text(name).and_then(identifier);
        let description = bounded(text("error_description").unwrap_or_default());
        let listed = members.get("error_codes").and_then(|codes| codes.get(0)?.as_u64());
        let code = listed
            .and_then(|code| code.try_into().ok())
            .or_else(|| code_in(description))?;
        let said = Self::new(code, description);
        Some(Self {
            error: text("error").and_then(error_name),
            trace_id: id("trace_id").or(said.trace_id),
            correlation_id: id("correlation_id").or(said.correlation_id),
            ..said
        })
    }

    fn new(code: u32, description: &str) -> Self {
        let labelled = |label: &str| {
            let (_, rest) = description.split_once(label)?;
            identifier(rest.split_whitespace().next()?)
        };
        Self {
            code,
            kind: EntraErrorKind::of(code),
            error: None,
            trace_id: labelled("Trace ID:"),
            correlation_id: labelled("Correlation ID:"),
        }
    }
}

/// The first code of a text.
fn code_in(text: &str) -> Option<u32> {
    text.match_indices(PREFIX).find_map(|(at, _)| {
        let digits = text.get(at + PREFIX.len()..)?;
        let end = digits.find(|character: char| !character.is_ascii_digit());
        digits.get(..end.unwrap_or(digits.len()))?.parse().ok()
    })
}

/// A name of OAuth's errors, of which all are of small letters and underscores.
fn error_name(text: &str) -> Option<String> {
    let is_name = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_name.then(|| text.to_owned())
}

/// An id of Microsoft, which is a GUID: nothing else of a stranger's text is kept.
fn identifier(text: &str) -> Option<String> {
    uuid::Uuid::try_parse(text).ok().map(|id| id.to_string())
}

fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const TRACE: &str = "1b0c7a52-6f0e-4c39-8a0e-7f2f9d1c4e22";
    const CORRELATION: &str = "2e0f9c66-0a63-4b51-9d3b-6b1f6e3a7c55";

    fn description(code: u32) -> String {
        format!(
            "AADSTS{code}: Something was wrong with 'AADSTS7'.\r\nTrace ID: {TRACE}\r\nCorrelation ID: {CORRELATION}\r\n\
             Timestamp: 2026-11-30 10:00:00Z"
        )
    }

    #[test]
    fn a_description_gives_its_first_code_and_the_ids_that_support_asks_for() {
        let error = EntraError::from_description(&description(50_105)).unwrap();
        assert_eq!(error.code, 50_105);
        assert_eq!(error.kind, EntraErrorKind::NotAssigned);
        assert_eq!(error.trace_id.as_deref(), Some(TRACE));
        assert_eq!(error.correlation_id.as_deref(), Some(CORRELATION));
        for text in ["", "AADSTS", "AADSTSx", "access denied", "AADSTS99999999999"] {
            assert_eq!(EntraError::from_description(text), None, "{text}");
        }
    }

    #[test]
    fn a_body_gives_its_listed_code_before_that_of_its_description() {
        let body = json!({
            "error": "invalid_client", "error_description": description(1), "error_codes": [7_000_222],
            "trace_id": CORRELATION,
        });
        let error = EntraError::from_body(body.to_string().as_bytes()).unwrap();
        assert_eq!((error.code, error.kind), (7_000_222, EntraErrorKind::SecretExpired));
        assert_eq!(error.error.as_deref(), Some("invalid_client"));
        assert_eq!(error.trace_id.as_deref(), Some(CORRELATION));
        assert_eq!(error.correlation_id.as_deref(), Some(CORRELATION));
        let body = json!({ "error_description": description(90_002) });
        let error = EntraError::from_body(body.to_string().as_bytes()).unwrap();
        assert_eq!(error.kind, EntraErrorKind::TenantUnknown);
        assert_eq!(EntraError::from_body(br#"{"error":"invalid_grant"}"#), None);
    }

    #[test]
    fn an_unknown_code_is_kept_and_nothing_but_ids_of_the_text() {
        let error = EntraError::from_description("AADSTS424242: x Trace ID: <script> y").unwrap();
        assert_eq!((error.code, error.kind), (424_242, EntraErrorKind::Unknown));
        assert_eq!(error.trace_id, None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = EntraError::from_description(&text);
            let _ = EntraError::from_description(&format!("AADSTS{text}"));
            let _ = EntraError::from_body(&bytes);
            let _ = EntraError::from_body(json!({ "error_description": text }).to_string().as_bytes());
        }
    }
}
