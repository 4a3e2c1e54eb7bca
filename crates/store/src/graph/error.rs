//! Why something of a round was not written.

use crate::StoreError;

/// Why something of a round was not written. Then nothing of it is.
#[derive(Debug, thiserror::Error)]
pub enum GraphWriteError {
    /// Somebody else works on the directory, or it was changed: whoever is told this stops.
    #[error("the lease of the directory is lost")]
    LeaseLost,
    /// The page was read with another link than the one that is stored: it was committed before, or the round began again.
    #[error("the page does not follow the one that was committed last")]
    CursorMoved,
    /// As any write.
    #[error(transparent)]
    Store(#[from] StoreError),
}
