//! Making keys: the token is shown in the answer and kept as a hash.

use super::{View, about, token_context};
use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{flag, text, time_after};
use crate::idempotent::Begun;
use crate::problem::Problem;
use crate::setup::mint_key;
use ::events::{DirectoryId, EventType, KeyId};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use store::KeyRecord;

/// The key that is made together with its directory, in the answer to that request only.
#[derive(Serialize)]
pub(in crate::api) struct FirstKey {
    id: KeyId,
    name: String,
    token: String,
}

impl FirstKey {
    pub(in crate::api) fn new(key: &KeyRecord, token: &SecretString) -> Self {
        Self {
            id: key.id,
            name: key.name.clone(),
            token: token.expose_secret().to_owned(),
        }
    }
}

pub(in crate::api) async fn create(context: Context, path: Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    let mut fields = body.fields(&["name", "description", "expires_at", "retrievable"]);
    let name = fields.required("name", text(1..=100));
    let description = fields.optional("description", text(0..=250));
    let expires_at = fields.optional("expires_at", time_after(context.now));
    let retrievable = fields.optional("retrievable", flag).unwrap_or(false);
    fields.finish()?;
    let name = name.unwrap_or_default();

    let lane = context.lane(directory_id);
    let open = match context.begin(Some(lane), body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    let directory = open
        .directory(directory_id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    let (mut key, token) = mint_key(directory_id, name, context.now);
    let seal = || {
        context
            .master_key()
            .seal(token.expose_secret().as_bytes(), &token_context(key.record.id))
    };
    let sealed_token = retrievable.then(seal);
    key.record = KeyRecord {
        description,
        expires_at,
        sealed_token,
        ..key.record
    };
    open.create_key(&key).await?;
    let draft = context.draft(
        EventType::DirectoryKeyCreated,
        &directory,
        about(&directory, &key.record),
    );
    open.append(lane, vec![draft]).await?;
    let location = context.location(&format!("/directories/{directory_id}/keys/{}", key.record.id));
    let view = View {
        token: Some(token.expose_secret().to_owned()),
        ..View::from(key.record)
    };
    open.finish(&context, StatusCode::CREATED, Some(location), &view).await
}
