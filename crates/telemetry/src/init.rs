//! Sets up logs and traces once per process, and flushes them at its end.

use crate::exporter::tracer_provider;
use crate::fields::AppendedFields;
use crate::format::Traced;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{EnvFilter, FilterExt, ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Said by `RUST_LOG` when it is unset: our own lines, and of the libraries only what needs a look. `actix_http::h1` would
/// write a line for each request of strangers that is no HTTP.
const DEFAULT_FILTER: &str = "info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,lapin=warn,actix_server=warn,\
     actix_http::h1=off,hyper=warn,h2=warn,reqwest=warn";
/// Crates whose spans would be traces about sending traces, or noise below the request.
const UNTRACED: &[&str] = &[
    "opentelemetry",
    "hyper",
    "h2",
    "reqwest",
    "rustls",
    "lapin",
    "sqlx",
    "sea_orm",
    "tokio",
];
const FLUSH: Duration = Duration::from_millis(1_500);

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

/// What [`init`] needs to know.
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

/// Flushes the traces of the process; keep it until the end.
#[derive(Debug)]
#[must_use = "dropping it without `shutdown` loses the last second of traces"]
pub struct Guard {
    provider: SdkTracerProvider,
    /// Later guards of the same process flush, but leave the exporter running for the first one.
    first: bool,
}

impl Guard {
    /// Sends what is still queued, waiting at most two seconds. Call it last of all, when no span is open any more.
    pub async fn shutdown(self) {
        let Self { provider, first } = self;
        // The exporter's client blocks; on a runtime thread it would stall the very work that it waits for.
        let flushed = tokio::task::spawn_blocking(move || {
            if first {
                provider.shutdown_with_timeout(FLUSH)
            } else {
                provider.force_flush()
            }
        });
        match tokio::time::timeout(FLUSH + Duration::from_millis(250), flushed).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last traces could not be sent"),
            Ok(Err(error)) => tracing::warn!(%error, "the last traces could not be sent"),
            Err(_) => tracing::warn!("the last traces could not be sent in time"),
        }
    }
}

/// Sets up logging (by `RUST_LOG`) and tracing (by the standard `OTEL_*` variables) for the whole process.
///
/// Only the first call of a process decides; a later one gives a guard of the same traces.
///
/// # Errors
/// See [`TelemetryError`].
pub fn init(options: &TelemetryOptions) -> Result<Guard, TelemetryError> {
    static PROVIDER: Mutex<Option<SdkTracerProvider>> = Mutex::new(None);
    let mut slot = PROVIDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(provider) = slot.as_ref() {
        return Ok(Guard {
            provider: provider.clone(),
            first: false,
        });
    }
    let log = log_layer(options)?;
    let provider = tracer_provider(options)?;
    let traces = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("rollcall"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_filter(LevelFilter::INFO.and(filter_fn(is_traced)));
    tracing_subscriber::registry()
        .with(log)
        .with(traces)
        .try_init()
        .map_err(|_| TelemetryError::Taken)?;
    *slot = Some(provider.clone());
    Ok(Guard { provider, first: true })
}

/// The filter sits on this layer only: `RUST_LOG=warn` makes the log quiet and leaves the traces whole.
fn log_layer<S>(options: &TelemetryOptions) -> Result<Box<dyn Layer<S> + Send + Sync>, TelemetryError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.trim().is_empty() => EnvFilter::try_new(text).map_err(TelemetryError::Filter)?,
        _ => EnvFilter::new(options.log_filter.unwrap_or(DEFAULT_FILTER)),
    };
    let terminal = stderr().is_terminal();
    let pretty = match options.log_format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(stderr);
    Ok(if pretty {
        layer
            .with_ansi(terminal)
            .event_format(Traced::pretty(terminal))
            .with_filter(filter)
            .boxed()
    } else {
        layer
            .with_ansi(false)
            .fmt_fields(AppendedFields::new())
            .event_format(Traced::json())
            .with_filter(filter)
            .boxed()
    })
}

fn is_traced(metadata: &Metadata<'_>) -> bool {
    let root = metadata.target().split("::").next().unwrap_or_default();
    // Spans only: copying each log line into the trace would double its size, and the line names the trace already.
    metadata.is_span()
        && !UNTRACED
            .iter()
            .any(|name| root == *name || root.starts_with(&format!("{name}_")))
}
