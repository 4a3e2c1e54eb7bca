//! `POST /connections/{id}/key`.

use super::about;
use super::view::shown;
use crate::audit::Act;
use crate::body::NoBody;
use crate::certificates::make;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use oidc::AssertionForm;
use secrecy::ExposeSecret as _;
use store::{ConnectionCredential, SealedColumn, SealedCredential};

/// Makes a key of a connection, in the place of the secret or the key that it has.
///
/// The private key stays here, encrypted. Its certificate must be registered at the identity provider: from now on nobody logs in
/// before it is. It is good for two years.
#[utoipa::path(
    post,
    path = "/connections/{id}/key",
    operation_id = "create_connection_key",
    tag = "Connections",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "The connection as it is now, with its certificate.", body = api::Connection)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let found = context.store().connections().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("connection", &path))?;
    if let Some(answer) = context.answered(body.raw()).await? {
        return Ok(answer);
    }
    let (key, certificate) = make(&found.name, context.now).await?;
    let open = match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let connection = open.connection(id).await?;
    let mut connection = connection.ok_or_else(|| Problem::not_found("connection", &path))?;
    let before = shown(&context, connection.clone())?;
    connection.credential = ConnectionCredential::PrivateKeyJwt;
    connection.credential_expires_at = Some(certificate.not_after());
    connection.certificate = Some(certificate.der().to_vec());
    AssertionForm::default()
        .as_str()
        .clone_into(&mut connection.assertion_form);
    connection.updated_at = context.now;
    let place = SealedColumn::ConnectionPrivateKey.context(&id);
    let credential = SealedCredential {
        client_secret: None,
        private_key: Some(context.master_keys().seal(key.expose_secret(), &place)),
    };
    open.update_connection(&connection, Some(credential)).await?;
    let answer = shown(&context, connection)?;
    let act = Act::updated("connection", id, &before, &answer).named("key_created");
    open.finish(&context, about(act, &answer), StatusCode::OK, None, &answer)
        .await
}
