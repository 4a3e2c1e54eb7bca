//! `GET /Groups` and `POST /Groups/.search`.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::list;
use actix_web::HttpResponse;
use actix_web::web::Payload;
use events::ResourceKind;

/// A page of groups, by the query.
pub(crate) async fn list(context: ScimContext) -> Result<HttpResponse, Failure> {
    list::list(&context, &[ResourceKind::Group], &context.query()?).await
}

/// A page of groups, by the body (RFC 7644 §3.4.3).
pub(crate) async fn search(context: ScimContext, payload: Payload) -> Result<HttpResponse, Failure> {
    list::search(&context, &[ResourceKind::Group], payload).await
}
