//! `POST /Groups`.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::write;
use actix_web::HttpResponse;
use actix_web::web::Payload;
use events::ResourceKind;

/// Makes a group: 201 with it.
pub(crate) async fn create(context: ScimContext, payload: Payload) -> Result<HttpResponse, Failure> {
    write::create(&context, ResourceKind::Group, payload).await
}
