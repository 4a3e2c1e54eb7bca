//! The HTTP server of every program: one way to bind, bound, trace, probe and drain.

mod body;
mod caller;
mod connection;
mod connections;
mod guarded;
mod methods;
mod no_store;
mod probes;
mod rate;
mod request_span;
mod server;
mod target;
mod watched;

pub use body::{ACCEPTED_ENCODINGS, BodyError, read_body};
pub use caller::{TrustedProxies, caller, counted_as};
pub use methods::{READ_ONLY, options, problem, read_only};
pub use no_store::no_store;
pub use probes::Probes;
pub use rate::{Allowance, BURST_TIME, Rates};
pub use request_span::{NamedByHandlers, Route, TracedFrom, request_span};
pub use server::{HttpLimits, serve};
pub use watched::proven;
