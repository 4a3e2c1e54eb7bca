//! `POST /sso-clients/{id}/rotate-secret`.

use super::shown;
use crate::audit::Act;
use crate::body::NoBody;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::events::SsoClientId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::SsoClient;
use secrecy::ExposeSecret as _;
use secrets::{Token, TokenKind};
use store::ClientAuthentication;

/// Gives an app a new secret. The one before is no good from now on; people who are logged in stay so.
///
/// The new secret is shown in this answer only.
#[utoipa::path(
    post,
    path = "/sso-clients/{id}/rotate-secret",
    operation_id = "rotate_sso_client_secret",
    tag = "SSO clients",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "The app with its new secret.", body = api::SsoClient)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: SsoClientId = path_id("SSO client", &path)?;
    let open = match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let client = open.sso_client(id).await?;
    let mut client = client.ok_or_else(|| Problem::not_found("SSO client", &path))?;
    if client.authentication != ClientAuthentication::ClientSecret {
        let detail = "This app has no secret: it proves itself in another way, or not at all.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let (secret, hash) = Token::mint(TokenKind::SsoClient, id.uuid());
    client.secret_hash = Some(*hash.as_bytes());
    client.secret_expires_at = None;
    client.updated_at = context.now;
    open.update_sso_client(&client).await?;
    let plain = shown(client)?;
    let act = Act::new("secret_rotated", "sso_client", id).of(plain.organization_id);
    let answer = SsoClient {
        client_secret: Some(secret.expose_secret().into()),
        ..plain
    };
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}
