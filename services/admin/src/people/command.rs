//! Changes of users and groups: a command by the same way as those of an identity provider, and its verdict.

use super::People;
use crate::audit::Act;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::events::{Command, CommandId, Outcome, ResourceId, ResourceKind, Source, Timestamp, Verb};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use api::Fault;
use commands::{CommandError, Effect};
use serde::Serialize;
use std::time::Duration;
use store::DirectoryState;

/// How long a command may take.
const DEADLINE: Duration = Duration::from_secs(8);

/// What a request wants done.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) kind: ResourceKind,
    pub(crate) resource_id: ResourceId,
    pub(crate) verb: Verb,
}

impl Wish {
    /// A new id for what is to be made.
    pub(crate) fn create(kind: ResourceKind, verb: Verb) -> Self {
        Self {
            kind,
            resource_id: ResourceId::new(),
            verb,
        }
    }
}

impl People {
    /// Sends the command of a request and waits for its verdict.
    ///
    /// # Errors
    /// 409 for a directory that is paused and for what the rules refuse, naming the member where one is at fault; 404
    /// without the resource; 503 when nobody takes commands or the outcome is unknown.
    pub(crate) async fn apply(&self, context: &AdminContext, wish: Wish) -> Result<Effect, Problem> {
        self.apply_as(context, CommandId::new(), wish).await
    }

    /// The same under an id that a repeated request has again: a command is applied once.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub(crate) async fn apply_as(&self, context: &AdminContext, id: CommandId, wish: Wish) -> Result<Effect, Problem> {
        if self.directory.state == DirectoryState::Paused {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "This directory is paused and takes no changes at all; set its state to \"active\" first.",
            ));
        }
        self.send(context, id, wish).await
    }

    /// Notes that a user or group was made, and answers a POST with it: with what was answered before, if somebody sent the
    /// same at this moment.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn created(
        &self,
        context: &AdminContext,
        raw: &Bytes,
        act: Act,
        path: &str,
        body: &impl Serialize,
    ) -> Result<HttpResponse, Problem> {
        let location = context.location(&format!("/directories/{}/{path}", self.directory.id));
        match context.begin(None, raw).await? {
            IdempotentStart::Open(open) => {
                let act = act.within(&self.directory);
                open.finish(context, act, StatusCode::CREATED, Some(location), body)
                    .await
            }
            IdempotentStart::Answered(answer) => Ok(answer),
        }
    }

    /// As [`Self::apply_as`], whether the directory is paused or not: who asks for an erasure has a right to it.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub(crate) async fn apply_in_any_state(&self, context: &AdminContext, wish: Wish) -> Result<Effect, Problem> {
        self.send(context, CommandId::new(), wish).await
    }

    async fn send(&self, context: &AdminContext, id: CommandId, wish: Wish) -> Result<Effect, Problem> {
        let issued_at = Timestamp::now();
        let command = Command {
            id,
            organization_id: self.directory.organization_id,
            directory_id: self.directory.id,
            source: Source::Api,
            issued_at,
            deadline: issued_at.plus(DEADLINE),
            kind: wish.kind,
            resource_id: wish.resource_id,
            if_match: Vec::new(),
            verb: wish.verb,
        };
        let sent = commands::send(context.bus(), context.store(), command).await;
        sent.effect()
            .await
            .map_err(|error| problem(error, wish.kind, wish.resource_id))
    }
}

/// The id of the command of a POST. With an idempotency key it follows from that key and the request, so that a request
/// whose answer was lost does not make a second resource. A verdict that changed nothing binds nobody: the request may
/// have been mended since.
///
/// # Errors
/// As the store.
pub(crate) async fn command_of(context: &AdminContext, body: &Bytes) -> Result<CommandId, Problem> {
    let Some(id) = context.repeatable_command(body) else {
        return Ok(CommandId::new());
    };
    let verdict = context.store().inbox().verdict(id).await?;
    match verdict.map(|verdict| verdict.outcome) {
        Some(Outcome::Refused { .. } | Outcome::Abandoned) => Ok(CommandId::new()),
        _ => Ok(id),
    }
}

fn problem(error: CommandError, kind: ResourceKind, id: ResourceId) -> Problem {
    match error {
        CommandError::Refused { status, detail, .. } => refused(status, detail, kind, id),
        CommandError::NotApplied | CommandError::TooDeep | CommandError::Unavailable => Problem::new(
            ProblemKind::Unavailable,
            "Changes cannot be made at the moment; nothing was changed. Try again soon.",
        ),
        CommandError::Unknown => Problem::new(
            ProblemKind::Unavailable,
            "The outcome is unknown: the change may or may not have been made. Read the user or group before trying again.",
        ),
    }
}

/// What the rules said, in the terms of this API.
fn refused(status: u16, detail: String, kind: ResourceKind, id: ResourceId) -> Problem {
    match status {
        404 => Problem::not_found(name_of(kind), &id.to_string()),
        400 => Problem::invalid_at("#", sentence(&detail)),
        409 => {
            let member = member_of(&detail);
            let fault = Fault::at(format!("#/{member}"), sentence(&detail));
            Problem::new(ProblemKind::Conflict, sentence(&detail)).with_faults(vec![fault])
        }
        _ => Problem::new(ProblemKind::Conflict, detail),
    }
}

/// What a conflict over a unique value is about: the rules name the attribute first.
fn member_of(detail: &str) -> &'static str {
    match detail.split_whitespace().next() {
        Some("userName") => "user_name",
        Some("emails") => "emails",
        Some("displayName") => "display_name",
        _ => "",
    }
}

fn sentence(detail: &str) -> String {
    format!("{detail}.")
}

/// What people call a kind of resource.
pub(crate) const fn name_of(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "user",
        ResourceKind::Group => "group",
    }
}
