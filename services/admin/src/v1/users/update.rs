//! `PATCH /directories/{id}/users/{user_id}`.

use super::create::shown;
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::people::{People, Wish, user_body};
use crate::problem::Problem;
use ::events::{ResourceId, ResourceKind, Verb};
use actix_web::web::{Json, Path};
use api::{User, UserPatch};

/// Changes a user.
///
/// What an identity provider sends as well is overwritten by its next change of the same attribute.
#[utoipa::path(
    patch,
    path = "/directories/{id}/users/{user_id}",
    operation_id = "update_user",
    tag = "Users",
    request_body = api::UserPatch,
    responses((status = 200, description = "The user as it is now.", body = api::User)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    mut body: Body<UserPatch>,
) -> Result<Json<User>, Problem> {
    let (directory, user) = path.into_inner();
    let people = People::of(&context, &directory).await?;
    let id: ResourceId = path_id("user", &user)?;
    let users = context.store().users(people.directory.id);
    let before = users.by_id(id, people.policy.groups_enabled).await?;
    let before = before.ok_or_else(|| Problem::not_found("user", &user))?;
    let patch = user_body::to_patch(&people, &mut body);
    body.finish()?;
    let Some(patch) = patch else {
        return Ok(Json(people.user(before)?));
    };
    let wish = Wish {
        kind: ResourceKind::User,
        resource_id: id,
        verb: Verb::Patch(patch),
    };
    let act = Act::new("updated", "user", wish.resource_id).within(&people.directory);
    let effect = people.apply(&context, wish).await?;
    context.note(act).await?;
    Ok(Json(shown(&context, &people, effect).await?))
}
