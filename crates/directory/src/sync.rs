//! How an identity provider syncs a directory, as its requests show it: what each is about, which belong to
//! one cycle, when the next is due, and how the directory fares, in words.
//!
//! Pure: requests and times come in, and what to keep, to say and to announce comes out.

mod cadence;
mod contact;
mod cycle;
mod health;
mod operation;
mod quarantine;

pub use cadence::{MOST_STARTS, SILENT_AFTER, expected, observed};
pub use contact::{Contact, EndedKey};
pub use cycle::{Counts, Cycle, CycleKind, SILENCE, Standing};
pub use health::{Facts, Health, HealthState, Switch, health};
pub use operation::{Exchange, Operation};
pub use quarantine::{Outlook, Quarantine, quarantine};
