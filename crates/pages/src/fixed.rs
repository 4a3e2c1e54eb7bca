//! Answers that stay the same as long as the program does.

use crate::headers::secure;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ContentEncoding, ETAG, EntityTag, Header as _, HeaderValue,
    IfNoneMatch, TryIntoHeaderValue as _, VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Kept by the browser, which asks each time whether it is still good (RFC 9111 §5.2.2.4).
pub const REVALIDATED: &str = "no-cache";
/// Kept for a year without a question: its address changes with its content (RFC 8246).
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// An answer that stays the same as long as the program does. Its version follows from its content, so all processes of
/// one release agree on it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fixed {
    body: Bytes,
    content_type: &'static str,
    /// How the body is packed, where there are several forms of it.
    encoding: Option<ContentEncoding>,
    version: String,
}

impl Fixed {
    /// An answer of this type.
    #[must_use]
    pub fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let digest = Sha256::digest(&body);
        let mut version = String::with_capacity(16);
        for byte in &digest[..8] {
            // Writing to a String cannot fail.
            let _ = write!(version, "{byte:02x}");
        }
        Self {
            body,
            content_type,
            encoding: None,
            version,
        }
    }

    /// The same, of which there is also a form that is packed otherwise: this one is packed so.
    #[must_use]
    pub fn packed(self, encoding: ContentEncoding) -> Self {
        Self {
            encoding: Some(encoding),
            ..self
        }
    }

    /// A page.
    #[must_use]
    pub fn page(html: String) -> Self {
        Self::new("text/html; charset=utf-8", html)
    }

    /// What is different as soon as the content is: 16 hexadecimal digits.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The answer to a GET; 304 without the body where the browser has it already (RFC 9110 §13.1.2).
    #[must_use]
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        self.cached(request, REVALIDATED)
    }

    /// The same with another word on how long it may be kept.
    #[must_use]
    pub(crate) fn cached(&self, request: &HttpRequest, cache_control: &'static str) -> HttpResponse {
        let etag = EntityTag::new_strong(self.version.clone());
        let is_known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&etag)),
            Err(_) => false,
        };
        let mut answer = if is_known {
            HttpResponse::NotModified().finish()
        } else {
            self.with_status(StatusCode::OK)
        };
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        if let Ok(etag) = etag.try_into_value() {
            headers.insert(ETAG, etag);
        }
        if self.encoding.is_some() {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        secure(headers);
        answer
    }

    /// The same content under another status, such as a page that says that there is none; never kept.
    #[must_use]
    pub fn with_status(&self, status: StatusCode) -> HttpResponse {
        let mut answer = HttpResponse::build(status);
        answer.insert_header((CONTENT_TYPE, self.content_type));
        if let Some(encoding) = self.encoding.filter(|encoding| *encoding != ContentEncoding::Identity) {
            answer.insert_header((CONTENT_ENCODING, encoding.as_str()));
        }
        let mut answer = answer.body(self.body.clone());
        secure(answer.headers_mut());
        answer
    }
}
