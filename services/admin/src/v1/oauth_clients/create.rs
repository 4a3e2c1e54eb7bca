//! `POST /directories/{id}/oauth-clients`.

use super::{about, shown};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use crate::v1::keys::check_expiry;
use ::events::{DirectoryId, EventType, KeyId};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::OauthClientCreate;
use secrecy::ExposeSecret;
use secrets::{Token, TokenKind};
use store::OauthClient;

/// What a client is called that nobody named.
const UNNAMED: &str = "OAuth client";

/// Creates an OAuth client.
///
/// Its secret is shown in this answer only.
#[utoipa::path(
    post,
    path = "/directories/{id}/oauth-clients",
    operation_id = "create_oauth_client",
    tag = "OAuth clients",
    request_body = api::OauthClientCreate,
    responses((status = 201, description = "The new client, with its secret.", body = api::OauthClient, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<OauthClientCreate>,
) -> Result<HttpResponse, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    check_expiry(&context, &mut body);
    let raw = body.raw();
    let wanted = body.finish()?;

    let lane = context.lane(directory_id);
    let open = match context.begin(Some(lane), &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let directory = open.directory(directory_id).await?;
    let directory = directory.ok_or_else(|| Problem::not_found("directory", &path))?;
    let id = KeyId::new();
    let (secret, hash) = Token::mint(TokenKind::OauthSecret, id.uuid());
    let client = OauthClient {
        id,
        directory_id,
        name: wanted.name.unwrap_or_else(|| UNNAMED.to_owned()),
        expires_at: wanted.expires_at,
        last_used_at: None,
        created_at: context.now,
    };
    open.create_oauth_client(&client, hash.as_bytes()).await?;
    let draft = context.draft(EventType::DirectoryKeyCreated, &directory, about(&directory, &client));
    open.append(lane, vec![draft]).await?;
    let location = context.location(&format!("/directories/{directory_id}/oauth-clients/{id}"));
    let act = Act::created("oauth_client", id, &shown(&context, client.clone(), None)).within(&directory);
    let answer = shown(&context, client, Some(secret.expose_secret().into()));
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}
