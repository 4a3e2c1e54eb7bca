//! What every path answers alike: HEAD as GET, OPTIONS, methods that it does not take, and paths that there are not.

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse, Resource, guard, web};
use serde_json::json;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a path that is only read takes, as `Allow` tells it.
pub const READ_ONLY: &str = "GET, HEAD, OPTIONS";

/// Middleware: a HEAD is handled as a GET whose body stays here (RFC 9110 §9.3.2), whatever the route: none can forget
/// it, and of a stream nothing is read.
///
/// # Errors
/// Passes on those of the request.
pub(super) async fn head_as_get<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, WithheldBody>>, Error> {
    let is_head = *request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| {
        if is_head {
            EitherBody::right(WithheldBody(body.size()))
        } else {
            EitherBody::left(body)
        }
    }))
}

/// A body of which only the length is sent.
#[derive(Debug)]
pub(super) struct WithheldBody(BodySize);

impl MessageBody for WithheldBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}

/// The answer to OPTIONS (RFC 9110 §9.3.7): what the path takes.
#[must_use]
pub fn options(allow: &str) -> HttpResponse {
    HttpResponse::NoContent().insert_header((ALLOW, allow)).finish()
}

/// An error as `application/problem+json` (RFC 9457), of a type named `urn:rollcall:problem:{name}`.
#[must_use]
pub fn problem(status: StatusCode, name: &str, title: &str, detail: &str) -> HttpResponse {
    let body = json!({
        "type": format!("urn:rollcall:problem:{name}"),
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
    });
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/problem+json")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .body(body.to_string())
}

/// A path that is only read: any other method is refused.
#[must_use]
pub fn read_only(path: &str) -> Resource {
    web::resource(path)
        .route(web::route().guard(guard::Options()).to(async || options(READ_ONLY)))
        .default_service(web::to(async || {
            let detail = format!("This path takes {READ_ONLY} only.");
            let mut answer = problem(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
                &detail,
            );
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(READ_ONLY));
            answer
        }))
}

/// Where no service of the program is.
pub(super) async fn nowhere() -> HttpResponse {
    problem(
        StatusCode::NOT_FOUND,
        "not-found",
        "Not found",
        "There is nothing at this path of this service. SCIM is served by the ingress, below the tenant URL of a \
         directory, https://<host>/directories/<id>/scim/v2, which the management API shows as scim_url \
         (GET /api/v1/directories); /healthz, /readyz and /metrics are everywhere.",
    )
}
