//! The users and groups of a directory: as they are, as they were, and how they change.

mod counts;
mod everybody;
mod filter;
mod groups;
mod history;
mod matches;
mod page;
pub(crate) mod projection;
mod query;
mod state_at;
mod users;

pub use counts::DirectoryCounts;
pub use groups::{GroupRow, Groups};
pub use history::{Deletion, History, HistoryDelivery, HistoryPage, MembershipChange};
pub use projection::{
    Batch, BatchError, BatchTx, CopyName, DirectoryFacts, LogCopies, Opening, PROJECTOR, RebuildReport, SaveOutcome,
};
pub use query::{Page, Position, Query, Sort, Total};
pub use state_at::{GroupAt, MemberAt, PageAt, StateAt, UserAt};
pub use users::{UserRow, Users};
