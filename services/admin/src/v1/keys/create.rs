//! `POST /directories/{id}/keys`: the token is shown in the answer and kept as a hash.

use super::{check_expiry, shown, token_context};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use crate::setup::{about_key, mint_key};
use ::events::{DirectoryId, EventType};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{Key, KeyCreate};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use store::KeyRecord;

/// Creates a key.
///
/// Its token is shown in this answer only, unless the key is made to be retrievable.
#[utoipa::path(
    post,
    path = "/directories/{id}/keys",
    operation_id = "create_key",
    tag = "Directory keys",
    request_body = api::KeyCreate,
    responses((status = 201, description = "The new key, with its token.", body = api::Key, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<KeyCreate>,
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
    let directory = open
        .directory(directory_id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    let (mut key, token) = mint_key(directory_id, wanted.name, context.now);
    let seal = || {
        context
            .master_keys()
            .seal(token.expose_secret().as_bytes(), &token_context(key.record.id))
    };
    let sealed_token = wanted.retrievable.unwrap_or_default().then(seal);
    key.record = KeyRecord {
        description: wanted.description,
        expires_at: wanted.expires_at,
        sealed_token,
        ..key.record
    };
    open.create_key(&key).await?;
    let draft = context.draft(
        EventType::DirectoryKeyCreated,
        &directory,
        about_key(&directory, &key.record),
    );
    open.append(lane, vec![draft]).await?;
    let location = context.location(&format!("/directories/{directory_id}/keys/{}", key.record.id));
    let plain = shown(key.record, &HashMap::new());
    let act = Act::created("key", plain.id, &plain).within(&directory);
    let answer = Key {
        token: Some(token.expose_secret().into()),
        ..plain
    };
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}
