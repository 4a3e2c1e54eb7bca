//! `POST /directories/{id}/release`: an administrator has looked, and lets deactivations and deletions through.

use super::view::shown;
use crate::audit::Act;
use crate::body::OptionalBody;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::events::{DirectoryId, EventType, Timestamp};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::DirectoryRelease;
use serde_json::json;
use std::time::Duration;
use store::{AdminTx, Directory, DirectoryState};

/// How long a release lasts unless it says otherwise. Entra sends what was refused again with its next cycle, about 40
/// minutes later: a release must last longer than that, or the directory would be held a second time.
const LASTS_MINUTES: u32 = 60;

/// Until when a release lasts that says nothing else.
pub(super) fn default_end(now: Timestamp) -> Timestamp {
    end(now, LASTS_MINUTES)
}

fn end(now: Timestamp, minutes: u32) -> Timestamp {
    now.plus(Duration::from_mins(u64::from(minutes)))
}

/// Lets deactivations and deletions through for a while.
///
/// For a directory that is held this ends the hold. For an active one it announces a mass change that is meant: nothing is
/// held until then. What has gone so far counts no more.
#[utoipa::path(
    post,
    path = "/directories/{id}/release",
    operation_id = "release_directory",
    tag = "Directories",
    request_body = Option<api::DirectoryRelease>,
    responses((status = 200, description = "The directory as it is now.", body = api::Directory)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    OptionalBody(body): OptionalBody<DirectoryRelease>,
) -> Result<HttpResponse, Problem> {
    let id: DirectoryId = path_id("directory", &path)?;
    let raw = body.raw();
    let minutes = body.finish()?.minutes.unwrap_or(LASTS_MINUTES);
    let lane = context.lane(id);
    let open = match context.begin(Some(lane), &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let before = open
        .directory(id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    if before.state == DirectoryState::Paused {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "This directory is paused and takes no changes at all; set its state to \"active\" first.",
        ));
    }
    let mut after = before.clone();
    after.state = DirectoryState::Active;
    after.release(end(context.now, minutes));
    after.updated_at = context.now;
    open.save_directory(&after).await?;
    if before.held_at.is_some() {
        announce(&context, &open, lane, &before, &after).await?;
    } else {
        open.forget_removals(&after).await?;
        let change =
            json!({ "path": "released_until", "before": before.released_until, "after": after.released_until });
        let data = json!({ "directory": after.about(), "changes": [change] });
        let draft = context.draft(EventType::DirectoryUpdated, &after, data);
        open.append(lane, vec![draft]).await?;
    }
    let synced = context.store().sync_states(&[after.id]).await?.remove(&after.id);
    let old = shown(&context, before.clone(), synced.as_ref(), context.now);
    let answer = shown(&context, after.clone(), synced.as_ref(), context.now);
    let act = Act::updated("directory", id, &old, &answer)
        .named("released")
        .within(&after);
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}

/// `directory.released`, in the change that ends a hold.
pub(super) async fn announce(
    context: &AdminContext,
    change: &AdminTx,
    lane: u16,
    before: &Directory,
    after: &Directory,
) -> Result<(), Problem> {
    change.forget_removals(after).await?;
    let data = json!({
        "directory": after.about(),
        "held_at": before.held_at,
        "released_until": after.released_until,
    });
    let draft = context.draft(EventType::DirectoryReleased, after, data);
    change.append(lane, vec![draft]).await?;
    Ok(())
}
