//! `PUT /connections/{id}/client-secret`.

use super::check::check_secret;
use super::view::shown;
use super::{about, secret_context};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::web::{Json, Path};
use api::{Connection, ConnectionSecretSet};
use store::{ConnectionCredential, SealedCredential};

/// Sets the client secret of a connection, in the place of the secret or the key that it has.
#[utoipa::path(
    put,
    path = "/connections/{id}/client-secret",
    operation_id = "set_connection_client_secret",
    tag = "Connections",
    request_body = api::ConnectionSecretSet,
    responses((status = 200, description = "The connection as it is now.", body = api::Connection)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<ConnectionSecretSet>,
) -> Result<Json<Connection>, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    check_secret(&context, &mut body, "expires_at");
    let wanted = body.finish()?;
    let change = context.change(None).await?;
    let connection = change.connection(id).await?;
    let mut connection = connection.ok_or_else(|| Problem::not_found("connection", &path))?;
    let before = shown(&context, connection.clone())?;
    connection.credential = ConnectionCredential::ClientSecret;
    connection.credential_expires_at = wanted.expires_at;
    connection.certificate = None;
    connection.updated_at = context.now;
    let keys = context.master_keys();
    let credential = SealedCredential {
        client_secret: Some(keys.seal(wanted.client_secret.expose().as_bytes(), &secret_context(id))),
        private_key: None,
    };
    change.update_connection(&connection, Some(credential)).await?;
    let answer = shown(&context, connection)?;
    let act = Act::updated("connection", id, &before, &answer).named("secret_set");
    change.commit(&context, about(act, &answer)).await?;
    Ok(Json(answer))
}
