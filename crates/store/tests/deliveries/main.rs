//! Deliveries from insertion to the last attempt, on both databases.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod keeping;
mod leases;
mod lines;
mod recording;
mod sealing;
mod snapshots;
mod switching_off;
mod world;
