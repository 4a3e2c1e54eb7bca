//! `PATCH` and `DELETE /directories/{id}`.

use super::view::{View, ways};
use super::{about, settings};
use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{list, text, word};
use crate::problem::Problem;
use ::events::{DirectoryId, EventType};
use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use serde_json::{Value, json};
use store::{Authentication, Change, Directory, DirectoryState};

const STATES: &[(&str, DirectoryState)] = &[("active", DirectoryState::Active), ("paused", DirectoryState::Paused)];

const WAYS: &[(&str, Authentication)] = &[
    (Authentication::Bearer.as_str(), Authentication::Bearer),
    (Authentication::Basic.as_str(), Authentication::Basic),
    (
        Authentication::OauthClientCredentials.as_str(),
        Authentication::OauthClientCredentials,
    ),
    (
        Authentication::WorkloadIdentity.as_str(),
        Authentication::WorkloadIdentity,
    ),
];

pub(in crate::api) async fn update(context: Context, path: Path<String>, body: Body) -> Result<Json<View>, Problem> {
    let id: DirectoryId = path_id("directory", &path)?;
    let allowed = [&["name", "state", "authentication"][..], &settings::NAMES].concat();
    let mut fields = body.fields(&allowed);
    let name = fields.change("name", text(1..=200));
    let state = fields.change("state", word(STATES));
    let authentication = fields.change_or_clear("authentication", list(1..=4, word(WAYS)));
    let settings = settings::read(&mut fields);
    fields.finish()?;
    settings.check_groups(&context, id).await?;

    let lane = context.lane(id);
    let change = context.change(Some(lane)).await?;
    let before = change
        .directory(id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    let mut after = before.clone();
    after.name = name.unwrap_or(after.name);
    after.state = state.unwrap_or(after.state);
    if let Some(ways) = authentication {
        after.set_authentication(ways.as_deref())?;
    }
    settings.apply(&mut after)?;
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
    let (old, new) = (before.policy()?, after.policy()?);
    let urns = settings::searched_anew(&old, &new);
    let rewritten = change.reindex_users(after.id, &urns, new.user_type()).await?;
    if rewritten > 0 {
        tracing::info!(directory.id = %after.id, users = rewritten, "users are searched by new schemas");
    }
    let data = json!({ "directory": about(after), "changes": changes(before, after)? });
    let draft = context.draft(EventType::DirectoryUpdated, after, data);
    change.append(lane, vec![draft]).await?;
    Ok(())
}

fn changes(before: &Directory, after: &Directory) -> Result<Vec<Value>, Problem> {
    let pairs = [
        ("name", before.name.as_str(), after.name.as_str()),
        ("state", before.state.as_str(), after.state.as_str()),
    ];
    let changed = pairs.into_iter().filter(|(_, before, after)| before != after);
    let mut changes: Vec<_> = changed
        .map(|(path, before, after)| json!({ "path": path, "before": before, "after": after }))
        .collect();
    let (old, new) = (ways(before)?, ways(after)?);
    if old != new {
        changes.push(json!({ "path": "authentication", "before": old, "after": new }));
    }
    changes.extend(changed_settings(before, after)?);
    Ok(changes)
}

/// The settings that differ, as they are in force.
fn changed_settings(before: &Directory, after: &Directory) -> Result<Vec<Value>, Problem> {
    let (before, after) = (settings::shown(&before.policy()?), settings::shown(&after.policy()?));
    let names = settings::NAMES
        .iter()
        .filter(|name| before.get(**name) != after.get(**name));
    Ok(names
        .map(|name| json!({ "path": name, "before": before.get(*name), "after": after.get(*name) }))
        .collect())
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
