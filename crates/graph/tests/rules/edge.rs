//! Entra ID and Graph at the edge: an HTTP server on this machine that answers what a test says.

use actix_web::body::{BoxBody, MessageBody, SizedStream};
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query, character by character.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_token(&self) -> bool {
        self.target.ends_with("/oauth2/v2.0/token")
    }

    /// A field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    cut: bool,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, "application/json", body.to_string().as_bytes())
    }

    pub(crate) fn raw(status: u16, kind: &str, body: &[u8]) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.to_vec(),
            cut: false,
        }
    }

    /// An error as Graph says it.
    pub(crate) fn error(status: u16, code: &str) -> Self {
        Self::json(
            status,
            &json!({ "error": { "code": code, "message": "said to people" } }),
        )
    }

    pub(crate) fn token(token: &str) -> Self {
        Self::json(
            200,
            &json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token }),
        )
    }

    /// A refusal as Entra ID says it.
    pub(crate) fn aadsts(code: u32) -> Self {
        let text = format!("AADSTS{code}: No.\r\nTrace ID: {TRACE}\r\nCorrelation ID: {CORRELATION}\r\nTimestamp: x");
        let body = json!({
            "error": "invalid_client", "error_description": text, "error_codes": [code],
            "trace_id": TRACE, "correlation_id": CORRELATION,
        });
        Self::json(401, &body)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The connection ends in the middle of the body.
    pub(crate) fn cut(mut self) -> Self {
        self.cut = true;
        self
    }
}

pub(crate) const TRACE: &str = "1b0c7a52-6f0e-4c39-8a0e-7f2f9d1c4e22";
pub(crate) const CORRELATION: &str = "2e0f9c66-0a63-4b51-9d3b-6b1f6e3a7c55";

type Script = Box<dyn Fn(&Seen) -> Option<Reply> + Send + Sync>;

struct Shared {
    script: Script,
    seen: Mutex<Vec<Seen>>,
}

/// A running server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Edge {
    /// Answers by the script. What it does not know is a token request, which gets the token `one`, or 404.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        // Another test of this process may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            seen: Mutex::default(),
        });
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, shared }
    }

    /// A server that answers these in turn, and with the last one from then on.
    pub(crate) async fn answers(replies: Vec<Reply>) -> Self {
        let next = Mutex::new(replies.into_iter().peekable());
        Self::start(move |seen| {
            if seen.is_token() {
                return None;
            }
            let mut next = next.lock().unwrap();
            let reply = next.next()?;
            if next.peek().is_none() {
                *next = vec![reply.clone()].into_iter().peekable();
            }
            Some(reply)
        })
        .await
    }

    /// Requests to Graph until now.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let all = self.shared.seen.lock().unwrap();
        all.iter().filter(|seen| !seen.is_token()).cloned().collect()
    }

    /// Requests for tokens until now.
    pub(crate) fn tokens(&self) -> Vec<Seen> {
        let all = self.shared.seen.lock().unwrap();
        all.iter().filter(|seen| seen.is_token()).cloned().collect()
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let text = |value: &actix_web::http::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let seen = Seen {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    shared.seen.lock().unwrap().push(seen.clone());
    let unknown = || {
        if seen.is_token() {
            Reply::token("one")
        } else {
            Reply::error(404, "Request_ResourceNotFound")
        }
    };
    let reply = (shared.script)(&seen).unwrap_or_else(unknown);
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).unwrap());
    for (name, value) in &reply.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    if reply.cut {
        return response.body(cut(reply.body));
    }
    response.body(reply.body)
}

/// A body that promises twice of what it has.
fn cut(body: Vec<u8>) -> BoxBody {
    let length = u64::try_from(body.len() * 2).unwrap();
    let parts = vec![Ok(web::Bytes::from(body)), Err(std::io::Error::other("cut"))];
    SizedStream::new(length, futures_util::stream::iter(parts)).boxed()
}
