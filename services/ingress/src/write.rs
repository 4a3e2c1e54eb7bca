//! POST, PUT, PATCH and DELETE: validate, send a command, answer its verdict.

use crate::answer::{self, Failure};
use crate::exchange::exchange;
use crate::handle::{Caller, resource_type};
use crate::{Inner, read, render};
use actix_web::http::header::IF_MATCH;
use actix_web::{HttpRequest, HttpResponse};
use events::{Command, CommandId, Outcome, ResourceId, ResourceKind, Source, StoredResource, Timestamp, Verb};
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
    let change = apply(inner, caller, kind, id, Vec::new(), verb).await?;
    shown(inner, caller, kind, id, change, query).await
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
    let change = apply(inner, caller, kind, id, if_match(request), verb).await?;
    shown(inner, caller, kind, id, change, query).await
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
        Change::Noted { version, .. } if kind == ResourceKind::Group && query.attributes.is_empty() => {
            Ok(answer::empty(204, Some(&etag(version))))
        }
        change => shown(inner, caller, kind, id, change, query).await,
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

/// A change that was made.
#[derive(Debug)]
pub(crate) enum Change {
    /// Here is the resource.
    Stored {
        created: bool,
        resource: Box<StoredResource>,
    },
    /// The resource can be read back.
    Noted {
        created: bool,
        resource_id: ResourceId,
        version: i64,
    },
    /// The resource is gone.
    Deleted,
}

impl Change {
    /// The HTTP status of an answer that shows the resource, or that it is gone.
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::Stored { created: true, .. } | Self::Noted { created: true, .. } => 201,
            Self::Stored { .. } | Self::Noted { .. } => 200,
            Self::Deleted => 204,
        }
    }

    /// The resource's version after it.
    pub(crate) fn version(&self) -> Option<i64> {
        match self {
            Self::Stored { resource, .. } => Some(resource.version),
            Self::Noted { version, .. } => Some(*version),
            Self::Deleted => None,
        }
    }
}

/// Sends one command and waits for its verdict; anything but a change that was made is a failure.
pub(crate) async fn apply(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    if_match: Vec<String>,
    verb: Verb,
) -> Result<Change, Failure> {
    let command = command(inner, caller, kind, id, if_match, verb)?;
    change(exchange(inner, command).await?)
}

/// The change that an outcome tells of.
///
/// # Errors
/// The refusal, where there is none.
pub(crate) fn change(outcome: Outcome) -> Result<Change, Failure> {
    match outcome {
        Outcome::Refused {
            status,
            scim_type,
            detail,
        } => Err(refused(status, scim_type.as_deref(), detail)),
        Outcome::Abandoned => Err(Failure::unavailable("the change was not applied; try again")),
        Outcome::Stored { created, resource } => Ok(Change::Stored { created, resource }),
        Outcome::Applied {
            created,
            resource_id,
            version,
        } => Ok(Change::Noted {
            created,
            resource_id,
            version,
        }),
        Outcome::Deleted => Ok(Change::Deleted),
    }
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
    change: Change,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let projection = read::projection(caller, kind, query)?;
    let status = change.status();
    let (version, body) = match change {
        Change::Stored { resource, .. } => {
            let shown = render::resource(caller, kind, &resource, &projection);
            (resource.version, Value::Object(shown).to_string())
        }
        Change::Noted { resource_id, .. } => {
            let found = read::found(inner, caller, kind, resource_id, &projection).await?;
            let gone = || scim::Error::not_found(resource_type(kind).name, &resource_id.to_string());
            let found = found.ok_or_else(gone)?;
            (found.version, found.shown(caller, kind, &projection)?)
        }
        Change::Deleted => return Ok(answer::empty(204, None)),
    };
    let location = render::location(caller, kind, &id.to_string());
    Ok(answer::resource(status, body, &etag(version), &location))
}

/// When to repeat what the projector refuses for now. Identity providers come back with their next cycle anyway.
const LATER: Duration = Duration::from_secs(300);

fn refused(status: u16, scim_type: Option<&str>, detail: String) -> Failure {
    if status == 503 {
        return Failure::Later {
            error: scim::Error::status(status, detail),
            retry_after: LATER,
        };
    }
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
