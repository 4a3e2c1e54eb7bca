//! `PATCH /Groups/{id}`.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::{answer, write};
use actix_web::HttpResponse;
use actix_web::web::Payload;
use commands::Effect;
use events::ResourceKind;
use scim::resource::etag;

/// Changes a group: 204, because a member list may be long and Entra wants none, unless the caller names attributes.
pub(crate) async fn patch(context: ScimContext, payload: Payload) -> Result<HttpResponse, Failure> {
    let kind = ResourceKind::Group;
    let (id, effect, query) = write::patch(&context, kind, payload).await?;
    match effect {
        Effect::Noted { version, .. } if query.attributes.is_empty() => Ok(answer::empty(204, Some(&etag(version)))),
        effect => write::shown(&context, kind, id, effect, &query).await,
    }
}
