//! One attempt.

use super::refusal::refusal;
use super::{Answer, Ask, Failed};
use crate::body;
use crate::error::{GraphError, GraphErrorKind, Trace, Unreadable};
use crate::identity::Identity;
use crate::session::Inner;
use crate::throttle::Priority;
use crate::token::{Bearer, date};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Request, StatusCode, Url};
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long a request may take, with its whole answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(100);
/// The longest answer, in bytes, after unpacking.
pub const LONGEST_ANSWER: usize = 32 << 20;
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const REQUEST_ID: &str = "request-id";
const USED: &str = "x-ms-throttle-limit-percentage";
const PRIORITY: HeaderName = HeaderName::from_static("x-ms-throttle-priority");
const CONSISTENCY: HeaderName = HeaderName::from_static("consistencylevel");

impl Inner {
    pub(super) async fn send(
        &self,
        identity: &Identity,
        ask: &Ask,
        priority: Priority,
        bearer: &Bearer,
    ) -> Result<Answer, Failed> {
        let called = Uuid::new_v4();
        let mut trace = Trace {
            client_request_id: Some(called),
            ..Trace::default()
        };
        let request = self.request(ask, priority, bearer, called);
        let request = request.map_err(|kind| GraphError::new(kind, trace.clone()))?;
        let asked = request.url().clone();
        let response = match self.client.execute(request).await {
            Ok(response) => response,
            Err(error) => {
                let kind = GraphErrorKind::Unreachable(Arc::new(error.without_url()));
                return Err(GraphError::new(kind, trace).into());
            }
        };
        let (status, headers) = (response.status(), response.headers().clone());
        trace.status = Some(status.as_u16());
        trace.request_id = headers.get(REQUEST_ID).and_then(identifier);
        trace.date = date(&headers);
        // The client follows no redirect; one that does has the token where it does not belong.
        if status.is_redirection() || *response.url() != asked {
            let kind = GraphErrorKind::Unreadable(Unreadable::Redirect);
            return Err(GraphError::new(kind, trace).into());
        }
        let body = body::read(response, LONGEST_ANSWER).await;
        tracing::debug!(
            status = status.as_u16(), client_request_id = %called, request_id = ?trace.request_id, tenant = %identity.tenant,
            "Graph answered"
        );
        if status.is_success() {
            let body = body.map_err(|kind| GraphError::new(kind, trace.clone()))?;
            let is_used_up = is_used_up(&headers);
            return whole(
                Answer {
                    body,
                    trace,
                    is_used_up,
                },
                status,
                &headers,
            );
        }
        // What cannot be read of a refusal is not missed: its status says enough.
        Err(refusal(identity, ask, trace, &headers, &body.unwrap_or_default()))
    }

    fn request(&self, ask: &Ask, priority: Priority, bearer: &Bearer, called: Uuid) -> Result<Request, GraphErrorKind> {
        let url = Url::parse(&ask.url).map_err(|_| GraphErrorKind::BadRequest)?;
        // Links are longer than what the guard reads of an endpoint's URL, and only the host matters to it.
        self.guard
            .check(&url.origin().ascii_serialization())
            .map_err(GraphErrorKind::Address)?;
        let mut request = Request::new(ask.method.clone(), url);
        *request.timeout_mut() = Some(TIMEOUT);
        let secret = format!("Bearer {}", bearer.token.expose_secret());
        let mut secret = HeaderValue::try_from(secret).map_err(|_| GraphErrorKind::Unauthorized)?;
        secret.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, secret);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(PRIORITY, HeaderValue::from_static(priority.as_str()));
        if let Ok(called) = HeaderValue::try_from(called.to_string()) {
            headers.insert(CLIENT_REQUEST_ID, called);
        }
        if ask.eventual {
            headers.insert(CONSISTENCY, HeaderValue::from_static("eventual"));
        }
        if let Some(body) = &ask.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        Ok(request)
    }
}

/// An answer that may be read: a page for people is none, whatever its status.
fn whole(answer: Answer, status: StatusCode, headers: &HeaderMap) -> Result<Answer, Failed> {
    if status == StatusCode::NO_CONTENT || status == StatusCode::ACCEPTED {
        return Ok(answer);
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_none_or(|kind| kind.to_ascii_lowercase().contains("json")) {
        return Ok(answer);
    }
    Err(answer.unreadable(Unreadable::NotJson).into())
}

/// Whether the tenant's budget is used up, though the request was answered: `1.0` and more. Other programs may use the same
/// application.
fn is_used_up(headers: &HeaderMap) -> bool {
    let share = headers.get(USED).and_then(|share| share.to_str().ok());
    share
        .and_then(|share| share.trim().parse().ok())
        .is_some_and(|share: f64| share >= 1.0)
}

/// An id of Microsoft, which is a GUID: nothing else of a header is kept.
fn identifier(value: &HeaderValue) -> Option<Uuid> {
    Uuid::try_parse(value.to_str().ok()?.trim()).ok()
}
