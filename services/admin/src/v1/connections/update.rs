//! `PATCH /connections/{id}`.

use super::apply::{apply, apply_provider};
use super::check::check;
use super::console_access::{check_identity, is_about_identity};
use super::provider::Entered;
use super::view::shown;
use super::{about, log_everybody_out};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::problem::{Problem, ProblemKind};
use ::events::ConnectionId;
use actix_web::web::{Json, Path};
use api::{Connection, ConnectionPatch};
use store::ConnectionState;

/// Changes a connection.
///
/// Where it is paused, or leads to another identity provider, everybody who came by it is logged out in the same transaction.
#[utoipa::path(
    patch,
    path = "/connections/{id}",
    operation_id = "update_connection",
    tag = "Connections",
    request_body = api::ConnectionPatch,
    responses((status = 200, description = "The connection as it is now.", body = api::Connection)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<ConnectionPatch>,
) -> Result<Json<Connection>, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    check(&context, &mut body);
    let patch = body.finish()?;
    let found = context.store().connections().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("connection", &path))?;
    let before = Entered::of(&found);
    let names_provider = patch.authority.is_some() || patch.client_id.is_some() || patch.expected_issuer.is_some();
    let entered = Entered {
        authority: patch.authority.clone().unwrap_or_else(|| before.authority.clone()),
        client_id: patch.client_id.clone().unwrap_or_else(|| before.client_id.clone()),
        expected_issuer: patch
            .expected_issuer
            .clone()
            .unwrap_or_else(|| before.expected_issuer.clone()),
    };
    // Outside of the transaction: a slow provider must not hold the row.
    let (entered, discovered) = if names_provider || found.metadata.is_none() {
        let (entered, authority) = entered.read(&context)?;
        let discovered = entered.discover(&context, &authority).await?;
        (entered, Some(discovered))
    } else {
        (entered, None)
    };

    let lane = context.lane(found.directory_id);
    let change = context.change(Some(lane)).await?;
    let connection = change.connection(id).await?;
    let mut connection = connection.ok_or_else(|| Problem::not_found("connection", &path))?;
    if Entered::of(&connection) != before {
        let detail = "Another request changed the identity provider of this connection at this moment. Try again.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    if is_about_identity(&patch) {
        check_identity(&change, &context.principal, id).await?;
    }
    let plain = shown(&context, connection.clone())?;
    let was_open = is_open(connection.state);
    apply_provider(&mut connection, entered, discovered, context.now);
    let is_closed = was_open && !is_open(connection.state);
    apply(&mut connection, patch, context.now)?;
    change.update_connection(&connection, None).await?;
    let ended = if is_closed || connection.state == ConnectionState::Paused {
        log_everybody_out(&change, lane, id, context.now).await?
    } else {
        0
    };
    let answer = shown(&context, connection)?;
    let mut act = about(Act::updated("connection", id, &plain, &answer), &answer);
    if ended > 0 {
        act = act.saying(format!("{ended} sessions ended."));
    }
    change.commit(&context, act).await?;
    Ok(Json(answer))
}

/// Whether people log in by a connection.
const fn is_open(state: ConnectionState) -> bool {
    matches!(state, ConnectionState::Active | ConnectionState::Failing)
}
