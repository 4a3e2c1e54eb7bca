//! The event log: appending to it, reading it, and how far it has travelled. Beside it the inbox, which holds the verdicts of the
//! commands that it comes from, and the lanes, which say who may append.

pub(crate) mod append;
pub(crate) mod inbox;
mod lanes;
mod published;
pub(crate) mod reading;

pub use append::EventDraft;
pub use inbox::{Inbox, Settlement};
pub use lanes::Lanes;
pub use published::Published;
pub use reading::{EventPage, Events, Feed};
