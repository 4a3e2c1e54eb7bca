//! One endpoint with its deliveries, its secret, and what can be sent again.

use super::{crumb, here};
use crate::api::query;
use crate::console::{PAGE, id, nothing};
use crate::fault::Fault;
use crate::filters;
use crate::form::Errors;
use crate::texts::TextKey;
use crate::viewer::{Rights, Viewer};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use api::{
    Delivery, DeliveryStatus, Endpoint, EndpointState, EndpointStats, EventTypeEntry, List, SecretRotated, TestQueued,
};
use askama::Template;
use events::EndpointId;
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "endpoints/endpoint.html")]
struct EndpointPage {
    base: &'static str,
    endpoint: Endpoint,
    stats: EndpointStats,
    deliveries: List<Delivery>,
    /// The types that a test event may have.
    types: List<EventTypeEntry>,
    status: String,
    /// This page, as it may be asked for again.
    live: String,
    next: Option<String>,
    outcome: Outcome,
    rights: Rights,
}

/// What a form on the page led to.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) errors: Errors,
    /// The signing secret, shown because somebody asked for it.
    pub(super) secret: Option<String>,
    pub(super) rotated: Option<SecretRotated>,
    pub(super) tested: Option<TestQueued>,
    /// How many deliveries would be queued again, before they are.
    pub(super) counted: Option<Counted>,
}

/// A replay that was counted and not done yet.
pub(super) struct Counted {
    pub(super) number: u64,
    pub(super) after: String,
    pub(super) before: String,
    pub(super) only_failed: bool,
}

pub(super) async fn show<V: Viewer>(
    viewer: V,
    path: Path<String>,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    page(&viewer, id(&path)?, &wanted, Outcome::default()).await
}

async fn page<V: Viewer>(
    viewer: &V,
    id: EndpointId,
    wanted: &HashMap<String, String>,
    outcome: Outcome,
) -> Result<HttpResponse, Fault> {
    let wanted = |name: &str| wanted.get(name).map(String::as_str).unwrap_or_default();
    let (api, rights) = (viewer.api(), viewer.rights());
    let of = id.to_string();
    let parameters = [
        ("endpoint_id", Some(of.as_str())),
        ("status", Some(wanted("status"))),
        ("cursor", Some(wanted("cursor"))),
        ("limit", Some(PAGE)),
    ];
    let endpoint: Endpoint = api.get(&format!("/endpoints/{id}")).await?;
    let deliveries: List<Delivery> = api.get(&query("/deliveries", parameters)).await?;
    let here = format!("{}/{id}", here::<V>());
    let part = |cursor| query(&here, [("status", Some(wanted("status"))), ("cursor", Some(cursor))]);
    let status = match outcome.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let title = endpoint.url_origin.clone();
    let page = EndpointPage {
        base: V::DOOR.path(),
        stats: api.get(&format!("/endpoints/{id}/stats?window=24h")).await?,
        types: match rights.manage {
            true => api.get("/event-types").await?,
            false => nothing(),
        },
        status: wanted("status").to_owned(),
        live: part(wanted("cursor")),
        next: deliveries.next_cursor.as_deref().map(part),
        endpoint,
        deliveries,
        outcome,
        rights,
    };
    viewer.page(status, &title, &[crumb::<V>()], &page)
}

/// The page again, with what a form led to.
pub(super) async fn then<V: Viewer>(
    viewer: &V,
    id: EndpointId,
    outcome: Result<Outcome, Fault>,
) -> Result<HttpResponse, Fault> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(fault) => Outcome {
            errors: Errors::of(fault.of_form()?),
            ..Outcome::default()
        },
    };
    page(viewer, id, &HashMap::new(), outcome).await
}

/// How a delivery stands, as the kind of a pill.
pub(super) const fn kind(status: &DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Delivered => "good",
        DeliveryStatus::Exhausted => "bad",
        DeliveryStatus::Cancelled => "",
        DeliveryStatus::Pending | DeliveryStatus::Leased | DeliveryStatus::Scheduled | DeliveryStatus::Held => "info",
    }
}

/// How a delivery stands, as an icon.
pub(super) const fn icon(status: &DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Delivered => "ok",
        DeliveryStatus::Exhausted => "warn",
        DeliveryStatus::Cancelled => "pause",
        DeliveryStatus::Pending | DeliveryStatus::Leased | DeliveryStatus::Scheduled | DeliveryStatus::Held => "clock",
    }
}

impl EndpointPage {
    /// What the deliveries may be narrowed to, and how that is called.
    const STATUSES: [(&str, TextKey); 4] = [
        ("", TextKey("endpoint-status-all")),
        ("delivered", TextKey("endpoint-status-delivered")),
        ("exhausted", TextKey("endpoint-status-exhausted")),
        ("scheduled", TextKey("endpoint-status-scheduled")),
    ];

    /// The patterns of the endpoint's event types, as they are typed.
    fn patterns(&self) -> String {
        let patterns = self.endpoint.event_types.iter().flatten();
        let patterns = patterns.filter_map(|pattern| serde_json::to_value(pattern).ok());
        let patterns: Vec<String> = patterns
            .filter_map(|pattern| pattern.as_str().map(str::to_owned))
            .collect();
        patterns.join(", ")
    }

    fn is_status(&self, status: &str) -> bool {
        self.status == status
    }
}

impl EndpointPage {
    /// Where it is shown which of the last events pass.
    fn filter_check(&self) -> String {
        let list = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join(" "));
        let Endpoint {
            filter,
            fields,
            event_types,
            organization_ids,
            ..
        } = &self.endpoint;
        let types = list(event_types.iter().flatten().map(ToString::to_string).collect());
        let organizations = list(organization_ids.iter().flatten().map(ToString::to_string).collect());
        let fields = list(fields.clone().unwrap_or_default());
        query(
            "/console/endpoints/filter",
            [
                ("filter", filter.as_deref()),
                ("event_types", types.as_deref()),
                ("fields", fields.as_deref()),
                ("organization_ids", organizations.as_deref()),
            ],
        )
    }
}
