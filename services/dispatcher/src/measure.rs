//! What the dispatcher counts.

use events::{EventId, Timestamp};
use std::time::Duration;
use store::{ActivityMeter, Backlog, DeliveryVerdict, FinishedAttempt, PruneReport};
use webhooks::{AttemptFailure, AttemptResult};

/// The size of what is in memory.
pub(crate) fn load(firsts: usize, retries: usize, waiting: usize) {
    metrics::gauge!("rollcall_deliveries_in_flight", "class" => "first").set(number(firsts));
    metrics::gauge!("rollcall_deliveries_in_flight", "class" => "retry").set(number(retries));
    metrics::gauge!("rollcall_deliveries_waiting").set(number(waiting));
}

/// What waits in the database, over all endpoints.
pub(crate) fn backlog(backlog: &Backlog, now: Timestamp) {
    for state in ["pending", "leased", "scheduled", "held"] {
        let count = backlog.waiting.get(state).copied().unwrap_or_default();
        metrics::gauge!("rollcall_deliveries_backlog", "state" => state).set(number(count));
    }
    let age = backlog.oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
    metrics::gauge!("rollcall_deliveries_oldest_undelivered_seconds").set(age);
    metrics::gauge!("rollcall_endpoints", "state" => "enabled").set(number(backlog.enabled));
    metrics::gauge!("rollcall_endpoints", "state" => "disabled").set(number(backlog.disabled));
}

/// Endpoints that are left alone because they only fail.
pub(crate) fn open_breakers(count: usize) {
    metrics::gauge!("rollcall_endpoints_open_breakers").set(number(count));
}

/// What was forgotten.
pub(crate) fn pruned(pruned: &PruneReport) {
    for (what, count) in [
        ("deliveries", pruned.deliveries),
        ("attempts", pruned.attempts),
        ("held", pruned.cancelled),
        ("responses", pruned.responses),
    ] {
        metrics::counter!("rollcall_deliveries_pruned_total", "what" => what).increment(count);
    }
}

/// Events taken from the bus and deliveries made of them.
pub(crate) fn fanned_out(events: usize, deliveries: usize) {
    metrics::counter!("rollcall_dispatched_events_total").increment(count(events));
    metrics::counter!("rollcall_deliveries_created_total").increment(count(deliveries));
}

/// An attempt that is over.
pub(crate) fn attempt(result: &AttemptResult) {
    let outcome = match &result.failure {
        None => "delivered",
        Some(AttemptFailure::Status(300..400)) => "3xx",
        Some(AttemptFailure::Status(400..500)) => "4xx",
        Some(AttemptFailure::Status(_)) => "5xx",
        Some(failure) => failure.class(),
    };
    metrics::histogram!("rollcall_delivery_attempt_seconds", "outcome" => outcome)
        .record(result.duration.as_secs_f64());
}

/// What became of a delivery, once that is stored.
pub(crate) fn recorded(attempt: &FinishedAttempt, event: EventId, meter: &ActivityMeter) {
    let result = match attempt.verdict {
        DeliveryVerdict::Delivered => "delivered",
        DeliveryVerdict::RetryAt(_) => "retried",
        DeliveryVerdict::Exhausted => "exhausted",
    };
    metrics::counter!("rollcall_deliveries_total", "result" => result).increment(1);
    let ended_at = attempt.started_at.plus(attempt.duration);
    if attempt.verdict == DeliveryVerdict::Delivered {
        let latency = since(event, ended_at);
        metrics::histogram!("rollcall_delivery_seconds").record(latency.as_secs_f64());
        meter.delivered(attempt.endpoint_id, latency, ended_at);
    } else {
        meter.failed(attempt.endpoint_id, ended_at);
    }
}

/// An endpoint was switched off.
pub(crate) fn endpoint_disabled() {
    metrics::counter!("rollcall_endpoints_disabled_total").increment(1);
}

/// Events are made when their change is committed, and their ids tell when (UUID v7).
fn since(event: EventId, at: Timestamp) -> Duration {
    let made = event.uuid().get_timestamp().map_or((0, 0), |made| made.to_unix());
    let millis = i64::try_from(made.0).unwrap_or_default().saturating_mul(1_000) + i64::from(made.1 / 1_000_000);
    at.since(Timestamp::from_millis(millis))
}

#[allow(clippy::cast_precision_loss, reason = "counts of rows and tasks, far below 2^52")]
fn number(n: impl TryInto<u64>) -> f64 {
    n.try_into().unwrap_or(u64::MAX) as f64
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_an_event_is_in_its_id() {
        let age = since(EventId::new(), Timestamp::now().plus(Duration::from_secs(10)));
        assert!((9..=11).contains(&age.as_secs()), "{age:?}");
    }
}
