//! `GET /connections/{id}`.

use super::view::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::web::{Json, Path};
use api::{Connection, Scope};
use secrecy::ExposeSecret as _;
use secrets::{SessionClaims, SessionTokenUse, SessionTokens};

/// Shows a connection. For whoever may change it, its `test_url` has a ticket: what comes of a test that begins there is noted
/// in `last_test`. It is good until the connection is changed.
#[utoipa::path(
    get,
    path = "/connections/{id}",
    operation_id = "get_connection",
    tag = "Connections",
    responses((status = 200, description = "The connection.", body = api::Connection)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<Connection>, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let found = context.store().connections().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("connection", &path))?;
    let claims = SessionClaims::of_test(id.uuid(), found.updated_at.millis());
    let mut answer = shown(&context, found)?;
    if context.principal.has(Scope::Connections) {
        let ticket = SessionTokens::new(context.master_keys()).sign(SessionTokenUse::Test, &claims);
        answer.test_url = format!("{}?ticket={}", answer.test_url, ticket.expose_secret());
    }
    Ok(Json(answer))
}
