//! `GET /Groups/{id}`.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::read;
use actix_web::HttpResponse;
use events::ResourceKind;

/// Shows a group: 200, or 304 where the caller has it already (R11).
pub(crate) async fn get(context: ScimContext) -> Result<HttpResponse, Failure> {
    let id = context.id(ResourceKind::Group)?;
    read::one(&context, ResourceKind::Group, id).await
}
