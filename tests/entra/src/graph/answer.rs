//! An answer of Graph, before it is sent.

use crate::clock::Moment;
use serde_json::{Value, json};
use uuid::Uuid;

/// How an answer goes over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delivery {
    #[default]
    Whole,
    Slow {
        bytes: usize,
        pause: u64,
    },
    Reset,
    Truncate,
    Html,
    Gzip,
    /// Not yet: these URLs have to answer with their validation token first.
    Validate(Vec<String>),
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// `null` is no body.
    pub(crate) body: Box<Value>,
    pub(crate) delivery: Delivery,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Box::new(body),
            delivery: Delivery::Whole,
        }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, json!({ "error": { "code": code, "message": message } }))
    }

    pub(crate) fn bad(message: &str) -> Self {
        Self::error(400, "Request_BadRequest", message)
    }

    pub(crate) fn unsupported(message: &str) -> Self {
        Self::error(400, "Request_UnsupportedQuery", message)
    }

    pub(crate) fn no_resource(id: &str) -> Self {
        let message =
            format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
        Self::error(404, "Request_ResourceNotFound", &message)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With what each answer has: the id of the request, and in errors `innerError`.
    pub(crate) fn signed(mut self, request_id: Uuid, client_request_id: &str, now: Moment) -> Self {
        if let Some(error) = self.body.get_mut("error").and_then(Value::as_object_mut) {
            error.insert(
                "innerError".to_owned(),
                json!({ "date": now.text().trim_end_matches('Z'), "request-id": request_id, "client-request-id": client_request_id }),
            );
        }
        let answer = self.with("request-id", request_id.to_string());
        if client_request_id.is_empty() {
            return answer;
        }
        answer.with("client-request-id", client_request_id)
    }
}
