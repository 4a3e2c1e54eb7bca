//! The HTTP server of every program: one way to bind, trace, probe and drain.

mod body;
mod methods;
mod probes;
mod request_span;
mod server;

pub use body::{ACCEPTED_ENCODINGS, BodyError, read_body};
pub use methods::{READ_ONLY, options, problem, read_only};
pub use probes::Probes;
pub use request_span::{Route, request_span};
pub use server::serve;
