//! Why the work on a directory stops before its cycle is over.

use commands::CommandError;
use graph::GraphError;
use graph::pull::PullFault;
use store::{GraphWriteError, StoreError};

/// Why the work on a directory stops.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// Somebody else works on it, or it was changed.
    #[error("the lease of the directory is lost")]
    LeaseLost,
    /// Others have their turn, or the process stops. It goes on where it was.
    #[error("the turn is over")]
    Turn,
    /// An administrator paused the directory.
    #[error("the directory is paused")]
    Paused,
    /// Graph does not answer.
    #[error("Microsoft Graph was not read")]
    Graph(#[from] GraphError),
    /// The database does not answer.
    #[error("what is known was not read or written")]
    Store(#[from] StoreError),
    /// Commands are not taken, or it is not known what became of one.
    #[error("a change was not brought to its end")]
    Command(#[from] CommandError),
    /// An administrator has to mend it.
    #[error("{}", .0.detail)]
    Fault(Box<PullFault>),
    /// So many would go that an administrator must say whether that is right.
    #[error("{} of {} people or groups would go", .0.would_go, .0.known)]
    Held(Held),
}

/// How many would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// At least so many.
    pub(crate) would_go: u64,
    /// So many may.
    pub(crate) allowed: u64,
    /// Of so many.
    pub(crate) known: u64,
}

impl From<GraphWriteError> for Stop {
    fn from(error: GraphWriteError) -> Self {
        match error {
            GraphWriteError::LeaseLost => Self::LeaseLost,
            // A page that was committed although nobody heard of it: the next turn reads where the round is.
            GraphWriteError::CursorMoved => Self::Turn,
            GraphWriteError::Store(error) => Self::Store(error),
        }
    }
}

impl Stop {
    /// A name of the reason that stays the same.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::LeaseLost => "lease_lost",
            Self::Turn => "turn",
            Self::Paused => "paused",
            Self::Graph(error) => error.code(),
            Self::Store(_) => "database",
            Self::Command(_) => "commands",
            Self::Fault(fault) => &fault.code,
            Self::Held(_) => "held",
        }
    }
}
