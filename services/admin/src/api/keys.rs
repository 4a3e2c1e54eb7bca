//! `/directories/{id}/keys`: the bearer tokens that identity providers carry.

mod change;
mod create;

pub(super) use change::{revoke, update};
pub(super) use create::{FirstKey, create};

use super::ListAnswer;
use crate::context::{Context, path_id};
use crate::problem::{Kind, Problem};
use crate::query::Query;
use ::events::{DirectoryId, KeyId, Timestamp};
use actix_web::web::{Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Value, json};
use store::{Directory, KeyRecord};

/// A key as the API shows it: never with its token.
#[derive(Serialize)]
pub(super) struct View {
    id: KeyId,
    name: String,
    description: Option<String>,
    expires_at: Option<Timestamp>,
    retrievable: bool,
    last_used_at: Option<Timestamp>,
    created_at: Timestamp,
    /// Only in the answer to the request that made the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl From<KeyRecord> for View {
    fn from(key: KeyRecord) -> Self {
        Self {
            id: key.id,
            name: key.name,
            description: key.description,
            expires_at: key.expires_at,
            retrievable: key.sealed_token.is_some(),
            last_used_at: key.last_used_at,
            created_at: key.created_at,
            token: None,
        }
    }
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
    let keys = context.store().directory_keys(id).list(&page).await?;
    Ok(Json(ListAnswer::new(keys, View::from)))
}

/// The token of a key that was made to be read back.
pub(super) async fn token(context: Context, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (directory_id, id) = ids(&path)?;
    let key = context.store().directory_keys(directory_id).by_id(id).await?;
    let key = key.ok_or_else(|| Problem::not_found("key", &path.1))?;
    let Some(sealed) = key.sealed_token else {
        let detail = "The token of this key was not kept: only keys made with \"retrievable\": true can be read back.";
        return Err(Problem::new(Kind::NotFound, detail));
    };
    let token = context
        .master_key()
        .open_text(&sealed, &token_context(id))
        .map_err(|error| Problem::internal(&error))?;
    tracing::info!(key.id = %id, directory.id = %directory_id, principal = %context.principal, "the token of a key was read back");
    let body = json!({ "id": id, "token": token.expose_secret() });
    Ok(HttpResponse::Ok().json(body))
}

/// The ids of a path to one key.
fn ids(path: &(String, String)) -> Result<(DirectoryId, KeyId), Problem> {
    Ok((path_id("directory", &path.0)?, path_id("key", &path.1)?))
}

/// Binds an encrypted token to its row.
fn token_context(id: KeyId) -> String {
    format!("directory-key/{id}/token")
}

/// The data of an event about a key.
pub(crate) fn about(directory: &Directory, key: &KeyRecord) -> Value {
    json!({
        "directory": { "id": directory.id, "name": directory.name },
        "key": {
            "id": key.id,
            "name": key.name,
            "description": key.description,
            "expires_at": key.expires_at,
            "created_at": key.created_at,
        },
    })
}
