//! `GET /organizations`.

use super::shown;
use crate::context::Context;
use crate::problem::Problem;
use crate::query::Query;
use crate::v1::page;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{List, Organization};

pub(crate) async fn handler(context: Context, request: HttpRequest) -> Result<Json<List<Organization>>, Problem> {
    let mut query = Query::new(&request, &["limit", "cursor"]);
    let wanted = query.page();
    query.finish()?;
    let organizations = context.store().organizations().list(&wanted).await?;
    Ok(Json(page(organizations, shown)))
}
