//! Closed-loop load: so many clients, each sending its next request when the last one is answered.

use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a load came to.
pub(crate) struct Load {
    pub(crate) requests: usize,
    pub(crate) errors: usize,
    pub(crate) took: Duration,
    /// Microseconds.
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
}

/// A quantile in milliseconds of a histogram in microseconds.
pub(crate) fn quantile_millis(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

/// A histogram of microseconds up to two minutes.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 120_000_000, 3).unwrap()
}

/// Sends `requests` requests from `clients` clients; `send` gets the number of the request and says whether it went well.
pub(crate) async fn run<F>(clients: usize, requests: usize, send: impl Fn(usize) -> F + Clone + Send + 'static) -> Load
where
    F: Future<Output = bool> + Send,
{
    let next = std::sync::Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (next, send) = (std::sync::Arc::clone(&next), send.clone());
            tokio::spawn(async move {
                let mut latency = histogram();
                let mut errors = 0;
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= requests {
                        return (latency, errors);
                    }
                    let began = Instant::now();
                    errors += usize::from(!send(n).await);
                    latency.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
            })
        })
        .collect();
    let (mut latency, mut errors) = (histogram(), 0);
    for task in tasks {
        let (one, failed) = task.await.unwrap();
        latency.add(one).unwrap();
        errors += failed;
    }
    Load {
        requests,
        errors,
        took: started.elapsed(),
        latency,
    }
}
