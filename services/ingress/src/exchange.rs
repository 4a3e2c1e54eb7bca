//! From command to verdict ([`runtime::send`]), with the failures that SCIM clients are told.

use crate::Inner;
use crate::answer::Failure;
use crate::overload::Overload;
use events::{Command, DirectoryId, Outcome, Timestamp};
use runtime::ExchangeError;
use std::sync::Arc;
use std::time::Duration;

/// Sends a command and returns what became of it. Goes on when the client leaves: the change would be made anyway, and
/// somebody must hear the verdict.
pub(crate) async fn exchange(inner: &Inner, command: Command) -> Result<Outcome, Failure> {
    send(inner, command).await.outcome().await
}

/// A command that has its place in the lane, or could not get one.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Why not, when the lane was known to be full or the directory has too much under way.
    sent: Result<runtime::Sent, Failure>,
    directory: DirectoryId,
    overload: Arc<Overload>,
}

/// Sends a command, when its directory's turn has come, and returns as soon as whatever is sent next comes after it.
pub(crate) async fn send(inner: &Inner, command: Command) -> Sent {
    let (directory, overload) = (command.directory_id, Arc::clone(&inner.overload));
    let sent = if overload.is_full(directory) {
        Err(too_deep())
    } else {
        in_turn(inner, command).await
    };
    Sent {
        sent,
        directory,
        overload,
    }
}

async fn in_turn(inner: &Inner, mut command: Command) -> Result<runtime::Sent, Failure> {
    let turn = inner.turns.wait(&command).await?;
    // The time it may take begins now, not while it waited for its turn.
    command.issued_at = Timestamp::now();
    command.deadline = command.issued_at.plus(inner.config.deadline);
    Ok(runtime::send_holding(&inner.bus, &inner.store, command, turn).await)
}

impl Sent {
    /// What became of it.
    pub(crate) async fn outcome(self) -> Result<Outcome, Failure> {
        self.sent?.outcome().await.map_err(|error| match error {
            ExchangeError::TooDeep => {
                self.overload.note(self.directory);
                too_deep()
            }
            ExchangeError::Unavailable => {
                Failure::unavailable("changes cannot be taken at the moment; nothing was changed")
            }
            ExchangeError::NotApplied => Failure::unavailable("the change was not applied and will not be; try again"),
            ExchangeError::Unknown => Failure::Unknown,
        })
    }
}

/// More changes wait in the directory's lane than the projector can work off soon.
fn too_deep() -> Failure {
    Failure::Unavailable {
        detail: "too many changes are waiting to be stored; this one was not taken and nothing was changed, try again"
            .to_owned(),
        retry_after: Duration::from_secs(10),
    }
}
