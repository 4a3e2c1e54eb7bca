//! One call of the API, before it is sent.

use serde::Serialize;
use serde_json::Value;

/// What is done with what a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Make, or set something going.
    Post,
    /// Set as a whole.
    Put,
    /// Change what is named.
    Patch,
    /// Take away.
    Delete,
}

/// One call: a method, a path below `/api/v1`, a query and perhaps a body.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) method: Method,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) idempotency_key: Option<String>,
}

impl Call {
    /// A call of a path, given in segments: `["directories", id, "users"]`.
    pub fn new<S: Into<String>>(method: Method, segments: impl IntoIterator<Item = S>) -> Self {
        Self {
            method,
            segments: segments.into_iter().map(Into::into).collect(),
            query: Vec::new(),
            body: None,
            idempotency_key: None,
        }
    }

    /// The same with a query parameter; one that is there already is replaced.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.retain(|(known, _)| known != name);
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// The same with the parameters of one of the types of `api`; those that say nothing are left out.
    #[must_use]
    pub fn with_all(self, parameters: &impl Serialize) -> Self {
        let Ok(Value::Object(members)) = serde_json::to_value(parameters) else {
            return self;
        };
        members.into_iter().fold(self, |call, (name, value)| match value {
            Value::Null => call,
            Value::String(text) => call.with(&name, text),
            other => call.with(&name, other.to_string()),
        })
    }

    /// The same with a body.
    #[must_use]
    pub fn sending(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// The same under an idempotency key of the caller's own, 1 to 255 characters: sent again within 24 hours it gets the
    /// first answer.
    #[must_use]
    pub fn under(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status, 200 to 299.
    pub status: u16,
    /// The body; `null` where there is none.
    pub body: Value,
}
