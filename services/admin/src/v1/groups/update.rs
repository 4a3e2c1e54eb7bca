//! `PATCH /directories/{id}/groups/{group_id}`.

use super::create::shown;
use super::found;
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::people::{People, Wish, group_body};
use crate::problem::Problem;
use ::events::{ResourceKind, Verb};
use actix_web::web::{Json, Path};
use api::{Group, GroupPatch};

/// Changes a group and who is in it.
#[utoipa::path(
    patch,
    path = "/directories/{id}/groups/{group_id}",
    operation_id = "update_group",
    tag = "Groups",
    request_body = api::GroupPatch,
    responses((status = 200, description = "The group as it is now.", body = api::Group)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    mut body: Body<GroupPatch>,
) -> Result<Json<Group>, Problem> {
    let (directory, group) = path.into_inner();
    let people = People::of(&context, &directory).await?;
    let before = found(&context, &people, &group).await?;
    group_body::check_members(&context, &people, &mut body, "add_members").await?;
    let Some(patch) = group_body::to_patch(&body.finish()?) else {
        return Ok(Json(people.group(before)?));
    };
    let wish = Wish {
        kind: ResourceKind::Group,
        resource_id: before.id,
        verb: Verb::Patch(patch),
    };
    let act = Act::new("updated", "group", wish.resource_id).within(&people.directory);
    let effect = people.apply(&context, wish).await?;
    context.note(act).await?;
    Ok(Json(shown(&context, &people, effect).await?))
}
