//! From command to verdict ([`runtime::send`]), with the failures that SCIM clients are told.

use crate::Inner;
use crate::answer::Failure;
use crate::overload::Overload;
use events::{Command, DirectoryId, Outcome};
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
    /// `None` when the lane was known to be full.
    sent: Option<runtime::Sent>,
    directory: DirectoryId,
    overload: Arc<Overload>,
}

/// Sends a command and returns as soon as whatever is sent next comes after it.
pub(crate) async fn send(inner: &Inner, command: Command) -> Sent {
    let (directory, overload) = (command.directory_id, Arc::clone(&inner.overload));
    let sent = if overload.is_full(directory) {
        None
    } else {
        Some(runtime::send(&inner.bus, &inner.store, command).await)
    };
    Sent {
        sent,
        directory,
        overload,
    }
}

impl Sent {
    /// What became of it.
    pub(crate) async fn outcome(self) -> Result<Outcome, Failure> {
        let Some(sent) = self.sent else {
            return Err(too_deep());
        };
        sent.outcome().await.map_err(|error| match error {
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
