//! `GET /sso-clients`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::OrganizationId;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{List, SsoClient, SsoClientsParameters};

/// Lists the apps that people log in to, the newest first.
#[utoipa::path(
    get,
    path = "/sso-clients",
    operation_id = "list_sso_clients",
    tag = "SSO clients",
    params(api::SsoClientsParameters),
    responses((status = 200, description = "A page of apps.", body = api::List<api::SsoClient>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<SsoClient>>, Problem> {
    let mut query = RequestQuery::of::<SsoClientsParameters>(&request);
    let organization: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let wanted = query.page();
    query.finish()?;
    let organization = context.principal.narrowed(organization)?;
    let store::List { data, next_cursor } = context.store().sso_clients().list(organization, &wanted).await?;
    Ok(Json(List {
        data: data.into_iter().map(shown).collect::<Result<_, _>>()?,
        next_cursor,
    }))
}
