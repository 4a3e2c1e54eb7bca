//! `GET /endpoints/{id}/stats`: how an endpoint fares.

use crate::context::{Context, path_id};
use crate::problem::Problem;
use crate::query::Query;
use ::events::{EndpointId, EventId, Timestamp};
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use serde::Serialize;
use std::time::Duration;
use store::{EndpointStats, Quantiles};

const MINUTE: u64 = 60;
/// The windows that can be asked for.
const WINDOWS: &[(&str, Duration)] = &[
    ("5m", Duration::from_secs(5 * MINUTE)),
    ("1h", Duration::from_secs(60 * MINUTE)),
    ("24h", Duration::from_secs(24 * 60 * MINUTE)),
    ("7d", Duration::from_secs(7 * 24 * 60 * MINUTE)),
];

/// What was made in the window, and what waits now.
#[derive(Serialize)]
pub(in crate::api) struct View {
    endpoint_id: EndpointId,
    window: &'static str,
    /// Deliveries of the window that the figures are of: all of them if `complete`, else the newest.
    deliveries: usize,
    complete: bool,
    delivered: u64,
    exhausted: u64,
    cancelled: u64,
    attempts: u64,
    /// Of the deliveries that came to an end by being sent, the part that was taken: 0 to 1.
    success_rate: Option<f64>,
    /// Of the attempts, the part that succeeded.
    attempt_success_rate: Option<f64>,
    /// How long the attempts that succeeded took.
    duration_ms: Option<QuantilesView>,
    /// From the change to the answer that took it.
    lag_ms: Option<QuantilesView>,
    in_flight: u64,
    pending: u64,
    scheduled: u64,
    held: u64,
    oldest_undelivered: Option<Oldest>,
}

#[derive(Serialize)]
struct QuantilesView {
    p50: u64,
    p99: u64,
}

#[derive(Serialize)]
struct Oldest {
    event_id: EventId,
    created_at: Timestamp,
    age_ms: u64,
}

impl View {
    fn new(endpoint_id: EndpointId, window: &'static str, stats: &EndpointStats, now: Timestamp) -> Self {
        let waiting = |state| stats.waiting.get(state).copied().unwrap_or_default();
        let quantiles = |quantiles: Quantiles| QuantilesView {
            p50: quantiles.p50,
            p99: quantiles.p99,
        };
        Self {
            endpoint_id,
            window,
            deliveries: stats.deliveries,
            complete: stats.is_complete,
            delivered: stats.delivered,
            exhausted: stats.exhausted,
            cancelled: stats.cancelled,
            attempts: stats.attempts,
            success_rate: part(stats.delivered, stats.delivered + stats.exhausted),
            attempt_success_rate: part(stats.delivered, stats.attempts),
            duration_ms: stats.duration.map(quantiles),
            lag_ms: stats.lag.map(quantiles),
            in_flight: waiting("leased"),
            pending: waiting("pending"),
            scheduled: waiting("scheduled"),
            held: waiting("held"),
            oldest_undelivered: stats.oldest_undelivered.map(|(event_id, created_at)| Oldest {
                event_id,
                created_at,
                age_ms: u64::try_from(now.since(created_at).as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of some thousands")]
fn part(of: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

/// `?window=` is one of 5m, 1h (unless something else is said), 24h and 7d.
pub(in crate::api) async fn stats(
    context: Context,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<View>, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let mut query = Query::new(&request, &["window"]);
    let wanted = query.text("window").unwrap_or_else(|| "1h".to_owned());
    let window = WINDOWS.iter().find(|(name, _)| *name == wanted);
    if window.is_none() {
        let known: Vec<_> = WINDOWS.iter().map(|(name, _)| *name).collect();
        query.fault("window", format!("Must be one of: {}.", known.join(", ")));
    }
    query.finish()?;
    let (name, window) = window.copied().unwrap_or(("1h", Duration::from_secs(60 * MINUTE)));
    let store = context.store();
    store
        .endpoints()
        .by_id(id)
        .await?
        .ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let stats = store.deliveries().stats(id, window, context.now).await?;
    Ok(Json(View::new(id, name, &stats, context.now)))
}
