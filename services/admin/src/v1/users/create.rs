//! `POST /directories/{id}/users`.

use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::people::{People, Wish, command_of, user_body};
use crate::problem::{Problem, ProblemKind};
use ::events::{ResourceKind, Verb};
use actix_web::HttpResponse;
use actix_web::web::Path;
use api::{User, UserCreate};
use commands::Effect;

/// Creates a user of the app's own.
///
/// The change goes by the same way as those of an identity provider: the settings of the directory hold for it, and its
/// events have the source `api`. The identity provider can import the user by a SCIM GET.
#[utoipa::path(
    post,
    path = "/directories/{id}/users",
    operation_id = "create_user",
    tag = "Users",
    request_body = api::UserCreate,
    responses((status = 201, description = "The new user.", body = api::User, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<UserCreate>,
) -> Result<HttpResponse, Problem> {
    let raw = body.raw();
    let _alone = context.alone().await;
    if let Some(answer) = context.answered(&raw).await? {
        return Ok(answer);
    }
    let people = People::of(&context, &path).await?;
    let attributes = user_body::to_create(&people, &mut body);
    body.finish()?;
    let id = command_of(&context, &raw).await?;
    let wish = Wish::create(ResourceKind::User, Verb::Create(attributes));
    let effect = people.apply_as(&context, id, wish).await?;
    let user = shown(&context, &people, effect).await?;
    let act = Act::new("created", "user", user.id);
    let path = format!("users/{}", user.id);
    people.created(&context, &raw, act, &path, &user).await
}

/// The user that a change left, from its verdict, or read back where the verdict is only a note.
///
/// # Errors
/// 409 when the user is gone by now; otherwise as the store.
pub(super) async fn shown(context: &AdminContext, people: &People, effect: Effect) -> Result<User, Problem> {
    let id = match effect {
        Effect::Stored { resource, .. } => return people.stored_user(*resource),
        Effect::Noted { resource_id, .. } => Some(resource_id),
        Effect::Deleted => None,
    };
    let users = context.store().users(people.directory.id);
    let found = match id {
        Some(id) => users.by_id(id, people.policy.groups_enabled).await?,
        None => None,
    };
    let found = found.ok_or_else(|| Problem::new(ProblemKind::Conflict, "The user was deleted at this moment."))?;
    people.user(found)
}
