//! `DELETE /directories/{id}/sample-people`.

use crate::audit::Act;
use crate::context::AdminContext;
use crate::people::People;
use crate::problem::Problem;
use crate::samples;
use actix_web::web::{Json, Path};
use api::SamplePeopleRemoved;

/// Removes the sample people, and nobody else.
///
/// They go as they came, by SCIM requests to the public address of the directory.
#[utoipa::path(
    delete,
    path = "/directories/{id}/sample-people",
    operation_id = "remove_sample_people",
    tag = "Directories",
    responses((status = 200, description = "How it went.", body = api::SamplePeopleRemoved)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<SamplePeopleRemoved>, Problem> {
    let people = People::of(&context, &path).await?;
    let directory = people.directory.clone();
    let present = samples::present(&context, &people).await?;
    let gone = match present.is_empty() {
        true => SamplePeopleRemoved {
            removed: 0,
            failed: 0,
            detail: None,
        },
        false => samples::remove(context.clone(), directory.clone(), present).await?,
    };
    let act = Act::new("samples_removed", "directory", directory.id)
        .within(&directory)
        .saying(format!("{} removed, {} failed", gone.removed, gone.failed));
    context.note(act).await?;
    Ok(Json(gone))
}
