//! Sets up logs and traces once per process, and flushes them at its end.

use crate::exporter::tracer_provider;
use crate::fields::AppendedFields;
use crate::format::Traced;
use crate::options::{LogFormat, TelemetryError, TelemetryOptions};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
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

/// Flushes the traces of the process; keep it until the end.
#[derive(Debug)]
#[must_use = "dropping it without `shutdown` loses the last second of traces"]
pub struct TelemetryGuard {
    provider: SdkTracerProvider,
    /// Later guards of the same process flush, but leave the exporter running for the first one.
    first: bool,
}

impl TelemetryGuard {
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
pub fn init(options: &TelemetryOptions) -> Result<TelemetryGuard, TelemetryError> {
    static PROVIDER: Mutex<Option<SdkTracerProvider>> = Mutex::new(None);
    let mut slot = PROVIDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(provider) = slot.as_ref() {
        return Ok(TelemetryGuard {
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
        // Nobody asks the thread for its context, and attaching it cost 2 % of a read.
        .with_context_activation(false)
        .with_filter(LevelFilter::INFO.and(filter_fn(is_traced)));
    tracing_subscriber::registry()
        .with(log)
        .with(traces)
        .try_init()
        .map_err(|_| TelemetryError::Taken)?;
    *slot = Some(provider.clone());
    Ok(TelemetryGuard { provider, first: true })
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
