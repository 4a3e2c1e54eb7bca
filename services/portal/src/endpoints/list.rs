//! All endpoints, with how they fare.

use super::here;
use crate::api::query;
use crate::console::next;
use crate::fault::Fault;
use crate::filters;
use crate::viewer::{Rights, Viewer};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use api::{Endpoint, EndpointState, EndpointStats, List};
use askama::Template;
use events::EndpointId;
use std::collections::HashMap;

/// Endpoints of a page whose figures are shown: each costs a look at its newest deliveries.
const WITH_FIGURES: &str = "20";

#[derive(Template)]
#[template(path = "endpoints/list.html")]
struct EndpointsPage {
    base: &'static str,
    endpoints: List<Endpoint>,
    stats: HashMap<EndpointId, EndpointStats>,
    next: Option<String>,
    rights: Rights,
}

pub(super) async fn list<V: Viewer>(viewer: V, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let cursor = wanted.get("cursor").map(String::as_str);
    let path = query("/endpoints", [("cursor", cursor), ("limit", Some(WITH_FIGURES))]);
    let endpoints: List<Endpoint> = viewer.api().get(&path).await?;
    let mut stats = HashMap::new();
    for endpoint in &endpoints.data {
        let found: Option<EndpointStats> = viewer
            .api()
            .find(&format!("/endpoints/{}/stats?window=24h", endpoint.id))
            .await?;
        stats.extend(found.map(|found| (endpoint.id, found)));
    }
    let page = EndpointsPage {
        base: V::DOOR.path(),
        next: next(&here::<V>(), &endpoints, []),
        endpoints,
        stats,
        rights: viewer.rights(),
    };
    viewer.page(StatusCode::OK, "Endpoints", &[], &page)
}

impl EndpointsPage {
    /// The part of a success bar that is full, of 100.
    fn full(stats: &EndpointStats) -> u32 {
        let rate = stats.success_rate.unwrap_or_default().clamp(0.0, 1.0);
        // Between 0 and 100.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 100"
        )]
        let full = (rate * 100.0).round() as u32;
        full
    }
}
