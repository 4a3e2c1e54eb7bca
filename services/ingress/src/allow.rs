//! What a path takes.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

/// What a path takes, as the header `Allow` says it (RFC 9110 §10.2.1).
#[derive(Clone, Debug)]
pub(crate) struct Allow(HeaderValue);

impl Allow {
    /// A path that takes these methods.
    pub(crate) fn new(methods: &[&str]) -> Self {
        // Names of methods are such as a header may hold.
        Self(HeaderValue::try_from(methods.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS")))
    }

    /// What the path of a request takes.
    pub(crate) fn of(request: &HttpRequest) -> HeaderValue {
        let allow = request.app_data::<Self>().map(|Self(value)| value.clone());
        allow.unwrap_or_else(|| HeaderValue::from_static("OPTIONS"))
    }
}
