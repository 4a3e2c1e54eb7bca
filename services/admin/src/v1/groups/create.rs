//! `POST /directories/{id}/groups`.

use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::people::{People, Wish, command_of, group_body};
use crate::problem::{Problem, ProblemKind};
use ::events::{ResourceKind, Verb};
use actix_web::HttpResponse;
use actix_web::web::Path;
use api::{Group, GroupCreate};
use commands::Effect;

/// Creates a group of the app's own.
///
/// The change goes by the same way as those of an identity provider, and its events have the source `api`.
#[utoipa::path(
    post,
    path = "/directories/{id}/groups",
    operation_id = "create_group",
    tag = "Groups",
    request_body = api::GroupCreate,
    responses((status = 201, description = "The new group.", body = api::Group, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<GroupCreate>,
) -> Result<HttpResponse, Problem> {
    let raw = body.raw();
    let _alone = context.alone().await;
    if let Some(answer) = context.answered(&raw).await? {
        return Ok(answer);
    }
    let people = People::of(&context, &path).await?;
    group_body::check_members(&context, &people, &mut body, "members").await?;
    let attributes = group_body::to_create(&body.finish()?);
    let id = command_of(&context, &raw).await?;
    let wish = Wish::create(ResourceKind::Group, Verb::Create(attributes));
    let effect = people.apply_as(&context, id, wish).await?;
    let group = shown(&context, &people, effect).await?;
    let act = Act::new("created", "group", group.id);
    let path = format!("groups/{}", group.id);
    people.created(&context, &raw, act, &path, &group).await
}

/// The group that a change left, from its verdict, or read back where the verdict is only a note.
///
/// # Errors
/// 409 when the group is gone by now; otherwise as the store.
pub(super) async fn shown(context: &AdminContext, people: &People, effect: Effect) -> Result<Group, Problem> {
    let id = match effect {
        Effect::Stored { resource, .. } => return people.stored_group(*resource),
        Effect::Noted { resource_id, .. } => Some(resource_id),
        Effect::Deleted => None,
    };
    let groups = context.store().groups(people.directory.id);
    let found = match id {
        Some(id) => groups.by_id(id, false).await?,
        None => None,
    };
    let found = found.ok_or_else(|| Problem::new(ProblemKind::Conflict, "The group was deleted at this moment."))?;
    people.group(found)
}
