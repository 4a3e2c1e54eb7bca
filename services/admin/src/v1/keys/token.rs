//! `GET /directories/{id}/keys/{key_id}/token`.

use super::{ids, token_context};
use crate::audit::Act;
use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use actix_web::web::{Json, Path};
use api::KeyToken;
use secrecy::ExposeSecret;

/// Shows the token of a key that was made to be retrievable.
#[utoipa::path(
    get,
    path = "/directories/{id}/keys/{key_id}/token",
    operation_id = "get_key_token",
    tag = "Directory keys",
    responses((status = 200, description = "The token.", body = api::KeyToken)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<Json<KeyToken>, Problem> {
    let (directory_id, id) = ids(&path)?;
    let directory = context.store().directories().by_id(directory_id).await?;
    let directory = directory.ok_or_else(|| Problem::not_found("key", &path.1))?;
    let key = context.store().directory_keys(directory_id).by_id(id).await?;
    let key = key.ok_or_else(|| Problem::not_found("key", &path.1))?;
    let Some(sealed) = key.sealed_token else {
        let detail = "The token of this key was not kept: only keys made with \"retrievable\": true can be read back.";
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    let token = context
        .master_keys()
        .open_text(&sealed, &token_context(id))
        .map_err(|error| Problem::internal(&error))?;
    // Before it is shown: what cannot be noted is not shown.
    let act = Act::new("token_read", "key", id).within(&directory);
    context.note(act).await?;
    tracing::info!(key.id = %id, directory.id = %directory_id, principal = %context.principal, "the token of a key was read back");
    let token = token.expose_secret().into();
    Ok(Json(KeyToken { id, token }))
}
