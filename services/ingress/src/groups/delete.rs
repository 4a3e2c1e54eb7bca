//! `DELETE /Groups/{id}`.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::write;
use actix_web::HttpResponse;
use events::ResourceKind;

/// Deletes a group: 204.
pub(crate) async fn delete(context: ScimContext) -> Result<HttpResponse, Failure> {
    write::delete(&context, ResourceKind::Group).await
}
