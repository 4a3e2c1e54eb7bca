//! `POST /directories/{id}/keys/{key_id}/rotate`: a second key beside the first, until the first is revoked.

use super::{check_expiry, ids, shown, token_context};
use crate::audit::Act;
use crate::body::OptionalBody;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use crate::setup::{about_key, mint_key};
use ::events::EventType;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{Key, KeyRotate};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use store::{KeyRecord, OtherKey};

/// Makes a key that is to take the place of another.
///
/// Both are good. Enter the new token at the identity provider. When the new key was seen in traffic, its `rotation` says
/// `seen`: then revoke the old one. Revoking the new one instead ends the rotation.
#[utoipa::path(
    post,
    path = "/directories/{id}/keys/{key_id}/rotate",
    operation_id = "rotate_key",
    tag = "Directory keys",
    request_body(content = Option<api::KeyRotate>, description = "None, for a key that is called the same and has no end."),
    responses((status = 201, description = "The new key, with its token.", body = api::Key, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    OptionalBody(mut body): OptionalBody<KeyRotate>,
) -> Result<HttpResponse, Problem> {
    let (directory_id, id) = ids(&path)?;
    check_expiry(&context, &mut body);
    let raw = body.raw();
    let wanted = body.finish()?;
    let lane = context.lane(directory_id);
    let open = match context.begin(Some(lane), &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let missing = || Problem::not_found("key", &path.1);
    let directory = open.directory(directory_id).await?.ok_or_else(missing)?;
    let old = open.key(directory_id, id).await?.ok_or_else(missing)?;
    if let Some(newer) = old.replaced_by {
        let detail = format!("The key {newer} is to take the place of this one already. Revoke one of the two first.");
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let (mut key, token) = mint_key(directory_id, wanted.name.unwrap_or(old.name), context.now);
    let seal = |_| {
        let context_of = token_context(key.record.id);
        context
            .master_keys()
            .seal(token.expose_secret().as_bytes(), &context_of)
    };
    let sealed_token = old.sealed_token.map(seal);
    key.record = KeyRecord {
        description: old.description,
        expires_at: wanted.expires_at,
        sealed_token,
        replaces: Some(id),
        ..key.record
    };
    open.create_key(&key).await?;
    let about = about_key(&directory, &key.record);
    let draft = context.draft(EventType::DirectoryKeyCreated, &directory, about);
    open.append(lane, vec![draft]).await?;
    let location = context.location(&format!("/directories/{directory_id}/keys/{}", key.record.id));
    let old = OtherKey {
        last_used_at: old.last_used_at,
        is_revoked: false,
    };
    let plain = shown(key.record, &HashMap::from([(id, old)]));
    let act = Act::created("key", plain.id, &plain)
        .within(&directory)
        .saying(format!("to take the place of {id}"));
    let answer = Key {
        token: Some(token.expose_secret().into()),
        ..plain
    };
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}
