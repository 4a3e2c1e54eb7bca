//! Answers: always `application/scim+json`.

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use serde_json::Value;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The media type of every answer (R2).
pub(crate) const MEDIA_TYPE: &str = "application/scim+json; charset=utf-8";

/// The answer to OPTIONS (RFC 9110 §9.3.7): what the path takes.
pub(crate) fn options(allow: &HeaderValue) -> HttpResponse {
    runtime::http::options(allow.to_str().unwrap_or_default())
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &Value) -> HttpResponse {
    text(status, body.to_string())
}

/// An answer that is JSON already.
pub(crate) fn text(status: u16, body: String) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
    response.body(body)
}

/// An answer that is JSON already, in pieces: each is freed when the connection has taken it.
pub(crate) fn pieces(status: u16, pieces: Vec<String>) -> HttpResponse {
    let length = pieces.iter().map(|piece| piece.len() as u64).sum();
    let pieces = pieces.into_iter().map(Bytes::from).collect();
    text(status, String::new()).set_body(BoxBody::new(BodyPieces { length, pieces }))
}

/// A body of known length in pieces.
struct BodyPieces {
    length: u64,
    pieces: VecDeque<Bytes>,
}

impl MessageBody for BodyPieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(self.pieces.pop_front().map(Ok))
    }

    /// A short one is not worth pieces, and its log takes it as a whole.
    fn try_into_bytes(self) -> Result<Bytes, Self> {
        /// Bytes of what is short.
        const SHORT: u64 = 16 << 10;
        if self.length > SHORT {
            return Err(self);
        }
        Ok(self.pieces.iter().flat_map(|piece| piece.iter().copied()).collect())
    }
}

/// A JSON answer about one resource: with its tag, and its address where it is new (R9).
pub(crate) fn resource(status: u16, body: String, etag: &str, location: &str) -> HttpResponse {
    let mut response = text(status, body);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, value);
    }
    if let Ok(value) = HeaderValue::from_str(location) {
        headers.insert(header::LOCATION, value);
    }
    response
}

/// An answer without a body.
pub(crate) fn empty(status: u16, etag: Option<&str>) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if let Some(etag) = etag {
        response.insert_header((header::ETAG, etag));
    }
    response.finish()
}
