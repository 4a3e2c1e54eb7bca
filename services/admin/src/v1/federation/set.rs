//! `PUT /directories/{id}/federation`.

use super::{changed, directory, shown};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::{DirectoryId, EventType};
use actix_web::web::{Json, Path};
use api::FederationSet;
use store::Federation;

/// Says which workload may ask for access tokens without a secret.
#[utoipa::path(
    put,
    path = "/directories/{id}/federation",
    operation_id = "set_federation",
    tag = "Federation",
    request_body = api::FederationSet,
    responses((status = 200, description = "The federation as it is now.", body = api::Federation)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    body: Body<FederationSet>,
) -> Result<Json<api::Federation>, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    let wanted = body.finish()?;

    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let directory = directory(&change, directory_id, &path).await?;
    let before = change.federation(directory_id).await?;
    let after = Federation {
        directory_id,
        tenant_id: wanted.tenant_id,
        audience: wanted.audience,
        subject: wanted.subject,
        created_at: before.as_ref().map_or(context.now, |before| before.created_at),
        updated_at: before.as_ref().map_or(context.now, |before| before.updated_at),
    };
    if before.as_ref() == Some(&after) {
        return Ok(Json(shown(after)));
    }
    let after = Federation {
        updated_at: context.now,
        ..after
    };
    change.save_federation(&after).await?;
    let data = changed(&directory, before.as_ref(), Some(&after));
    let draft = context.draft(EventType::DirectoryUpdated, &directory, data);
    change.append(lane, vec![draft]).await?;
    let answer = shown(after);
    let act = match before.map(shown) {
        Some(before) => Act::updated("federation", directory_id, &before, &answer),
        None => Act::created("federation", directory_id, &answer),
    };
    change.commit(&context, act.within(&directory)).await?;
    Ok(Json(answer))
}
