//! What the simulator does, as a client sees it.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

mod batches;
mod control;
mod convergence;
mod expiry;
mod faults;
mod first_rounds;
mod groups;
mod later_rounds;
mod lists;
mod notifications;
mod permissions;
mod support;
mod throttling;
mod tokens;
