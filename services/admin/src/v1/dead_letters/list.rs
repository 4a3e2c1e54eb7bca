//! `GET /dead-letters`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use ::events::DirectoryId;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{DeadLetter, DeadLettersParameters, List};

/// Lists the messages that could not be processed, the newest first.
///
/// They are kept for 90 days. Not for keys of one organization.
#[utoipa::path(
    get,
    path = "/dead-letters",
    operation_id = "list_dead_letters",
    tag = "Dead letters",
    params(api::DeadLettersParameters),
    responses((status = 200, description = "A page of dead letters.", body = api::List<api::DeadLetter>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<DeadLetter>>, Problem> {
    let mut query = RequestQuery::of::<DeadLettersParameters>(&request);
    let directory: Option<DirectoryId> = query.parsed("directory_id", "the id of a directory");
    let wanted = query.page();
    query.finish()?;
    let letters = context.store().dead_letters().list(directory, &wanted).await?;
    Ok(Json(page(letters, shown)))
}
