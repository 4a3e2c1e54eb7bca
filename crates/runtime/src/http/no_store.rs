//! Nothing that is answered here may stay in a cache on the way: it is about people, or about secrets.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
use actix_web::middleware::Next;

/// Middleware, the outermost one: every answer, errors too, says `Cache-Control: no-store` (RFC 9111 §5.2.2.5), unless it
/// says something else about that itself, as public keys do.
///
/// # Errors
/// Passes on those of the request, with the header.
pub async fn no_store(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match next.call(request).await {
        Ok(mut response) => {
            mark(response.headers_mut());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            mark(response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn mark(headers: &mut HeaderMap) {
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
