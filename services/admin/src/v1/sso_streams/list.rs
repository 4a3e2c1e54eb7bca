//! `GET /sso-clients/{id}/streams`.

use super::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::SsoClientId;
use actix_web::web::{Json, Path};
use api::{List, SsoStream};

/// Lists the streams of an app, the oldest first. An app has few, so all are on one page.
#[utoipa::path(
    get,
    path = "/sso-clients/{id}/streams",
    operation_id = "list_sso_streams",
    tag = "SSO streams",
    responses((status = 200, description = "The streams.", body = api::List<api::SsoStream>)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<List<SsoStream>>, Problem> {
    let id: SsoClientId = path_id("SSO client", &path)?;
    let app = context.store().sso_clients().by_id(id).await?;
    app.ok_or_else(|| Problem::not_found("SSO client", &path))?;
    let streams = context.store().ssf_streams().of_client(id).await?;
    Ok(Json(List {
        data: streams.into_iter().map(shown).collect(),
        next_cursor: None,
    }))
}
