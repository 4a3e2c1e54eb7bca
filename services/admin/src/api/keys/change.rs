//! `PATCH` and `DELETE /directories/{id}/keys/{key_id}`.

use super::{View, about, ids};
use crate::body::Body;
use crate::context::Context;
use crate::fields::{text, time_after};
use crate::problem::Problem;
use ::events::EventType;
use actix_web::HttpResponse;
use actix_web::web::{Json, Path};

pub(in crate::api) async fn update(
    context: Context,
    path: Path<(String, String)>,
    body: Body,
) -> Result<Json<View>, Problem> {
    let (directory_id, id) = ids(&path)?;
    let mut fields = body.fields(&["name", "description", "expires_at"]);
    let name = fields.change("name", text(1..=100));
    let description = fields.change_or_clear("description", text(0..=250));
    let expires_at = fields.change_or_clear("expires_at", time_after(context.now));
    fields.finish()?;

    let change = context.change(None).await?;
    let key = change.key(directory_id, id).await?;
    let mut key = key.ok_or_else(|| Problem::not_found("key", &path.1))?;
    key.name = name.unwrap_or(key.name);
    key.description = description.unwrap_or(key.description);
    key.expires_at = expires_at.unwrap_or(key.expires_at);
    change.save_key(&key).await?;
    change.commit().await?;
    Ok(Json(key.into()))
}

pub(in crate::api) async fn revoke(context: Context, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (directory_id, id) = ids(&path)?;
    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let missing = || Problem::not_found("key", &path.1);
    let directory = change.directory(directory_id).await?.ok_or_else(missing)?;
    let key = change.key(directory_id, id).await?.ok_or_else(missing)?;
    change.revoke_key(&key, context.now).await?;
    let draft = context.draft(EventType::DirectoryKeyRevoked, &directory, about(&directory, &key));
    change.append(lane, vec![draft]).await?;
    change.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
