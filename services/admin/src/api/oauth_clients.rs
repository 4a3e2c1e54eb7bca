//! `/directories/{id}/oauth-clients`: ids and secrets that identity providers exchange for short-lived access tokens.

use super::ListAnswer;
use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{text, time_after};
use crate::idempotent::Begun;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::State;
use ::events::{DirectoryId, EventType, KeyId, Timestamp};
use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret, SecretString};
use secrets::{Token, TokenKind};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Directory, OauthClient};

/// What a client is called that nobody named.
const UNNAMED: &str = "OAuth client";

/// A client as the API shows it: its secret only in the answer to the request that made it.
#[derive(Serialize)]
pub(super) struct View {
    client_id: KeyId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    token_url: String,
    name: String,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl View {
    fn new(state: &State, client: OauthClient, secret: Option<&SecretString>) -> Self {
        Self {
            client_id: client.id,
            client_secret: secret.map(|secret| secret.expose_secret().to_owned()),
            token_url: format!("{}/oauth/token", state.scim_url(client.directory_id)),
            name: client.name,
            expires_at: client.expires_at,
            last_used_at: client.last_used_at,
            created_at: client.created_at,
        }
    }
}

pub(super) async fn create(context: Context, path: Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    let mut fields = body.fields(&["name", "expires_at"]);
    let name = fields.optional("name", text(1..=100));
    let expires_at = fields.optional("expires_at", time_after(context.now));
    fields.finish()?;

    let lane = context.lane(directory_id);
    let open = match context.begin(Some(lane), body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    let directory = open.directory(directory_id).await?;
    let directory = directory.ok_or_else(|| Problem::not_found("directory", &path))?;
    let id = KeyId::new();
    let (secret, hash) = Token::mint(TokenKind::OauthSecret, id.uuid());
    let client = OauthClient {
        id,
        directory_id,
        name: name.unwrap_or_else(|| UNNAMED.to_owned()),
        expires_at,
        last_used_at: None,
        created_at: context.now,
    };
    open.create_oauth_client(&client, hash.as_bytes()).await?;
    let draft = context.draft(EventType::DirectoryKeyCreated, &directory, about(&directory, &client));
    open.append(lane, vec![draft]).await?;
    let location = context.location(&format!("/directories/{directory_id}/oauth-clients/{id}"));
    let view = View::new(&context, client, Some(&secret));
    open.finish(&context, StatusCode::CREATED, Some(location), &view).await
}

pub(super) async fn list(
    context: Context,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<ListAnswer<View>>, Problem> {
    let mut query = Query::new(&request, &["limit", "cursor"]);
    let page = query.page();
    query.finish()?;
    let id: DirectoryId = path_id("directory", &path)?;
    let directory = context.store().directories().by_id(id).await?;
    directory.ok_or_else(|| Problem::not_found("directory", &path))?;
    let clients = context.store().oauth_clients(id).list(&page).await?;
    Ok(Json(ListAnswer::new(clients, |client| {
        View::new(&context, client, None)
    })))
}

pub(super) async fn revoke(context: Context, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("OAuth client", &path.1);
    let directory_id: DirectoryId = path_id("directory", &path.0)?;
    let id: KeyId = path_id("OAuth client", &path.1)?;
    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let directory = change.directory(directory_id).await?.ok_or_else(missing)?;
    let client = change.oauth_client(directory_id, id).await?.ok_or_else(missing)?;
    change.revoke_oauth_client(&client, context.now).await?;
    let draft = context.draft(EventType::DirectoryKeyRevoked, &directory, about(&directory, &client));
    change.append(lane, vec![draft]).await?;
    change.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The data of an event about a client: that of a key, so that readers of the log need to know one form.
fn about(directory: &Directory, client: &OauthClient) -> Value {
    json!({
        "directory": { "id": directory.id, "name": directory.name },
        "key": {
            "id": client.id,
            "name": client.name,
            "description": null,
            "kind": "oauth_client",
            "expires_at": client.expires_at,
            "created_at": client.created_at,
        },
    })
}
