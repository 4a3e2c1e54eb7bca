//! POST, PUT, PATCH and DELETE: validate, send a command, answer its verdict.

use crate::answer::{self, Failure};
use crate::exchange::exchange;
use crate::handle::{Caller, resource_type};
use crate::{Inner, read, render};
use actix_web::http::header::IF_MATCH;
use actix_web::{HttpRequest, HttpResponse};
use commands::Effect;
use events::{Command, CommandId, ResourceId, ResourceKind, Source, Timestamp, Verb};
use scim::patch::Patch;
use scim::query::ListQuery;
use scim::resource::{Mode, etag, parse, parse_etags};
use serde_json::{Map, Value};
use std::time::Duration;
use store::DirectoryState;

/// `POST /Users`: 201.
pub(crate) async fn create(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    body: &Value,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let id = ResourceId::new();
    let verb = create_verb(inner, caller, kind, body)?;
    let effect = apply(inner, caller, kind, id, Vec::new(), verb).await?;
    shown(inner, caller, kind, id, effect, query).await
}

/// `PUT /Users/{id}`: 200.
pub(crate) async fn replace(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    request: &HttpRequest,
    body: &Value,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let verb = replace_verb(inner, caller, kind, body)?;
    let effect = apply(inner, caller, kind, id, if_match(request), verb).await?;
    shown(inner, caller, kind, id, effect, query).await
}

/// `PATCH /Users/{id}`: 200 with the user; `PATCH /Groups/{id}`: 204, because a member list may be long and Entra wants
/// none, unless the caller names attributes.
pub(crate) async fn patch(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    request: &HttpRequest,
    body: &Value,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let verb = patch_verb(inner, caller, kind, body)?;
    match apply(inner, caller, kind, id, if_match(request), verb).await? {
        Effect::Noted { version, .. } if kind == ResourceKind::Group && query.attributes.is_empty() => {
            Ok(answer::empty(204, Some(&etag(version))))
        }
        effect => shown(inner, caller, kind, id, effect, query).await,
    }
}

/// `DELETE /Users/{id}`: 204.
pub(crate) async fn delete(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    request: &HttpRequest,
) -> Result<HttpResponse, Failure> {
    apply(inner, caller, kind, id, if_match(request), Verb::Delete).await?;
    Ok(answer::empty(204, None))
}

/// What a POST asks for.
pub(crate) fn create_verb(inner: &Inner, caller: &Caller, kind: ResourceKind, body: &Value) -> Result<Verb, Failure> {
    Ok(Verb::Create(attributes(inner, caller, kind, body, Mode::Create)?))
}

/// What a PUT asks for.
pub(crate) fn replace_verb(inner: &Inner, caller: &Caller, kind: ResourceKind, body: &Value) -> Result<Verb, Failure> {
    Ok(Verb::Replace(attributes(inner, caller, kind, body, Mode::Replace)?))
}

/// The attributes in a body, within the limits.
fn attributes(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    body: &Value,
    mode: Mode,
) -> Result<Map<String, Value>, Failure> {
    let (limits, rt) = (&inner.config.limits, caller.resource_type(kind));
    limits.check_body(rt, body)?;
    let attributes = parse(rt, body, mode)?;
    limits.check_stored(rt, None, &attributes)?;
    Ok(attributes)
}

/// What a PATCH asks for. What can be told wrong without the resource is told here; the command carries the message as
/// received.
pub(crate) fn patch_verb(inner: &Inner, caller: &Caller, kind: ResourceKind, body: &Value) -> Result<Verb, Failure> {
    let rt = caller.resource_type(kind);
    inner.config.limits.check_patch(rt, body)?;
    let patch = Patch::parse(rt, body)?;
    if !patch.left_out().is_empty() {
        tracing::info!(
            directory.id = %caller.directory_id(),
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
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    if_match: Vec<String>,
    verb: Verb,
) -> Result<Effect, Failure> {
    let command = command(inner, caller, kind, id, if_match, verb)?;
    exchange(inner, command).await
}

/// A directory that its administrator paused takes no changes.
///
/// # Errors
/// 503 for such a directory.
pub(crate) fn refuse_paused(caller: &Caller) -> Result<(), Failure> {
    if caller.access.directory.state == DirectoryState::Paused {
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
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    resource_id: ResourceId,
    if_match: Vec<String>,
    verb: Verb,
) -> Result<Command, Failure> {
    refuse_paused(caller)?;
    let directory = &caller.access.directory;
    let issued_at = Timestamp::now();
    Ok(Command {
        id: CommandId::new(),
        organization_id: directory.organization_id,
        directory_id: directory.id,
        source: Source::Scim,
        issued_at,
        deadline: issued_at.plus(inner.config.deadline),
        kind,
        resource_id,
        if_match,
        verb,
    })
}

/// The answer that shows the resource: from the verdict, or read back where the verdict is only a note.
async fn shown(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    effect: Effect,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let projection = read::projection(caller, kind, query)?;
    let status = status(&effect);
    let (version, body) = match effect {
        Effect::Stored { resource, .. } => {
            let shown = render::resource(caller, kind, &resource, &projection);
            (resource.version, Value::Object(shown).to_string())
        }
        Effect::Noted { resource_id, .. } => {
            let found = read::found(inner, caller, kind, resource_id, &projection).await?;
            let gone = || scim::Error::not_found(resource_type(kind).name, &resource_id.to_string());
            let found = found.ok_or_else(gone)?;
            (found.version, found.shown(caller, kind, &projection)?)
        }
        Effect::Deleted => return Ok(answer::empty(204, None)),
    };
    let location = render::location(caller, kind, &id.to_string());
    Ok(answer::resource(status, body, &etag(version), &location))
}

/// The tags of all `If-Match` headers; empty means no precondition.
fn if_match(request: &HttpRequest) -> Vec<String> {
    request
        .headers()
        .get_all(IF_MATCH)
        .filter_map(|header| header.to_str().ok())
        .flat_map(parse_etags)
        .collect()
}
