//! `PATCH /directories/{id}/keys/{key_id}`.

use super::{check_expiry, ids, others, shown};
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::problem::Problem;
use actix_web::web::{Json, Path};
use api::{Key, KeyPatch};

/// Changes name, description or end of a key.
#[utoipa::path(
    patch,
    path = "/directories/{id}/keys/{key_id}",
    operation_id = "update_key",
    tag = "Directory keys",
    request_body = api::KeyPatch,
    responses((status = 200, description = "The key as it is now.", body = api::Key)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    mut body: Body<KeyPatch>,
) -> Result<Json<Key>, Problem> {
    let (directory_id, id) = ids(&path)?;
    check_expiry(&context, &mut body);
    let patch = body.finish()?;

    let change = context.change(None).await?;
    let missing = || Problem::not_found("key", &path.1);
    let directory = change.directory(directory_id).await?.ok_or_else(missing)?;
    let mut key = change.key(directory_id, id).await?.ok_or_else(missing)?;
    let others = others(&context, std::slice::from_ref(&key), directory_id).await?;
    let before = shown(key.clone(), &others);
    key.name = patch.name.unwrap_or(key.name);
    key.description = patch.description.unwrap_or(key.description);
    key.expires_at = patch.expires_at.unwrap_or(key.expires_at);
    change.save_key(&key, context.now).await?;
    let after = shown(key, &others);
    let act = Act::updated("key", id, &before, &after).within(&directory);
    change.commit(&context, act).await?;
    Ok(Json(after))
}
