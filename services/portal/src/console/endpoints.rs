//! `/console/endpoints`: the addresses of apps that are told of changes.

use super::{PAGE, next};
use crate::api::query;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::{Section, console, console_with};
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Query, ServiceConfig};
use api::{Endpoint, EndpointState, EndpointStats, List, Organization, Scope};
use askama::Template;
use events::EndpointId;
use pages::Link;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(super) const HERE: &str = "/console/endpoints";
/// Endpoints of a page whose figures are shown: each costs a look at its newest deliveries.
const WITH_FIGURES: &str = "20";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/endpoints").get(list).post(create))
        .service(web::resource("/endpoints/new").get(new));
}

#[derive(Template)]
#[template(path = "console/endpoints.html")]
struct EndpointsPage {
    endpoints: List<Endpoint>,
    stats: HashMap<EndpointId, EndpointStats>,
    next: Option<String>,
    may_change: bool,
}

async fn list(operator: Operator, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let cursor = wanted.get("cursor").map(String::as_str);
    let path = query("/endpoints", [("cursor", cursor), ("limit", Some(WITH_FIGURES))]);
    let endpoints: List<Endpoint> = operator.api.get(&path).await?;
    let mut stats = HashMap::new();
    for endpoint in &endpoints.data {
        let found: Option<EndpointStats> = operator
            .api
            .find(&format!("/endpoints/{}/stats?window=24h", endpoint.id))
            .await?;
        stats.extend(found.map(|found| (endpoint.id, found)));
    }
    let page = EndpointsPage {
        next: next(HERE, &endpoints, []),
        endpoints,
        stats,
        may_change: operator.may(Scope::Endpoints),
    };
    console(&operator, Section::Endpoints, "Endpoints", &[], &page)
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

#[derive(Template)]
#[template(path = "console/endpoint_new.html")]
struct NewPage {
    errors: Errors,
    typed: Typed,
    organizations: Vec<Organization>,
}

/// What the form has in it.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) url: String,
    pub(super) description: String,
    pub(super) event_types: String,
    pub(super) filter: String,
    pub(super) organization_id: String,
    pub(super) ordered: bool,
    pub(super) from: String,
}

impl Typed {
    fn from(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            url: text("url"),
            description: text("description"),
            event_types: text("event_types"),
            filter: text("filter"),
            organization_id: text("organization_ids"),
            ordered: form.has("ordered"),
            from: text("from"),
        }
    }
}

async fn new(operator: Operator) -> Result<HttpResponse, Fault> {
    let page = NewPage {
        errors: Errors::default(),
        typed: Typed::default(),
        organizations: organizations(&operator).await?,
    };
    console(&operator, Section::Endpoints, "New endpoint", &[crumb()], &page)
}

async fn organizations(operator: &Operator) -> Result<Vec<Organization>, Fault> {
    let list: List<Organization> = operator
        .api
        .get(&query("/organizations", [("limit", Some(PAGE))]))
        .await?;
    Ok(list.data)
}

#[derive(Template)]
#[template(path = "console/endpoint_made.html")]
struct MadePage {
    endpoint: Endpoint,
}

/// Makes an endpoint. Its secret is in the answer, once.
async fn create(operator: Operator, form: Form) -> Result<HttpResponse, Fault> {
    let mut body = Map::new();
    body.insert("url".to_owned(), json!(form.text("url")));
    body.insert("ordered".to_owned(), json!(form.has("ordered")));
    for name in ["description", "filter", "from"] {
        if let Some(text) = form.some(name) {
            body.insert(name.to_owned(), json!(text));
        }
    }
    let types = form.words("event_types");
    if !types.is_empty() {
        body.insert("event_types".to_owned(), json!(types));
    }
    if let Some(organization) = form.some("organization_ids") {
        body.insert("organization_ids".to_owned(), json!([organization]));
    }
    match operator.api.post::<Endpoint>("/endpoints", &Value::Object(body)).await {
        Ok(endpoint) => {
            let page = MadePage { endpoint };
            console(&operator, Section::Endpoints, "The endpoint is made", &[crumb()], &page)
        }
        Err(fault) => {
            let page = NewPage {
                errors: Errors::of(fault.of_form()?),
                typed: Typed::from(&form),
                organizations: organizations(&operator).await?,
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            console_with(status, &operator, Section::Endpoints, "New endpoint", &[crumb()], &page)
        }
    }
}

pub(super) fn crumb() -> Link {
    Link::new(HERE, "Endpoints")
}
