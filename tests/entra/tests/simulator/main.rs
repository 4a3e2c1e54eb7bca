//! What the simulator does, as a client sees it.

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
