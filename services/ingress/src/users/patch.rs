//! `PATCH /Users/{id}`.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::write;
use actix_web::HttpResponse;
use actix_web::web::Payload;
use events::ResourceKind;

/// Changes a user: 200 with it.
pub(crate) async fn patch(context: ScimContext, payload: Payload) -> Result<HttpResponse, Failure> {
    let kind = ResourceKind::User;
    let (id, effect, query) = write::patch(&context, kind, payload).await?;
    write::shown(&context, kind, id, effect, &query).await
}
