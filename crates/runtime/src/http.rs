//! The HTTP server of every program: one way to bind, trace, probe and drain.

mod probes;
mod request_span;
mod server;

pub use probes::Probes;
pub use request_span::{Route, request_span};
pub use server::serve;
