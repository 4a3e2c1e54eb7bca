//! From command to effect ([`commands::send`]), with the failures that SCIM clients see.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::overload::Overload;
use commands::{CommandError, Effect};
use events::{Command, DirectoryId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// When to repeat what the projector refuses for now. Identity providers come back with their next cycle anyway.
const RETRY_REFUSED_AFTER: Duration = Duration::from_secs(300);

/// Sends a command and returns what it did. Goes on when the client leaves: the change would be made anyway, and
/// somebody must hear the verdict.
pub(crate) async fn exchange(context: &ScimContext, command: Command) -> Result<Effect, Failure> {
    send(context, command).await.effect().await
}

/// A command that has its place in the lane, or could not get one.
#[derive(Debug)]
pub(crate) struct PendingAnswer {
    /// Why not, when the lane was known to be full or the directory has too much under way.
    sent: Result<commands::SentCommand, Failure>,
    directory: DirectoryId,
    overload: Arc<Overload>,
}

/// Sends a command, when its directory's turn has come, and returns as soon as whatever is sent next comes after it.
pub(crate) async fn send(context: &ScimContext, command: Command) -> PendingAnswer {
    let (directory, overload) = (command.directory_id, Arc::clone(&context.overload));
    let sent = if overload.is_full(directory) {
        Err(too_deep())
    } else {
        in_turn(context, command).await
    };
    PendingAnswer {
        sent,
        directory,
        overload,
    }
}

async fn in_turn(context: &ScimContext, mut command: Command) -> Result<commands::SentCommand, Failure> {
    let turn = context.turns.wait(&command).await?;
    // The time it may take begins now, not while it waited for its turn.
    command.issued_at = Timestamp::now();
    command.deadline = command.issued_at.plus(context.config.deadline);
    Ok(commands::send_holding(&context.bus, &context.store, command, turn).await)
}

impl PendingAnswer {
    /// What it did; without an effect, the failure that the client sees.
    pub(crate) async fn effect(self) -> Result<Effect, Failure> {
        self.sent?.effect().await.map_err(|error| match error {
            CommandError::Refused {
                status,
                scim_type,
                detail,
            } => refused(status, scim_type.as_deref(), detail),
            CommandError::TooDeep => {
                self.overload.note(self.directory);
                too_deep()
            }
            CommandError::Unavailable => {
                Failure::unavailable("changes cannot be taken at the moment; nothing was changed")
            }
            CommandError::NotApplied => Failure::unavailable("the change was not applied and will not be; try again"),
            CommandError::Unknown => Failure::Unknown,
        })
    }
}

fn refused(status: u16, scim_type: Option<&str>, detail: String) -> Failure {
    if status == 503 {
        return Failure::Later {
            error: scim::Error::status(status, detail),
            retry_after: RETRY_REFUSED_AFTER,
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

/// More changes wait in the directory's lane than the projector can work off soon.
fn too_deep() -> Failure {
    Failure::Unavailable {
        detail: "too many changes are waiting to be stored; this one was not taken and nothing was changed, try again"
            .to_owned(),
        retry_after: Duration::from_secs(10),
    }
}
