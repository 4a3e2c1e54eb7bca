//! Errors on the wire: RFC 9457.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error answer, as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "type": "urn:rollcall:problem:validation-failed",
    "title": "The request is not valid",
    "status": 422,
    "detail": "The body has faults; see errors.",
    "errors": [{"pointer": "#/name", "detail": "\"name\" is required."}],
})))]
pub struct Problem {
    /// What went wrong, for programs: a URN that ends in a word such as `not-found` or `validation-failed`.
    pub r#type: String,
    /// The same for people.
    pub title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What went wrong with this request, in one sentence.
    pub detail: String,
    /// Every fault of the body or of the query string.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<Fault>,
}

/// One fault: where in the request, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"pointer": "#/domains/0", "detail": "Must be a string."})))]
pub struct Fault {
    /// JSON Pointer into the body, in its URI fragment form (RFC 6901 §6), as in RFC 9457 §3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// The query parameter, when the fault is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl Fault {
    /// A fault in the body.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: Some(pointer.into()),
            parameter: None,
            detail: detail.into(),
        }
    }

    /// A fault in the query string.
    pub fn in_query(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: None,
            parameter: Some(parameter.into()),
            detail: detail.into(),
        }
    }
}
