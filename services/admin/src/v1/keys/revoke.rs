//! `DELETE /directories/{id}/keys/{key_id}`.

use super::{ids, others, shown};
use crate::audit::Act;
use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use crate::query::RequestQuery;
use crate::setup::about_key;
use ::events::EventType;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use api::{KeyRevokeParameters, RotationState};

/// Revokes a key.
///
/// Requests that bring it are refused within a second. A key that another one is to take the place of is revoked only when that
/// one was seen in traffic, or with `force`: else the identity provider may be locked out.
#[utoipa::path(
    delete,
    path = "/directories/{id}/keys/{key_id}",
    operation_id = "revoke_key",
    tag = "Directory keys",
    params(api::KeyRevokeParameters),
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut query = RequestQuery::of::<KeyRevokeParameters>(&request);
    let force: Option<bool> = query.parsed("force", "true or false");
    query.finish()?;
    let (directory_id, id) = ids(&path)?;
    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let missing = || Problem::not_found("key", &path.1);
    let directory = change.directory(directory_id).await?.ok_or_else(missing)?;
    let key = change.key(directory_id, id).await?.ok_or_else(missing)?;
    let others = others(&context, std::slice::from_ref(&key), directory_id).await?;
    let plain = shown(key.clone(), &others);
    if let Some(rotation) = &plain.rotation
        && let Some(newer) = rotation.replaced_by
        && rotation.state == RotationState::New
        && !force.unwrap_or_default()
    {
        let detail = format!(
            "The key {newer}, which is to take the place of this one, was not seen in traffic yet. Enter its token at the identity \
             provider and wait for a request, or revoke this key with ?force=true."
        );
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    change.revoke_key(&key, context.now).await?;
    let draft = context.draft(EventType::DirectoryKeyRevoked, &directory, about_key(&directory, &key));
    change.append(lane, vec![draft]).await?;
    let act = Act::deleted("key", id, &plain).named("revoked").within(&directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
