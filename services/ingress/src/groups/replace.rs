//! `PUT /Groups/{id}`.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::write;
use actix_web::HttpResponse;
use actix_web::web::Payload;
use events::ResourceKind;

/// Replaces a group: 200 with it.
pub(crate) async fn replace(context: ScimContext, payload: Payload) -> Result<HttpResponse, Failure> {
    write::replace(&context, ResourceKind::Group, payload).await
}
