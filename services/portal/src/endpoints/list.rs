//! All endpoints, with how they fare.

use super::here;
use crate::api::query;
use crate::chart::Chart;
use crate::console::{PAGE, next};
use crate::fault::Fault;
use crate::texts::text;
use crate::viewer::{Rights, Viewer};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use api::{Endpoint, EndpointDay, EndpointState, List};
use askama::Template;
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "endpoints/list.html")]
struct EndpointsPage {
    base: &'static str,
    endpoints: Vec<Row>,
    next: Option<String>,
    rights: Rights,
}

struct Row {
    endpoint: Endpoint,
    /// How the last 24 hours were, where anything was sent.
    day: Option<Day>,
}

struct Day {
    /// The part of the attempts that was taken, of 100.
    percent: u64,
    delivered: u64,
    attempts: u64,
    chart: Chart,
}

pub(super) async fn list<V: Viewer>(viewer: V, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let cursor = wanted.get("cursor").map(String::as_str);
    let path = query("/endpoints", [("cursor", cursor), ("limit", Some(PAGE))]);
    let endpoints: List<Endpoint> = viewer.api().get(&path).await?;
    let page = EndpointsPage {
        base: V::DOOR.path(),
        next: next(&here::<V>(), &endpoints, []),
        endpoints: endpoints.data.into_iter().map(row).collect(),
        rights: viewer.rights(),
    };
    viewer.page(StatusCode::OK, text("endpoints-title"), &[], &page)
}

fn row(mut endpoint: Endpoint) -> Row {
    let day = endpoint.last_24_hours.take().and_then(|day| shown(&day));
    Row { endpoint, day }
}

fn shown(day: &EndpointDay) -> Option<Day> {
    let attempts = day.delivered.saturating_add(day.failed);
    let percent = day.delivered.saturating_mul(100).checked_div(attempts)?;
    let label = text("endpoints-chart-label")
        .count("delivered", day.delivered)
        .count("attempts", attempts);
    Some(Day {
        percent,
        delivered: day.delivered,
        attempts,
        chart: Chart::stacked(label.into(), day.hours.iter().map(|hour| (hour.delivered, hour.failed))),
    })
}
