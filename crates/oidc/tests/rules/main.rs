//! The rules of OpenID Connect that this crate keeps, seen from outside.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod authority;
mod fetching;
mod id_token;
mod keys;
mod metadata;
mod server;
mod tokens;
