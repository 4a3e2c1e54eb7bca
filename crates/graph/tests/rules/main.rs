//! The rules of Microsoft Graph that this crate keeps, seen from outside.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod batch;
mod consent;
mod delta;
mod edge;
mod exchange;
mod links;
mod map;
mod notifications;
mod reading;
mod support;
mod tokens;
