//! Counters, gauges and histograms, shown in the Prometheus text format.
//!
//! Names begin with `rollcall_`, durations are in seconds and end in `_seconds`, labels take few values and never ids.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;

/// The content type of [`MetricsHandle::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// From half a millisecond (an in-process hop) to the 15 s a webhook receiver is given.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
];
/// Sizes of batches and backlogs.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
const UPKEEP: Duration = Duration::from_secs(5);

/// Reads the metrics of this process.
#[derive(Clone, Debug)]
pub struct MetricsHandle(PrometheusHandle);

impl MetricsHandle {
    /// All metrics in the Prometheus text format, see [`CONTENT_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }
}

/// Installs the recorder of this process at the first call; every call gives the same handle.
///
/// Should another recorder already be installed, the handle shows nothing and the other one stays.
pub fn install() -> MetricsHandle {
    static HANDLE: OnceLock<MetricsHandle> = OnceLock::new();
    HANDLE.get_or_init(set_up).clone()
}

fn set_up() -> MetricsHandle {
    let recorder = match builder() {
        Ok(builder) => builder,
        Err(error) => {
            tracing::error!(%error, "metric buckets were refused, histograms become summaries");
            PrometheusBuilder::new()
        }
    }
    .build_recorder();
    let handle = recorder.handle();
    if let Err(error) = metrics::set_global_recorder(recorder) {
        tracing::warn!(%error, "another metrics recorder is installed in this process");
        return MetricsHandle(handle);
    }
    let upkeep = handle.clone();
    // Histogram samples pile up until somebody reads them; nobody may ever scrape.
    let spawned = std::thread::Builder::new()
        .name("metrics-upkeep".into())
        .spawn(move || {
            loop {
                std::thread::sleep(UPKEEP);
                upkeep.run_upkeep();
            }
        });
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread for metrics upkeep, memory grows until /metrics is read");
    }
    MetricsHandle(handle)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".into()), COUNTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_install_gives_the_same_recorder_and_durations_are_histograms() {
        let first = install();
        metrics::counter!("rollcall_test_total", "outcome" => "ok").increment(2);
        metrics::histogram!("rollcall_test_seconds").record(0.003);
        let text = install().render();
        assert_eq!(text, first.render());
        assert!(text.contains("rollcall_test_total{outcome=\"ok\"} 2"), "{text}");
        assert!(text.contains("rollcall_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
    }
}
