//! `DELETE /directories/{id}/users/{user_id}`.

use crate::context::{AdminContext, path_id};
use crate::problem::{Problem, ProblemKind};
use crate::query::RequestQuery;
use ::events::{Command, CommandId, DirectoryId, ResourceId, ResourceKind, Source, Timestamp, Verb};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use api::{ErasureStarted, UserDeleteParameters};
use commands::CommandError;
use std::time::Duration;
use store::{Directory, Erasure};

/// How long a command may take.
const COMMAND_DEADLINE: Duration = Duration::from_secs(8);
/// How long a request works on an erasure; what is left is done in the background.
const ERASURE_TIME: Duration = Duration::from_secs(20);

/// Deletes a user, or erases everything about the person.
///
/// `erase=true` takes the person out of the event log, of what is to be sent and of what receivers answered as well, also
/// when the user was deleted before.
#[utoipa::path(
    delete,
    path = "/directories/{id}/users/{user_id}",
    operation_id = "delete_user",
    tag = "Users",
    params(api::UserDeleteParameters),
    responses(
        (status = 204, description = "It is done."),
        (status = 202, description = "The user is deleted; the rest of the erasure goes on in the background.", body = api::ErasureStarted),
    ),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (directory, user) = path.into_inner();
    let directory_id: DirectoryId = path_id("directory", &directory)?;
    let user_id: ResourceId = path_id("user", &user)?;
    let mut query = RequestQuery::of::<UserDeleteParameters>(&request);
    let erase: bool = query.parsed("erase", "true or false").unwrap_or(false);
    query.finish()?;
    let found = context.store().directories().by_id(directory_id).await?;
    let found = found.ok_or_else(|| Problem::not_found("directory", &directory))?;
    let deleted = delete_user(&context, &found, user_id).await?;
    if !erase {
        return if deleted {
            Ok(HttpResponse::NoContent().finish())
        } else {
            Err(Problem::not_found("user", &user))
        };
    }
    let erasure = Erasure { directory_id, user_id };
    if !deleted && !context.store().erasures().knows(erasure).await? {
        return Err(Problem::not_found("user", &user));
    }
    context.store().erasures().start(erasure, context.now).await?;
    let started = tokio::time::Instant::now();
    while started.elapsed() < ERASURE_TIME {
        if context.store().erasures().step(erasure, context.now).await? {
            return Ok(HttpResponse::NoContent().finish());
        }
    }
    Ok(HttpResponse::Accepted().json(ErasureStarted {
        id: user_id,
        erased: false,
    }))
}

/// Whether there was such a user, who is gone now.
async fn delete_user(context: &AdminContext, directory: &Directory, user: ResourceId) -> Result<bool, Problem> {
    let issued_at = Timestamp::now();
    let command = Command {
        id: CommandId::new(),
        organization_id: directory.organization_id,
        directory_id: directory.id,
        source: Source::Api,
        issued_at,
        deadline: issued_at.plus(COMMAND_DEADLINE),
        kind: ResourceKind::User,
        resource_id: user,
        if_match: Vec::new(),
        verb: Verb::Delete,
    };
    if context.store().users(directory.id).by_id(user, false).await?.is_none() {
        return Ok(false);
    }
    let sent = commands::send(context.bus(), context.store(), command).await;
    match sent.effect().await {
        Ok(_) => Ok(true),
        Err(CommandError::Refused { status: 404, .. }) => Ok(false),
        Err(CommandError::Refused { detail, .. }) => Err(Problem::new(ProblemKind::Conflict, detail)),
        Err(CommandError::NotApplied | CommandError::TooDeep | CommandError::Unavailable) => Err(Problem::new(
            ProblemKind::Unavailable,
            "Changes cannot be made at the moment; nothing was changed. Try again soon.",
        )),
        Err(CommandError::Unknown) => Err(Problem::new(
            ProblemKind::Unavailable,
            "The outcome is unknown: the user may or may not be deleted. Try again: that does no harm.",
        )),
    }
}
