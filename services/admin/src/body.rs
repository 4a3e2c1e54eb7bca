//! Request bodies: read whole before anything else happens, checked against the schema of their type.

use crate::problem::{Problem, ProblemKind};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use api::{Nothing, Reading};
use runtime::http::{ACCEPTED_ENCODINGS, BodyError, read_body};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::pin::Pin;

/// More than any request of this API needs.
const MOST_BODY_BYTES: usize = 256 * 1024;

/// The body of a request that takes one. Its faults are kept: a handler adds those that only it can find, so that all are
/// reported together.
#[derive(Debug)]
pub(crate) struct Body<T> {
    raw: Bytes,
    reading: Reading<T>,
}

/// The body of a request that may take one; none is an empty object.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) Body<T>);

/// The body of a request that takes none; an empty object is none, too.
#[derive(Debug)]
pub(crate) struct NoBody {
    raw: Bytes,
}

impl<T: api::Body> Body<T> {
    fn new(raw: Bytes, members: Map<String, Value>) -> Self {
        let reading = Reading::new(members);
        Self { raw, reading }
    }

    /// The bytes as they came: they tell a repeated request from another one.
    pub(crate) fn raw(&self) -> Bytes {
        self.raw.clone()
    }

    /// What was found so far.
    pub(crate) fn reading(&mut self) -> &mut Reading<T> {
        &mut self.reading
    }

    /// A member as it was sent, if it is there and not `null`; it may have faults.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.reading.member(name)
    }

    /// A member as it was sent, `null` included; it may have faults.
    pub(crate) fn sent(&self, name: &str) -> Option<&Value> {
        self.reading.sent(name)
    }

    /// A member without faults.
    pub(crate) fn sound<M: DeserializeOwned>(&self, name: &str) -> Option<M> {
        self.reading.sound(name)
    }

    /// Whether a fault of this member was found.
    pub(crate) fn is_faulty(&self, name: &str) -> bool {
        self.reading.is_faulty(name)
    }

    /// Adds a fault at a place of the body: `/name`, `/list/0`.
    pub(crate) fn fault(&mut self, place: &str, detail: impl Into<String>) {
        self.reading.fault(place, detail);
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 422 with every fault.
    pub(crate) fn finish(self) -> Result<T, Problem> {
        self.reading.finish().map_err(Problem::invalid)
    }
}

impl NoBody {
    /// The bytes as they came.
    pub(crate) fn raw(&self) -> &Bytes {
        &self.raw
    }
}

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<T: api::Body + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            check_type(&request)?;
            let raw = read(&request, payload).await?;
            let members = parse(&raw)?;
            Ok(Self::new(raw, members))
        })
    }
}

impl<T: api::Body + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let raw = read(&request, payload).await?;
            let members = if raw.is_empty() {
                Map::new()
            } else {
                check_type(&request)?;
                parse(&raw)?
            };
            Ok(Self(Body::new(raw, members)))
        })
    }
}

impl FromRequest for NoBody {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = OptionalBody::<Nothing>::from_request(request, payload);
        Box::pin(async move {
            let OptionalBody(body) = body.await?;
            let raw = body.raw();
            body.finish().map(|Nothing {}| Self { raw })
        })
    }
}

fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    let kind = request.content_type();
    let is_json = kind.eq_ignore_ascii_case("application/json")
        || kind
            .rsplit_once('+')
            .is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"));
    if is_json {
        return Ok(());
    }
    let found = if kind.is_empty() {
        "none".to_owned()
    } else {
        format!("\"{kind}\"")
    };
    Err(Problem::new(
        ProblemKind::UnsupportedMediaType,
        format!("Send \"Content-Type: application/json\"; this request has {found}."),
    ))
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, Problem> {
    read_body(request.headers(), payload, MOST_BODY_BYTES)
        .await
        .map_err(|error| {
            let detail = format!("{error}.");
            match error {
                BodyError::TooLarge(_) => Problem::new(ProblemKind::BodyTooLarge, detail),
                BodyError::Encoding(_) => Problem::new(ProblemKind::UnsupportedMediaType, detail)
                    .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_ENCODINGS)),
                BodyError::TooSlow => Problem::new(ProblemKind::BodyTooSlow, detail),
                BodyError::Damaged | BodyError::Broken(_) => Problem::new(ProblemKind::MalformedBody, detail),
            }
        })
}

fn parse(raw: &[u8]) -> Result<Map<String, Value>, Problem> {
    let value = serde_json::from_slice(raw).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(
            ProblemKind::MalformedBody,
            format!("The body cannot be read as JSON ({place})."),
        )
    })?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(Problem::invalid_at("#", "The body must be a JSON object.")),
    }
}
