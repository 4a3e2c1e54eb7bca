//! `DELETE /directories/{id}/users/{user_id}`.

use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::people::{People, Wish};
use crate::problem::{Problem, ProblemKind};
use crate::query::RequestQuery;
use ::events::{ResourceId, ResourceKind, Verb};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use api::{ErasureStarted, UserDeleteParameters};
use std::time::Duration;
use store::Erasure;

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
    let user_id: ResourceId = path_id("user", &user)?;
    let mut query = RequestQuery::of::<UserDeleteParameters>(&request);
    let erase: bool = query.parsed("erase", "true or false").unwrap_or(false);
    query.finish()?;
    let people = People::of(&context, &directory).await?;
    let directory_id = people.directory.id;
    let deleted = delete_user(&context, &people, user_id, erase).await?;
    if deleted {
        let act = Act::new("deleted", "user", user_id).within(&people.directory);
        context.note(act).await?;
    }
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
    // Before it begins: an erasure cannot be taken back.
    let act = Act::new("erased", "user", user_id).within(&people.directory);
    context.note(act).await?;
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
async fn delete_user(context: &AdminContext, people: &People, user: ResourceId, erase: bool) -> Result<bool, Problem> {
    let users = context.store().users(people.directory.id);
    if users.by_id(user, false).await?.is_none() {
        return Ok(false);
    }
    if erase {
        let erasure = Erasure {
            directory_id: people.directory.id,
            user_id: user,
        };
        context.store().erasures().announce(erasure, context.now).await?;
    }
    let wish = Wish {
        kind: ResourceKind::User,
        resource_id: user,
        verb: Verb::Delete,
    };
    let effect = if erase {
        people.apply_in_any_state(context, wish).await
    } else {
        people.apply(context, wish).await
    };
    match effect {
        Ok(_) => Ok(true),
        Err(problem) if problem.kind() == ProblemKind::NotFound => Ok(false),
        Err(problem) => Err(problem),
    }
}
