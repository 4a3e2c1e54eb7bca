//! The management API: organizations, directories and their keys, webhook endpoints, deliveries and the event log.
//!
//! It changes what it owns in one transaction with the events about it; users and groups it only counts. Nothing here
//! is reachable without an admin key.

mod auth;
mod body;
mod bootstrap;
mod context;
mod idempotent;
mod indexing;
mod jwks;
mod openapi;
mod people;
mod problem;
mod query;
mod run;
mod setup;
mod state;
mod v1;
mod well_known;

pub use bootstrap::{FirstStart, bootstrap, create_admin_key};
pub use openapi::openapi;
pub use run::run;
pub use state::{Options, State};
pub use v1::{configure, routes};
