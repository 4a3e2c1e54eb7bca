//! `GET /endpoints/{id}/stats`: how an endpoint fares.

use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::{EndpointId, Timestamp};
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{EndpointStats, EndpointStatsParameters, Oldest, Percentiles};
use std::time::Duration;
use store::Quantiles;

const SECONDS_A_MINUTE: u64 = 60;
/// The windows that can be asked for.
const WINDOWS: &[(&str, Duration)] = &[
    ("5m", Duration::from_secs(5 * SECONDS_A_MINUTE)),
    ("1h", Duration::from_secs(60 * SECONDS_A_MINUTE)),
    ("24h", Duration::from_secs(24 * 60 * SECONDS_A_MINUTE)),
    ("7d", Duration::from_secs(7 * 24 * 60 * SECONDS_A_MINUTE)),
];

fn shown(endpoint_id: EndpointId, window: &str, stats: &store::EndpointStats, now: Timestamp) -> EndpointStats {
    let waiting = |state| stats.waiting.get(state).copied().unwrap_or_default();
    EndpointStats {
        endpoint_id,
        window: window.to_owned(),
        deliveries: stats.deliveries,
        complete: stats.is_complete,
        delivered: stats.delivered,
        exhausted: stats.exhausted,
        cancelled: stats.cancelled,
        attempts: stats.attempts,
        success_rate: part(stats.delivered, stats.delivered + stats.exhausted),
        attempt_success_rate: part(stats.delivered, stats.attempts),
        duration_ms: stats.duration.map(percentiles),
        lag_ms: stats.lag.map(percentiles),
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

const fn percentiles(quantiles: Quantiles) -> Percentiles {
    Percentiles {
        p50: quantiles.p50,
        p99: quantiles.p99,
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of some thousands")]
fn part(of: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

/// Shows how an endpoint fares.
#[utoipa::path(
    get,
    path = "/endpoints/{id}/stats",
    operation_id = "get_endpoint_stats",
    tag = "Endpoints",
    params(api::EndpointStatsParameters),
    responses((status = 200, description = "Figures of the window, and what waits now.", body = api::EndpointStats)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<EndpointStats>, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let mut query = RequestQuery::of::<EndpointStatsParameters>(&request);
    let wanted = query.text("window").unwrap_or_else(|| "1h".to_owned());
    let window = WINDOWS.iter().find(|(name, _)| *name == wanted);
    if window.is_none() {
        let known: Vec<_> = WINDOWS.iter().map(|(name, _)| *name).collect();
        query.fault("window", format!("Must be one of: {}.", known.join(", ")));
    }
    query.finish()?;
    let (name, window) = window
        .copied()
        .unwrap_or(("1h", Duration::from_secs(60 * SECONDS_A_MINUTE)));
    let store = context.store();
    store
        .endpoints()
        .by_id(id)
        .await?
        .ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let stats = store.deliveries().stats(id, window, context.now).await?;
    Ok(Json(shown(id, name, &stats, context.now)))
}
