//! Closed-loop load: so many clients, each sending its next request when the last one is answered. And open-loop load: so many
//! requests a second, whatever becomes of those before.

use hdrhistogram::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What was measured under a load.
pub(crate) struct Load {
    /// How many were sent.
    pub(crate) requests: usize,
    /// How many of them did not go well.
    pub(crate) errors: usize,
    /// What the first of those said.
    pub(crate) first_error: Option<String>,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Microseconds from request to answer.
    pub(crate) latency: Histogram<u64>,
}

impl Load {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.took.as_secs_f64()
    }

    /// A quantile in milliseconds.
    pub(crate) fn millis(&self, quantile: f64) -> f64 {
        quantile_millis(&self.latency, quantile)
    }

    /// The same, for requests none of which may fail.
    ///
    /// # Panics
    /// When one did.
    #[track_caller]
    pub(crate) fn flawless(self) -> Self {
        let told = self.first_error.as_deref().unwrap_or_default();
        assert_eq!(self.errors, 0, "failed requests; the first: {told}");
        self
    }
}

/// A quantile in milliseconds of a histogram in microseconds.
pub(crate) fn quantile_millis(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

/// A histogram of microseconds up to two minutes.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 120_000_000, 3).unwrap()
}

/// Microseconds, as histograms take them.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// One client's part of a load.
struct Share {
    latency: Histogram<u64>,
    errors: Vec<String>,
}

/// Sends `requests` requests from `clients` clients; `send` gets the number of the request, from 0.
pub(crate) async fn run<F>(clients: usize, requests: usize, send: impl Fn(usize) -> F + Send + Sync + 'static) -> Load
where
    F: Future<Output = Result<(), String>> + Send,
{
    let (next, send) = (Arc::new(AtomicUsize::new(0)), Arc::new(send));
    let started = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (next, send) = (Arc::clone(&next), Arc::clone(&send));
            tokio::spawn(async move {
                let (mut latency, mut errors) = (histogram(), Vec::new());
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= requests {
                        return Share { latency, errors };
                    }
                    let began = Instant::now();
                    errors.extend(send(n).await.err());
                    latency.saturating_record(micros(began.elapsed()));
                }
            })
        })
        .collect();
    let mut whole = Load {
        requests,
        errors: 0,
        first_error: None,
        took: Duration::ZERO,
        latency: histogram(),
    };
    for task in tasks {
        let share = task.await.unwrap();
        whole.latency.add(share.latency).unwrap();
        whole.errors += share.errors.len();
        whole.first_error = whole.first_error.or_else(|| share.errors.into_iter().next());
    }
    whole.took = started.elapsed();
    whole
}

/// Begins `per_second` requests in each second of `lasts`, at an even rate; `send` gets the number of the request, from 0. Each
/// is timed from when it was due, so that a slow answer is not hidden by the requests that wait for it.
pub(crate) async fn steadily<F>(
    per_second: usize,
    lasts: Duration,
    send: impl Fn(usize) -> F + Send + Sync + 'static,
) -> Load
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let requests = per_second * usize::try_from(lasts.as_secs()).unwrap();
    let each = Duration::from_secs(1) / u32::try_from(per_second).unwrap();
    let began = tokio::time::Instant::now();
    let mut tasks = Vec::with_capacity(requests);
    for n in 0..requests {
        let due = began + each * u32::try_from(n).unwrap();
        tokio::time::sleep_until(due).await;
        let sent = send(n);
        tasks.push(tokio::spawn(async move { (sent.await, due.elapsed()) }));
    }
    let mut whole = Load {
        requests,
        errors: 0,
        first_error: None,
        took: Duration::ZERO,
        latency: histogram(),
    };
    for task in tasks {
        let (outcome, took) = task.await.unwrap();
        whole.latency.saturating_record(micros(took));
        if let Err(error) = outcome {
            whole.errors += 1;
            whole.first_error.get_or_insert(error);
        }
    }
    whole.took = began.elapsed();
    whole
}
