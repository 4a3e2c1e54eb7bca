//! The transmitter of Shared Signals, from outside: HTTP in, Security Event Tokens out.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

mod access;
mod polling;
mod streams;
mod world;
