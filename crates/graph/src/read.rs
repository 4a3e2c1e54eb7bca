//! Reading what delta queries do not bring: one person or group, lists of them, who is assigned, who is deleted.
//!
//! Lists come as streams of pages, of which one at a time is in memory.

mod application;
mod lists;
mod nested;
mod people;
mod probe;

pub use application::{AppRole, Assignment, Assignments, ServicePrincipal};
pub use nested::{MOST_NESTED_GROUPS, Nested};
pub use people::{MOST_AT_ONCE, Named, NamedPerson};
pub use probe::{Probe, ProbeOutcome, ProbeStep};

/// A list has at most so many pages.
pub const MOST_PAGES: usize = 20_000;
