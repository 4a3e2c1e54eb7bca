//! `DELETE /directories/{id}/oauth-clients/{client_id}`.

use super::{about, shown};
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::{DirectoryId, EventType, KeyId};
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Revokes an OAuth client.
#[utoipa::path(
    delete,
    path = "/directories/{id}/oauth-clients/{client_id}",
    operation_id = "revoke_oauth_client",
    tag = "OAuth clients",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("OAuth client", &path.1);
    let directory_id: DirectoryId = path_id("directory", &path.0)?;
    let id: KeyId = path_id("OAuth client", &path.1)?;
    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let directory = change.directory(directory_id).await?.ok_or_else(missing)?;
    let client = change.oauth_client(directory_id, id).await?.ok_or_else(missing)?;
    change.revoke_oauth_client(&client, context.now).await?;
    let draft = context.draft(EventType::DirectoryKeyRevoked, &directory, about(&directory, &client));
    change.append(lane, vec![draft]).await?;
    let act = Act::deleted("oauth_client", id, &shown(&context, client, None))
        .named("revoked")
        .within(&directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
