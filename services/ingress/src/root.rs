//! The base URL itself: queries that span all kinds of resources (R44).

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::list;
use actix_web::HttpResponse;
use actix_web::web::Payload;
use events::ResourceKind;

/// What a query at the root spans, in this order.
const ALL_KINDS: [ResourceKind; 2] = [ResourceKind::User, ResourceKind::Group];

/// `GET` of the base URL.
pub(crate) async fn list(context: ScimContext) -> Result<HttpResponse, Failure> {
    list::list(&context, &ALL_KINDS, &context.query()?).await
}

/// `POST /.search`.
pub(crate) async fn search(context: ScimContext, payload: Payload) -> Result<HttpResponse, Failure> {
    list::search(&context, &ALL_KINDS, payload).await
}
