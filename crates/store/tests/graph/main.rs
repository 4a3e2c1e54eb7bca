//! Directories that are pulled from Microsoft Graph: who works on them, and what is remembered of each round.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod credentials;
mod leases;
mod objects;
mod pages;
mod subscriptions;
mod world;
