//! POST, PUT, PATCH and DELETE: validate, send a command, answer its verdict.

use crate::answer::{self, Failure};
use crate::exchange::exchange;
use crate::handle::{Caller, resource_type};
use crate::{Inner, read, render};
use actix_web::http::header::IF_MATCH;
use actix_web::{HttpRequest, HttpResponse};
use events::{Command, CommandId, Outcome, ResourceId, ResourceKind, Source, Timestamp, Verb};
use scim::patch::Patch;
use scim::query::ListQuery;
use scim::resource::{Mode, etag, parse, parse_etags};
use serde_json::Value;
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
    let attributes = parse(resource_type(kind), body, Mode::Create)?;
    let command = command(
        inner,
        caller,
        kind,
        ResourceId::new(),
        Vec::new(),
        Verb::Create(attributes),
    )?;
    let id = command.resource_id;
    let outcome = exchange(inner, command).await?;
    shown(inner, caller, kind, id, outcome, query).await
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
    let attributes = parse(resource_type(kind), body, Mode::Replace)?;
    let command = command(inner, caller, kind, id, if_match(request), Verb::Replace(attributes))?;
    let outcome = exchange(inner, command).await?;
    shown(inner, caller, kind, id, outcome, query).await
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
    // What can be told wrong without the resource is told here; the command carries the message as received.
    Patch::parse(resource_type(kind), body)?;
    let command = command(inner, caller, kind, id, if_match(request), Verb::Patch(body.clone()))?;
    let outcome = exchange(inner, command).await?;
    match outcome {
        Outcome::Applied { version, .. } if kind == ResourceKind::Group && query.attributes.is_empty() => {
            Ok(answer::empty(204, Some(&etag(version))))
        }
        outcome => shown(inner, caller, kind, id, outcome, query).await,
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
    let command = command(inner, caller, kind, id, if_match(request), Verb::Delete)?;
    match exchange(inner, command).await? {
        Outcome::Refused {
            status,
            scim_type,
            detail,
        } => Err(refused(status, scim_type.as_deref(), detail)),
        _ => Ok(answer::empty(204, None)),
    }
}

fn command(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    resource_id: ResourceId,
    if_match: Vec<String>,
    verb: Verb,
) -> Result<Command, Failure> {
    let directory = &caller.access.directory;
    if directory.state == DirectoryState::Paused {
        return Err(Failure::Unavailable {
            detail: "this directory is paused by its administrator; nothing was changed".to_owned(),
            retry_after: Duration::from_secs(300),
        });
    }
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
    outcome: Outcome,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let projection = read::projection(kind, query)?;
    let (created, stored) = match outcome {
        Outcome::Stored { created, resource } => (created, *resource),
        Outcome::Applied {
            created, resource_id, ..
        } => {
            let stored = read::stored(inner, caller, kind, resource_id, &projection).await?;
            let gone = || scim::Error::not_found(resource_type(kind).name, &resource_id.to_string());
            (created, stored.ok_or_else(gone)?)
        }
        Outcome::Refused {
            status,
            scim_type,
            detail,
        } => return Err(refused(status, scim_type.as_deref(), detail)),
        Outcome::Deleted => return Ok(answer::empty(204, None)),
        Outcome::Abandoned => return Err(Failure::unavailable("the change was not applied; try again")),
    };
    let body = render::resource(caller, kind, &stored, &projection).into();
    let location = render::location(caller, kind, &id.to_string());
    Ok(answer::resource(
        if created { 201 } else { 200 },
        &body,
        &etag(stored.version),
        &location,
    ))
}

fn refused(status: u16, scim_type: Option<&str>, detail: String) -> Failure {
    let scim_type = scim_type.and_then(scim::ScimType::from_keyword);
    scim::Error {
        status,
        scim_type,
        detail,
    }
    .into()
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
