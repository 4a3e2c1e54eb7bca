//! `GET /Users` and `POST /Users/.search`.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::list;
use actix_web::HttpResponse;
use actix_web::web::Payload;
use events::ResourceKind;

/// A page of users, by the query.
pub(crate) async fn list(context: ScimContext) -> Result<HttpResponse, Failure> {
    list::list(&context, &[ResourceKind::User], &context.query()?).await
}

/// A page of users, by the body (RFC 7644 §3.4.3).
pub(crate) async fn search(context: ScimContext, payload: Payload) -> Result<HttpResponse, Failure> {
    list::search(&context, &[ResourceKind::User], payload).await
}
