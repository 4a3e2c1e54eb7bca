//! What is chosen about logs and traces, and why they cannot be set up.

use tracing_subscriber::filter::ParseError;

/// How log lines look. They go to standard error, so that a program's own output stays clean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// [`LogFormat::Pretty`] when standard error is a terminal, else [`LogFormat::Json`].
    #[default]
    Auto,
    /// Readable lines.
    Pretty,
    /// One JSON object on each line.
    Json,
}

/// What [`init`](crate::init()) needs to know.
#[derive(Clone, Debug)]
pub struct TelemetryOptions {
    /// `service.name` of the traces, unless `OTEL_SERVICE_NAME` says otherwise.
    pub service: &'static str,
    /// `service.instance.id` of the traces: different in each process.
    pub instance: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written when `RUST_LOG` is unset; `None` for the usual ones.
    pub log_filter: Option<&'static str>,
}

impl TelemetryOptions {
    /// Options with an instance id made of the process id.
    #[must_use]
    pub fn new(service: &'static str, log_format: LogFormat) -> Self {
        Self {
            service,
            instance: std::process::id().to_string(),
            log_format,
            log_filter: None,
        }
    }
}

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` is not a list of `target=level`.
    #[error("RUST_LOG is not a log filter (example: info,projector=debug)")]
    Filter(#[source] ParseError),
    /// The variables `OTEL_EXPORTER_OTLP_*` do not describe a collector that can be used.
    #[error("traces cannot be exported as the OTEL_EXPORTER_OTLP_* variables say")]
    Exporter(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something else in this process has installed its own logging.
    #[error("this process already has another log subscriber")]
    Taken,
}
