//! `DELETE /directories/{id}/groups/{group_id}`.

use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::people::{People, Wish};
use crate::problem::Problem;
use ::events::{ResourceId, ResourceKind, Verb};
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Deletes a group; its members stay.
#[utoipa::path(
    delete,
    path = "/directories/{id}/groups/{group_id}",
    operation_id = "delete_group",
    tag = "Groups",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (directory, group) = path.into_inner();
    let people = People::of(&context, &directory).await?;
    let id: ResourceId = path_id("group", &group)?;
    let groups = context.store().groups(people.directory.id);
    if groups.by_id(id, false).await?.is_none() {
        return Err(Problem::not_found("group", &group));
    }
    let wish = Wish {
        kind: ResourceKind::Group,
        resource_id: id,
        verb: Verb::Delete,
    };
    people.apply(&context, wish).await?;
    let act = Act::new("deleted", "group", id).within(&people.directory);
    context.note(act).await?;
    Ok(HttpResponse::NoContent().finish())
}
