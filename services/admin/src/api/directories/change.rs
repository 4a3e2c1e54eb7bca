//! `PATCH` and `DELETE /directories/{id}`.

use super::view::{View, ways};
use super::{about, release, settings};
use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{list, text, word};
use crate::problem::Problem;
use ::directory::{MOST_ROLE_CHANGES, Policy, Standing, role_change};
use ::events::{DirectoryId, EventType, GroupRef, Timestamp};
use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use serde_json::{Value, json};
use store::{Authentication, Change, Directory, DirectoryState, EventDraft};

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
    (Authentication::EntraToken.as_str(), Authentication::EntraToken),
];

pub(in crate::api) async fn update(context: Context, path: Path<String>, body: Body) -> Result<Json<View>, Problem> {
    let id: DirectoryId = path_id("directory", &path)?;
    let allowed = [&["name", "state", "authentication"][..], &settings::NAMES].concat();
    let mut fields = body.fields(&allowed);
    let name = fields.change("name", text(1..=200));
    let state = fields.change("state", word(STATES));
    let authentication = fields.change_or_clear("authentication", list(1..=WAYS.len(), word(WAYS)));
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
    if let Some(ways) = authentication {
        after.set_authentication(ways.as_deref())?;
    }
    settings.apply(&mut after)?;
    let keeps_brake = after.policy()?.mass_change_brake.enabled;
    set_state(&mut after, state, keeps_brake, context.now);
    if after != before {
        after.updated_at = context.now;
        save(&context, &change, lane, &before, &mut after).await?;
    }
    change.commit().await?;
    if after.policy()?.indexing.is_some() {
        context.index();
    }
    let counts = context
        .store()
        .directories()
        .counts(&[id])
        .await?
        .remove(&id)
        .unwrap_or_default();
    Ok(Json(View::new(&context, after).with_counts(counts)))
}

/// `active` releases a directory that is held, and so does switching its brake off. One that is paused as well is held
/// again when the pause ends: whoever ends the pause may know nothing of the rest.
fn set_state(directory: &mut Directory, wanted: Option<DirectoryState>, keeps_brake: bool, now: Timestamp) {
    let is_held = directory.state == DirectoryState::Held;
    if (is_held && wanted == Some(DirectoryState::Active)) || (directory.held_at.is_some() && !keeps_brake) {
        directory.release(release::default_end(now));
    }
    let is_paused = wanted.unwrap_or(directory.state) == DirectoryState::Paused;
    directory.state = match (is_paused, directory.held_at) {
        (true, _) => DirectoryState::Paused,
        (false, Some(_)) => DirectoryState::Held,
        (false, None) => DirectoryState::Active,
    };
}

async fn save(
    context: &Context,
    change: &Change,
    lane: u16,
    before: &Directory,
    after: &mut Directory,
) -> Result<(), Problem> {
    let (old, new) = (before.policy()?, after.policy()?);
    change.reindex(after, &settings::searched_anew(&old, &new)).await?;
    change.save_directory(after).await?;
    let data = json!({ "directory": about(after), "changes": changes(before, after)? });
    let mut drafts = vec![context.draft(EventType::DirectoryUpdated, after, data)];
    drafts.extend(role_changes(context, change, after, &old, &new).await?);
    change.append(lane, drafts).await?;
    if before.held_at.is_some() && after.held_at.is_none() {
        release::announce(context, change, lane, before, after).await?;
    }
    Ok(())
}

/// What becomes of the people whose groups give another role now, if they are not too many to tell of each.
async fn role_changes(
    context: &Context,
    change: &Change,
    directory: &Directory,
    old: &Policy,
    new: &Policy,
) -> Result<Vec<EventDraft>, Problem> {
    if old.group_roles == new.group_roles && old.groups_enabled == new.groups_enabled {
        return Ok(Vec::new());
    }
    let rules = old.group_roles.iter().chain(&new.group_roles);
    let mut groups: Vec<_> = rules.map(|rule| rule.group_id).collect();
    groups.sort_unstable();
    groups.dedup();
    let Some(people) = change.people_in(directory.id, &groups, MOST_ROLE_CHANGES).await? else {
        return Ok(Vec::new());
    };
    let drafts = people.iter().filter_map(|(user, groups)| {
        fn standing<'a>(policy: &'a Policy, groups: &'a [GroupRef]) -> Standing<'a> {
            let groups = if policy.groups_enabled { groups } else { &[] };
            Standing { groups, policy }
        }
        let data = role_change(user, directory.id, standing(old, groups), standing(new, groups))?;
        Some(EventDraft {
            subject_id: Some(user.id),
            ..context.draft(EventType::UserUpdated, directory, data)
        })
    });
    Ok(drafts.collect())
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
