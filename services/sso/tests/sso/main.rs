//! Single sign-on from outside: people who log in to apps by an identity provider, and the transmitter of Shared Signals, HTTP
//! in and Security Event Tokens out.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

mod access;
mod following;
mod house;
mod logins;
mod meant;
mod polling;
mod streams;
mod tests_of_connections;
mod tokens;
mod world;
