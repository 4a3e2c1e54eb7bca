//! Changes: validate, send a command, answer its verdict.

use crate::answer;
use crate::context::{ScimContext, resource_type};
use crate::exchange::exchange;
use crate::failure::Failure;
use crate::{read, render};
use actix_web::HttpResponse;
use actix_web::web::Payload;
use commands::Effect;
use events::{Command, CommandId, ResourceId, ResourceKind, Source, Timestamp, Verb};
use scim::patch::Patch;
use scim::query::ListQuery;
use scim::resource::{Mode, etag, parse};
use serde_json::{Map, Value};
use std::time::Duration;
use store::DirectoryState;

/// Makes a resource and shows it: 201.
pub(crate) async fn create(
    context: &ScimContext,
    kind: ResourceKind,
    payload: Payload,
) -> Result<HttpResponse, Failure> {
    let body = context.json(payload).await?;
    let query = context.query()?;
    let id = ResourceId::new();
    let verb = create_verb(context, kind, &body)?;
    let effect = apply(context, kind, id, Vec::new(), verb).await?;
    shown(context, kind, id, effect, &query).await
}

/// Replaces the resource in the path and shows it: 200.
pub(crate) async fn replace(
    context: &ScimContext,
    kind: ResourceKind,
    payload: Payload,
) -> Result<HttpResponse, Failure> {
    let id = context.id(kind)?;
    let body = context.json(payload).await?;
    let query = context.query()?;
    let verb = replace_verb(context, kind, &body)?;
    let effect = apply(context, kind, id, context.if_match(), verb).await?;
    shown(context, kind, id, effect, &query).await
}

/// Changes the resource in the path. How the answer shows it differs: here is what it takes.
pub(crate) async fn patch(
    context: &ScimContext,
    kind: ResourceKind,
    payload: Payload,
) -> Result<(ResourceId, Effect, ListQuery), Failure> {
    let id = context.id(kind)?;
    let body = context.json(payload).await?;
    let query = context.query()?;
    let verb = patch_verb(context, kind, &body)?;
    let effect = apply(context, kind, id, context.if_match(), verb).await?;
    Ok((id, effect, query))
}

/// Deletes the resource in the path: 204.
pub(crate) async fn delete(context: &ScimContext, kind: ResourceKind) -> Result<HttpResponse, Failure> {
    let id = context.id(kind)?;
    apply(context, kind, id, context.if_match(), Verb::Delete).await?;
    Ok(answer::empty(204, None))
}

/// What a POST asks for.
pub(crate) fn create_verb(context: &ScimContext, kind: ResourceKind, body: &Value) -> Result<Verb, Failure> {
    Ok(Verb::Create(attributes(context, kind, body, Mode::Create)?))
}

/// What a PUT asks for.
pub(crate) fn replace_verb(context: &ScimContext, kind: ResourceKind, body: &Value) -> Result<Verb, Failure> {
    Ok(Verb::Replace(attributes(context, kind, body, Mode::Replace)?))
}

/// The attributes in a body, within the limits.
fn attributes(
    context: &ScimContext,
    kind: ResourceKind,
    body: &Value,
    mode: Mode,
) -> Result<Map<String, Value>, Failure> {
    let (limits, rt) = (&context.config.limits, context.resource_type(kind));
    limits.check_body(rt, body)?;
    let attributes = context.observe(|| parse(rt, body, mode))?;
    limits.check_stored(rt, None, &attributes)?;
    Ok(attributes)
}

/// What a PATCH asks for. What can be told wrong without the resource is told here; the command carries the message as
/// received.
pub(crate) fn patch_verb(context: &ScimContext, kind: ResourceKind, body: &Value) -> Result<Verb, Failure> {
    let rt = context.resource_type(kind);
    context.config.limits.check_patch(rt, body)?;
    let patch = context.observe(|| Patch::parse(rt, body))?;
    if !patch.left_out().is_empty() {
        tracing::info!(
            directory.id = %context.directory_id(),
            names = %patch.left_out().join(", "),
            "a PATCH has keys that no schema of the directory has; they were left out"
        );
    }
    Ok(Verb::Patch(body.clone()))
}

/// The HTTP status of an answer that shows the resource, or that it is gone.
pub(crate) const fn status(effect: &Effect) -> u16 {
    match effect {
        Effect::Deleted => 204,
        stored if stored.is_created() => 201,
        _ => 200,
    }
}

/// Sends one command and waits for its verdict; anything but an effect is a failure.
pub(crate) async fn apply(
    context: &ScimContext,
    kind: ResourceKind,
    id: ResourceId,
    if_match: Vec<String>,
    verb: Verb,
) -> Result<Effect, Failure> {
    let command = command(context, kind, id, if_match, verb)?;
    exchange(context, command).await
}

/// A directory that its administrator paused takes no changes.
///
/// # Errors
/// 503 for such a directory.
pub(crate) fn refuse_paused(context: &ScimContext) -> Result<(), Failure> {
    if context.access.directory.state == DirectoryState::Paused {
        return Err(Failure::Unavailable {
            detail: "this directory is paused by its administrator; nothing was changed".to_owned(),
            retry_after: Duration::from_secs(300),
        });
    }
    Ok(())
}

/// The command that asks for a change.
///
/// # Errors
/// 503 for a directory that is paused.
pub(crate) fn command(
    context: &ScimContext,
    kind: ResourceKind,
    resource_id: ResourceId,
    if_match: Vec<String>,
    verb: Verb,
) -> Result<Command, Failure> {
    refuse_paused(context)?;
    let directory = &context.access.directory;
    let issued_at = Timestamp::now();
    Ok(Command {
        id: CommandId::new(),
        organization_id: directory.organization_id,
        directory_id: directory.id,
        source: Source::Scim,
        issued_at,
        deadline: issued_at.plus(context.config.deadline),
        kind,
        resource_id,
        if_match,
        verb,
    })
}

/// The answer that shows the resource: from the verdict, or read back where the verdict is only a note.
pub(crate) async fn shown(
    context: &ScimContext,
    kind: ResourceKind,
    id: ResourceId,
    effect: Effect,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let projection = read::projection(context, kind, query)?;
    let status = status(&effect);
    let (version, body) = match effect {
        Effect::Stored { resource, .. } => {
            let shown = render::resource(context, kind, &resource, &projection);
            (resource.version, Value::Object(shown).to_string())
        }
        Effect::Noted { resource_id, .. } => {
            let found = read::found(context, kind, resource_id, &projection).await?;
            let gone = || scim::Error::not_found(resource_type(kind).name, &resource_id.to_string());
            let found = found.ok_or_else(gone)?;
            (found.version, found.shown(context, kind, &projection)?)
        }
        Effect::Deleted => return Ok(answer::empty(204, None)),
    };
    let location = render::location(context, kind, &id.to_string());
    Ok(answer::resource(status, body, &etag(version), &location))
}
