//! `GET /connections/{id}`.

use super::view::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::web::{Json, Path};
use api::{Connection, Scope};
use secrecy::ExposeSecret as _;
use secrets::{SessionClaims, SessionTokenUse, SessionTokens};
use std::time::Duration;

/// For how long a test may begin by a link: long enough to hand it to whoever has the test account.
const TICKET_LASTS: Duration = Duration::from_hours(24);

/// Shows a connection. For whoever may change it, its `test_url` has a ticket for a day: what comes of a test that begins
/// there is noted in `last_test`.
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
    let mut answer = shown(&context, found)?;
    if context.principal.has(Scope::Connections) {
        answer.test_url = with_ticket(&context, id, &answer.test_url);
    }
    Ok(Json(answer))
}

/// Where somebody tests a connection, for whoever may change it: what comes of the test is noted.
fn with_ticket(context: &AdminContext, id: ConnectionId, url: &str) -> String {
    let claims = SessionClaims {
        session: id.uuid(),
        generation: 0,
        expires_at_ms: context.now.plus(TICKET_LASTS).millis(),
    };
    let ticket = SessionTokens::new(context.master_keys()).sign(SessionTokenUse::Test, &claims);
    format!("{url}?ticket={}", ticket.expose_secret())
}
