//! `PATCH /directories/{id}`.

use super::release;
use super::settings::{self, Changes};
use super::view::{counted, shown, ways};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::directory::{MOST_ROLE_CHANGES, Policy, RoleInputs, normalized_user, role_change};
use ::events::{DirectoryId, EventType, GroupRef, Timestamp};
use actix_web::web::{Json, Path};
use api::{DirectoryPatch, SwitchedState};
use serde_json::{Value, json};
use store::{AdminTx, Authentication, Directory, DirectoryState, EventDraft};

/// Changes a directory.
#[utoipa::path(
    patch,
    path = "/directories/{id}",
    operation_id = "update_directory",
    tag = "Directories",
    request_body = api::DirectoryPatch,
    responses((status = 200, description = "The directory as it is now.", body = api::Directory)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<DirectoryPatch>,
) -> Result<Json<api::Directory>, Problem> {
    let id: DirectoryId = path_id("directory", &path)?;
    settings::check(body.reading());
    let patch = body.finish()?;
    let settings = Changes::of(&patch)?;
    settings.check_groups(&context, id).await?;

    let lane = context.lane(id);
    let change = context.change(Some(lane)).await?;
    let verified = match patch.people_of {
        Some(_) => verified_domains(&context, &change, id).await?,
        None => Vec::new(),
    };
    let before = change
        .directory(id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    let mut after = before.clone();
    after.name = patch.name.unwrap_or(after.name);
    if let Some(ways) = patch.authentication {
        let ways = ways.map(|ways| ways.into_iter().map(way_of).collect::<Vec<_>>());
        after.set_authentication(ways.as_deref())?;
    }
    settings.apply(&mut after)?;
    if patch.people_of.is_some() {
        after.set_verified_domains(&verified)?;
    }
    let keeps_brake = after.policy()?.mass_change_brake.enabled;
    set_state(&mut after, patch.state, keeps_brake, context.now);
    if after != before {
        after.updated_at = context.now;
        save(&context, &change, lane, &before, &mut after).await?;
        let (old, new) = (
            shown(&context, before.clone(), None, context.now),
            shown(&context, after.clone(), None, context.now),
        );
        let act = Act::updated("directory", id, &old, &new).within(&after);
        change.commit(&context, act).await?;
    }
    if after.policy()?.indexing.is_some() {
        context.index();
    }
    let directories = context.store().directories();
    let counts = directories.counts(&[id]).await?.remove(&id).unwrap_or_default();
    let synced = context.store().sync_states(&[id]).await?.remove(&id);
    let shown = shown(&context, after, synced.as_ref(), context.now);
    Ok(Json(counted(shown, counts)))
}

/// The verified domains of the organization of a directory. It is held, so that none is verified meanwhile, and before the
/// directory is, as everywhere.
async fn verified_domains(context: &AdminContext, change: &AdminTx, id: DirectoryId) -> Result<Vec<String>, Problem> {
    let Some(directory) = context.store().directories().by_id(id).await? else {
        return Ok(Vec::new());
    };
    change.held_organization(directory.organization_id).await?;
    Ok(change.verified_domains(directory.organization_id).await?)
}

const fn way_of(way: api::Authentication) -> Authentication {
    match way {
        api::Authentication::Bearer => Authentication::Bearer,
        api::Authentication::Basic => Authentication::Basic,
        api::Authentication::OauthClientCredentials => Authentication::OauthClientCredentials,
        api::Authentication::WorkloadIdentity => Authentication::WorkloadIdentity,
        api::Authentication::EntraToken => Authentication::EntraToken,
    }
}

/// `active` releases a directory that is held, and so does switching its brake off. One that is paused as well is held
/// again when the pause ends: the caller that ends the pause may know nothing of the rest.
fn set_state(directory: &mut Directory, wanted: Option<SwitchedState>, keeps_brake: bool, now: Timestamp) {
    let is_held = directory.state == DirectoryState::Held;
    if (is_held && wanted == Some(SwitchedState::Active)) || (directory.held_at.is_some() && !keeps_brake) {
        directory.release(release::default_end(now));
    }
    let was_paused = directory.state == DirectoryState::Paused;
    let is_paused = wanted.map_or(was_paused, |wanted| wanted == SwitchedState::Paused);
    directory.state = match (is_paused, directory.held_at) {
        (true, _) => DirectoryState::Paused,
        (false, Some(_)) => DirectoryState::Held,
        (false, None) => DirectoryState::Active,
    };
}

async fn save(
    context: &AdminContext,
    change: &AdminTx,
    lane: u16,
    before: &Directory,
    after: &mut Directory,
) -> Result<(), Problem> {
    let (old, new) = (before.policy()?, after.policy()?);
    change.reindex(after, &settings::to_reindex(&old, &new)).await?;
    change.save_directory(after).await?;
    let data = json!({ "directory": after.about(), "changes": changes(before, after)? });
    let mut drafts = vec![context.draft(EventType::DirectoryUpdated, after, data)];
    drafts.extend(role_changes(context, change, after, &old, &new).await?);
    drafts.extend(map_changes(context, change, after, &old, &new).await?);
    change.append(lane, drafts).await?;
    if before.held_at.is_some() && after.held_at.is_none() {
        release::announce(context, change, lane, before, after).await?;
    }
    Ok(())
}

/// What becomes of the people whose groups give another role now, if they are not too many to tell of each.
async fn role_changes(
    context: &AdminContext,
    change: &AdminTx,
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
        fn standing<'a>(policy: &'a Policy, groups: &'a [GroupRef]) -> RoleInputs<'a> {
            let groups = if policy.groups_enabled { groups } else { &[] };
            RoleInputs { groups, policy }
        }
        let data = role_change(user, directory.owner(), standing(old, groups), standing(new, groups))?;
        Some(EventDraft {
            subject_id: Some(user.id),
            ..context.draft(EventType::UserUpdated, directory, data)
        })
    });
    Ok(drafts.collect())
}

/// What becomes of the people whom the attribute map shows in another way now, if they are not too many to look at each.
async fn map_changes(
    context: &AdminContext,
    change: &AdminTx,
    directory: &Directory,
    old: &Policy,
    new: &Policy,
) -> Result<Vec<EventDraft>, Problem> {
    if old.attribute_map == new.attribute_map {
        return Ok(Vec::new());
    }
    let Some(people) = change.everybody(directory.id, MOST_ROLE_CHANGES).await? else {
        return Ok(Vec::new());
    };
    let drafts = people.iter().filter_map(|(user, groups)| {
        let changes = old.map_changes(user, new);
        if changes.is_empty() {
            return None;
        }
        let groups = if new.groups_enabled { groups.as_slice() } else { &[] };
        let user_now = normalized_user(user, directory.owner(), groups, new);
        let data = json!({ "user": user_now, "changes": changes });
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
    let (before, after) = (
        settings::in_force(&before.policy()?),
        settings::in_force(&after.policy()?),
    );
    let names = settings::NAMES
        .iter()
        .filter(|name| before.get(**name) != after.get(**name));
    Ok(names
        .map(|name| json!({ "path": name, "before": before.get(*name), "after": after.get(*name) }))
        .collect())
}
