//! `PATCH` and `DELETE /directories/{id}`.

use super::about;
use super::view::View;
use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{text, word};
use crate::problem::Problem;
use ::events::{DirectoryId, EventType};
use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use serde_json::{Value, json};
use store::{Change, Directory, DirectoryState};

const STATES: &[(&str, DirectoryState)] = &[("active", DirectoryState::Active), ("paused", DirectoryState::Paused)];

pub(in crate::api) async fn update(context: Context, path: Path<String>, body: Body) -> Result<Json<View>, Problem> {
    let id: DirectoryId = path_id("directory", &path)?;
    let mut fields = body.fields(&["name", "state"]);
    let name = fields.change("name", text(1..=200));
    let state = fields.change("state", word(STATES));
    fields.finish()?;

    let lane = context.lane(id);
    let change = context.change(Some(lane)).await?;
    let before = change
        .directory(id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    let mut after = before.clone();
    after.name = name.unwrap_or(after.name);
    after.state = state.unwrap_or(after.state);
    if after != before {
        after.updated_at = context.now;
        save(&context, &change, lane, &before, &after).await?;
    }
    change.commit().await?;
    let counts = context
        .store()
        .directories()
        .counts(&[id])
        .await?
        .remove(&id)
        .unwrap_or_default();
    Ok(Json(View::new(&context, after).with_counts(counts)))
}

async fn save(
    context: &Context,
    change: &Change,
    lane: u16,
    before: &Directory,
    after: &Directory,
) -> Result<(), Problem> {
    change.save_directory(after).await?;
    let data = json!({ "directory": about(after), "changes": changes(before, after) });
    let draft = context.draft(EventType::DirectoryUpdated, after, data);
    change.append(lane, vec![draft]).await?;
    Ok(())
}

fn changes(before: &Directory, after: &Directory) -> Vec<Value> {
    let pairs = [
        ("name", before.name.as_str(), after.name.as_str()),
        ("state", before.state.as_str(), after.state.as_str()),
    ];
    let changed = pairs.into_iter().filter(|(_, before, after)| before != after);
    changed
        .map(|(path, before, after)| json!({ "path": path, "before": before, "after": after }))
        .collect()
}

/// The users, groups and keys of the directory go with it; its log stays.
pub(in crate::api) async fn delete(context: Context, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: DirectoryId = path_id("directory", &path)?;
    let lane = context.lane(id);
    let change = context.change(Some(lane)).await?;
    let directory = change
        .directory(id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    let data = json!({ "directory": about(&directory) });
    let draft = context.draft(EventType::DirectoryDeleted, &directory, data);
    change.append(lane, vec![draft]).await?;
    change.delete_directory(id).await?;
    change.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
