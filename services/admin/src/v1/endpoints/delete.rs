//! `DELETE /endpoints/{id}`.

use crate::context::{Context, path_id};
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::web::Path;

pub(crate) async fn handler(context: Context, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let change = context.change(None).await?;
    if !change.delete_endpoint(id).await? {
        return Err(Problem::not_found("endpoint", &path));
    }
    change.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
