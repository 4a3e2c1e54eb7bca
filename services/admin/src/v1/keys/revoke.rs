//! `DELETE /directories/{id}/keys/{key_id}`.

use super::{ids, shown};
use crate::audit::Act;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::setup::about_key;
use ::events::EventType;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Revokes a key.
///
/// Requests that bring it are refused within a second.
#[utoipa::path(
    delete,
    path = "/directories/{id}/keys/{key_id}",
    operation_id = "revoke_key",
    tag = "Directory keys",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (directory_id, id) = ids(&path)?;
    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let missing = || Problem::not_found("key", &path.1);
    let directory = change.directory(directory_id).await?.ok_or_else(missing)?;
    let key = change.key(directory_id, id).await?.ok_or_else(missing)?;
    change.revoke_key(&key, context.now).await?;
    let draft = context.draft(EventType::DirectoryKeyRevoked, &directory, about_key(&directory, &key));
    change.append(lane, vec![draft]).await?;
    let act = Act::deleted("key", id, &shown(key)).named("revoked").within(&directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
