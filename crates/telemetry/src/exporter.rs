//! The way spans leave the process: OTLP over HTTP, when the standard variables name a collector.

use crate::options::{TelemetryError, TelemetryOptions};
use crate::semconv::{SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION};
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfig, BatchConfigBuilder, BatchSpanProcessor, OTEL_BSP_MAX_EXPORT_BATCH_SIZE, OTEL_BSP_MAX_QUEUE_SIZE,
    OTEL_BSP_SCHEDULE_DELAY, Sampler, SdkTracerProvider,
};
use std::env;
use std::time::Duration;

/// The standard default of 2048 spans loses most of a burst of a few thousand changes.
const QUEUE_SPANS: usize = 65_536;
const BATCH_SPANS: usize = 2048;
const BATCH_DELAY: Duration = Duration::from_secs(1);

/// Builds the provider: real ids always, an exporter only when a collector is configured.
pub(crate) fn tracer_provider(options: &TelemetryOptions) -> Result<SdkTracerProvider, TelemetryError> {
    let mut builder = SdkTracerProvider::builder().with_resource(resource(options));
    if env::var_os("OTEL_TRACES_SAMPLER").is_none() {
        // The decision is ours, not the caller's: many HTTP clients send `traceparent` with the sampled flag off, and
        // their changes would have no trace. Spans inside one process follow their parent.
        builder = builder
            .with_sampler(Sampler::parent_based(Sampler::AlwaysOn).with_remote_parent_not_sampled(Sampler::AlwaysOn));
    }
    if export_is_configured(|name| env::var(name).ok()) {
        // The exporter's HTTP client needs a TLS provider before it is built, even for plain http. An error only
        // means that the process has one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .build()
            .map_err(|error| TelemetryError::Exporter(Box::new(error)))?;
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batch_config())
            .build();
        builder = builder.with_span_processor(processor);
    }
    Ok(builder.build())
}

/// Whether the environment asks for export, by the rules of the OpenTelemetry specification (empty means unset).
fn export_is_configured(lookup: impl Fn(&str) -> Option<String>) -> bool {
    let value = |name: &str| {
        lookup(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let disabled = value("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"))
        || value("OTEL_TRACES_EXPORTER").is_some_and(|text| text.eq_ignore_ascii_case("none"));
    let endpoint = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| value("OTEL_EXPORTER_OTLP_ENDPOINT"));
    !disabled && endpoint.is_some()
}

/// The standard variables win over our larger defaults.
fn batch_config() -> BatchConfig {
    let mut config = BatchConfigBuilder::default();
    if env::var_os(OTEL_BSP_MAX_QUEUE_SIZE).is_none() {
        config = config.with_max_queue_size(QUEUE_SPANS);
    }
    if env::var_os(OTEL_BSP_MAX_EXPORT_BATCH_SIZE).is_none() {
        config = config.with_max_export_batch_size(BATCH_SPANS);
    }
    if env::var_os(OTEL_BSP_SCHEDULE_DELAY).is_none() {
        config = config.with_scheduled_delay(BATCH_DELAY);
    }
    config.build()
}

fn resource(options: &TelemetryOptions) -> Resource {
    let own = [
        KeyValue::new(SERVICE_NAME, options.service),
        KeyValue::new(SERVICE_INSTANCE_ID, options.instance.clone()),
        KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
    ];
    // What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say wins over what the program says.
    let from_environment = Resource::builder().build();
    let named = |key: &KeyValue| match from_environment.get(&key.key) {
        None => false,
        // The detector fills this in when nothing names the service.
        Some(value) => !value.as_str().starts_with("unknown_service"),
    };
    let attributes: Vec<KeyValue> = own.into_iter().filter(|key| !named(key)).collect();
    Resource::builder().with_attributes(attributes).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn asks_for_export(variables: &[(&str, &str)]) -> bool {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        export_is_configured(|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn only_an_endpoint_switches_export_on() {
        assert!(!asks_for_export(&[]));
        assert!(!asks_for_export(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]));
        assert!(asks_for_export(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")]));
        assert!(asks_for_export(&[(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://c:4318/v1/traces"
        )]));
    }

    #[test]
    fn the_standard_switches_turn_export_off() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        assert!(!asks_for_export(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]));
        assert!(!asks_for_export(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]));
        assert!(asks_for_export(&[endpoint, ("OTEL_TRACES_EXPORTER", "otlp")]));
    }

    #[test]
    fn the_resource_names_service_and_instance() {
        let resource = resource(&TelemetryOptions::new("rollcall-test", crate::LogFormat::Json));
        let value = |key: &'static str| resource.get(&key.into()).map(|value| value.to_string());
        assert_eq!(value(SERVICE_NAME).as_deref(), Some("rollcall-test"));
        assert!(value(SERVICE_INSTANCE_ID).is_some());
    }
}
