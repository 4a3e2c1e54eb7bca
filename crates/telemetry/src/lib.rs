//! Logs, traces and metrics of every process, set up in one place.
//!
//! A trace follows one change from the identity provider's request to the webhook's answer, through queues, rows and
//! retries. So span ids are real even when nothing exports them: the `traceparent` that a webhook carries and the
//! `trace_id` of a log line always name a trace, whether or not a collector is listening.

mod chain;
mod exporter;
mod fields;
mod format;
mod init;
pub mod metrics;
mod options;
mod propagation;
pub mod semconv;

pub use chain::{Chain, chain};
pub use init::{TelemetryGuard, init};
pub use options::{LogFormat, TelemetryError, TelemetryOptions};
pub use propagation::{link, rename, set_parent, trace_id, traceparent, traceparent_of};
