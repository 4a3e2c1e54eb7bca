//! `POST /dead-letters/{id}/redrive`.

use crate::audit::Act;
use crate::body::NoBody;
use crate::context::{AdminContext, path_id};
use crate::dead_letters::body_context;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::events::{Command, CommandId, DeadLetterId, EventId, Timestamp};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{DeadLetterRedriven, RedriveOutcome};
use commands::{CommandError, Effect};
use std::time::Duration;
use store::{DeadLetter, DeadLetterKind, DirectoryState, Settlement};

/// How long a command may take.
const DEADLINE: Duration = Duration::from_secs(8);
/// How long the dispatcher may take to store the deliveries of an event. A broker keeps the event by itself.
const DISPATCH_TIME: Duration = Duration::from_secs(10);
const DISPATCH_CHECK: Duration = Duration::from_millis(20);

/// Sends a message that could not be processed once more.
///
/// A command is sent under a new id, and the answer waits for its verdict: it is made now, after everything that came since,
/// or refused by the rules. If the change had been made after all, nothing is sent. An event goes to the dispatcher alone,
/// which makes the deliveries that are missing. What is not taken stays among the dead letters. Not for keys of one
/// organization.
#[utoipa::path(
    post,
    path = "/dead-letters/{id}/redrive",
    operation_id = "redrive_dead_letter",
    tag = "Dead letters",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "It is done, and no longer among the dead letters.", body = api::DeadLetterRedriven)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: DeadLetterId = path_id("dead letter", &path)?;
    let _alone = context.alone().await;
    if let Some(answer) = context.answered(body.raw()).await? {
        return Ok(answer);
    }
    let letter = context.store().dead_letters().by_id(id).await?;
    let letter = letter.ok_or_else(|| Problem::not_found("dead letter", &path))?;
    let sent = match letter.kind {
        DeadLetterKind::UserCommand | DeadLetterKind::GroupCommand => command(&context, &letter).await,
        DeadLetterKind::Event => event(&context, &letter).await,
        DeadLetterKind::Unreadable => Err(conflict(
            "This message cannot be read, so it cannot be sent again. Discard it: events are in the log, and the sender of a \
             change was told that it was not made.",
        )),
    };
    let outcome = match sent {
        Ok(outcome) => outcome,
        Err(problem) => {
            let letters = context.store().dead_letters();
            letters.note(id, problem.detail(), context.now).await?;
            return Err(problem);
        }
    };
    let answer = DeadLetterRedriven { id, outcome };
    match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => {
            // One that was put aside once more meanwhile stays.
            open.delete_dead_letter(&letter).await?;
            let act = Act::created("dead_letter", id, &answer)
                .named("redriven")
                .about(letter.organization_id, letter.directory_id);
            open.finish(&context, act, StatusCode::OK, None, &answer).await
        }
        IdempotentStart::Answered(answer) => Ok(answer),
    }
}

/// Sends a command, unless it was applied after all. Whoever sends it gives the letter the new id first, so that of two one
/// does, and so that a letter that comes again is this one.
async fn command(context: &AdminContext, letter: &DeadLetter) -> Result<RedriveOutcome, Problem> {
    let old: CommandId = letter.message_id.parse().map_err(|error| Problem::internal(&error))?;
    let settled = context.store().inbox().settle(old, context.now).await?;
    if let Settlement::Verdict(outcome) = settled
        && Effect::try_from(outcome).is_ok()
    {
        return Ok(RedriveOutcome::AlreadyApplied);
    }
    check_directory(context, letter).await?;
    let command = opened(context, letter)?;
    let letters = context.store().dead_letters();
    let renamed = letters
        .rename(letter.id, &letter.message_id, &command.id.to_string())
        .await?;
    if !renamed {
        return Err(conflict("Somebody else is just sending this message."));
    }
    let sent = commands::send(context.bus(), context.store(), command).await;
    match sent.effect().await {
        Ok(_) => Ok(RedriveOutcome::Applied),
        Err(CommandError::Refused { status, detail, .. }) => {
            let detail =
                format!("The change was refused with status {status}: {detail}. It stays among the dead letters.");
            Err(conflict(detail))
        }
        Err(CommandError::Unknown) => Err(Problem::new(
            ProblemKind::Unavailable,
            "The outcome is unknown. Send it again later: if the change was made, it will not be made twice.",
        )),
        Err(CommandError::Unavailable | CommandError::TooDeep | CommandError::NotApplied) => Err(Problem::new(
            ProblemKind::Unavailable,
            "Changes cannot be made at the moment; nothing was changed. Try again soon.",
        )),
    }
}

async fn check_directory(context: &AdminContext, letter: &DeadLetter) -> Result<(), Problem> {
    let directory = match letter.directory_id {
        Some(id) => context.store().directories().by_id(id).await?,
        None => None,
    };
    match directory.map(|directory| directory.state) {
        None => Err(conflict("The directory of this message is gone. Discard the message.")),
        Some(DirectoryState::Paused) => Err(conflict(
            "The directory is paused and takes no changes at all; set its state to \"active\" first.",
        )),
        Some(DirectoryState::Active | DirectoryState::Held) => Ok(()),
    }
}

/// The command of a letter, as a new one that is sent now.
fn opened(context: &AdminContext, letter: &DeadLetter) -> Result<Command, Problem> {
    let sealed = letter.body.as_deref().unwrap_or_default();
    let text = context
        .master_keys()
        .open(sealed, &body_context(letter.id))
        .map_err(|error| Problem::internal(&error))?;
    let command: Command = serde_json::from_slice(&text).map_err(|error| Problem::internal(&error))?;
    let issued_at = Timestamp::now();
    Ok(Command {
        id: CommandId::new(),
        issued_at,
        deadline: issued_at.plus(DEADLINE),
        ..command
    })
}

/// Hands an event to the dispatcher, as the log has it now.
async fn event(context: &AdminContext, letter: &DeadLetter) -> Result<RedriveOutcome, Problem> {
    let id: EventId = letter.message_id.parse().map_err(|error| Problem::internal(&error))?;
    let Some(event) = context.store().events().by_id(id).await? else {
        return Err(conflict("The event is no longer in the log. Discard the message."));
    };
    let sent = async {
        let receipt = context.bus().dispatch_again(&event).await.ok()?;
        let taken = async {
            while !receipt.is_durable() {
                tokio::time::sleep(DISPATCH_CHECK).await;
            }
        };
        tokio::time::timeout(DISPATCH_TIME, taken).await.ok()
    };
    sent.await.map(|()| RedriveOutcome::Dispatched).ok_or_else(|| {
        let detail = "The dispatcher does not take events at the moment. Try again soon.";
        Problem::new(ProblemKind::Unavailable, detail)
    })
}

fn conflict(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Conflict, detail)
}
