//! Request bodies: JSON objects, read whole before anything else happens.

use crate::fields::Fields;
use crate::problem::{Kind, Problem};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use runtime::http::{ACCEPTED_ENCODINGS, BodyError, read_body};
use serde_json::{Map, Value};
use std::pin::Pin;

/// More than any request of this API needs.
const LIMIT: usize = 256 * 1024;

/// The body of a request that takes one.
#[derive(Debug)]
pub(crate) struct Body {
    raw: Bytes,
    members: Map<String, Value>,
}

/// The body of a request that takes none; an empty object is none, too.
#[derive(Debug)]
pub(crate) struct NoBody {
    raw: Bytes,
}

/// The body of a request that may take one; none is an empty object.
#[derive(Debug)]
pub(crate) struct OptionalBody(Body);

impl std::ops::Deref for OptionalBody {
    type Target = Body;

    fn deref(&self) -> &Body {
        &self.0
    }
}

impl Body {
    /// The bytes as they came: they tell a repeated request from another one.
    pub(crate) fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Starts reading; other members than `allowed` are faults.
    pub(crate) fn fields(&self, allowed: &[&str]) -> Fields {
        Fields::new(self.members.clone(), allowed)
    }
}

impl NoBody {
    /// The bytes as they came.
    pub(crate) fn raw(&self) -> &Bytes {
        &self.raw
    }
}

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl FromRequest for Body {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            check_type(&request)?;
            let raw = read(&request, payload).await?;
            let members = parse(&raw)?;
            Ok(Self { raw, members })
        })
    }
}

impl FromRequest for OptionalBody {
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
            Ok(Self(Body { raw, members }))
        })
    }
}

impl FromRequest for NoBody {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let raw = read(&request, payload).await?;
            if !raw.is_empty() {
                check_type(&request)?;
                Fields::new(parse(&raw)?, &[]).finish()?;
            }
            Ok(Self { raw })
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
        Kind::UnsupportedMediaType,
        format!("Send \"Content-Type: application/json\"; this request has {found}."),
    ))
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, Problem> {
    read_body(request.headers(), payload, LIMIT).await.map_err(|error| {
        let detail = format!("{error}.");
        match error {
            BodyError::TooLarge(_) => Problem::new(Kind::BodyTooLarge, detail),
            BodyError::Encoding(_) => Problem::new(Kind::UnsupportedMediaType, detail)
                .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_ENCODINGS)),
            BodyError::TooSlow => Problem::new(Kind::BodyTooSlow, detail),
            BodyError::Damaged | BodyError::Broken(_) => Problem::new(Kind::MalformedBody, detail),
        }
    })
}

fn parse(raw: &[u8]) -> Result<Map<String, Value>, Problem> {
    let value = serde_json::from_slice(raw).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(
            Kind::MalformedBody,
            format!("The body cannot be read as JSON ({place})."),
        )
    })?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(Problem::invalid_at("#", "The body must be a JSON object.")),
    }
}
