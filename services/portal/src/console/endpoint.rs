//! `/console/endpoints/{id}`: one endpoint with its deliveries, its secret, and what can be sent again.

use super::endpoints::{HERE, crumb};
use super::{PAGE, id};
use crate::api::query;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::{Section, console, console_with, to};
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, Query, ServiceConfig};
use api::{
    Delivery, DeliveryStatus, Endpoint, EndpointSecret, EndpointState, EndpointStats, EventTypeEntry, List,
    ReplayQueued, Scope, SecretRotated, TestQueued,
};
use askama::Template;
use events::{DeliveryId, EndpointId};
use pages::Link;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/endpoints/{id}").get(show).post(update))
        .service(web::resource("/endpoints/{id}/secret").post(reveal))
        .service(web::resource("/endpoints/{id}/rotate-secret").post(rotate))
        .service(web::resource("/endpoints/{id}/test").post(test))
        .service(web::resource("/endpoints/{id}/replay").post(replay))
        .service(web::resource("/endpoints/{id}/enable").post(enable))
        .service(web::resource("/endpoints/{id}/delete").post(delete))
        .service(web::resource("/deliveries/{id}").get(delivery))
        .service(web::resource("/deliveries/{id}/retry").post(retry))
        .service(web::resource("/deliveries/{id}/cancel").post(cancel));
}

#[derive(Template)]
#[template(path = "console/endpoint/endpoint.html")]
struct EndpointPage {
    endpoint: Endpoint,
    stats: EndpointStats,
    deliveries: List<Delivery>,
    types: List<EventTypeEntry>,
    status: String,
    next: Option<String>,
    outcome: Outcome,
    may_change: bool,
}

/// What a form on the page led to.
#[derive(Default)]
struct Outcome {
    errors: Errors,
    /// The signing secret, shown because somebody asked for it.
    secret: Option<String>,
    rotated: Option<SecretRotated>,
    tested: Option<TestQueued>,
    /// How many deliveries would be queued again, before they are.
    counted: Option<Counted>,
}

/// A replay that was counted and not done yet.
struct Counted {
    number: u64,
    after: String,
    before: String,
    only_failed: bool,
}

async fn show(
    operator: Operator,
    path: Path<String>,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    page(&operator, id(&path)?, &wanted, Outcome::default()).await
}

async fn page(
    operator: &Operator,
    id: EndpointId,
    wanted: &HashMap<String, String>,
    outcome: Outcome,
) -> Result<HttpResponse, Fault> {
    let wanted = |name: &str| wanted.get(name).map(String::as_str).unwrap_or_default();
    let of = id.to_string();
    let parameters = [
        ("endpoint_id", Some(of.as_str())),
        ("status", Some(wanted("status"))),
        ("cursor", Some(wanted("cursor"))),
        ("limit", Some(PAGE)),
    ];
    let endpoint: Endpoint = operator.api.get(&format!("/endpoints/{id}")).await?;
    let deliveries: List<Delivery> = operator.api.get(&query("/deliveries", parameters)).await?;
    let next = deliveries.next_cursor.as_deref().map(|cursor| {
        query(
            &format!("{HERE}/{id}"),
            [("status", Some(wanted("status"))), ("cursor", Some(cursor))],
        )
    });
    let status = match outcome.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let title = endpoint.url_origin.clone();
    let page = EndpointPage {
        stats: operator.api.get(&format!("/endpoints/{id}/stats?window=24h")).await?,
        types: operator.api.get("/event-types").await?,
        status: wanted("status").to_owned(),
        may_change: operator.may(Scope::Endpoints),
        endpoint,
        deliveries,
        next,
        outcome,
    };
    console_with(status, operator, Section::Endpoints, &title, &[crumb()], &page)
}

/// The page again, with what a form led to.
async fn then(operator: &Operator, id: EndpointId, outcome: Result<Outcome, Fault>) -> Result<HttpResponse, Fault> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(fault) => Outcome {
            errors: Errors::of(fault.of_form()?),
            ..Outcome::default()
        },
    };
    page(operator, id, &HashMap::new(), outcome).await
}

async fn update(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let or_null = |name: &str| form.some(name).map_or(Value::Null, Value::from);
    let types = form.words("event_types");
    let mut body = Map::new();
    body.insert("description".to_owned(), or_null("description"));
    body.insert("filter".to_owned(), or_null("filter"));
    body.insert(
        "event_types".to_owned(),
        if types.is_empty() { Value::Null } else { json!(types) },
    );
    body.insert("contacts".to_owned(), json!(form.words("contacts")));
    // The URL is a secret: it is not shown, and changed only where a new one is typed.
    if let Some(url) = form.some("url") {
        body.insert("url".to_owned(), json!(url));
    }
    match operator.api.patch::<Endpoint>(&format!("/endpoints/{id}"), &body).await {
        Ok(_) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => then(&operator, id, Err(fault)).await,
    }
}

async fn reveal(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let shown: Result<EndpointSecret, Fault> = operator.api.get(&format!("/endpoints/{id}/secret")).await;
    let outcome = shown.map(|shown| Outcome {
        secret: Some(shown.secret.expose().to_owned()),
        ..Outcome::default()
    });
    then(&operator, id, outcome).await
}

async fn rotate(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let rotated = operator
        .api
        .post(&format!("/endpoints/{id}/rotate-secret"), &json!({}))
        .await;
    let outcome = rotated.map(|rotated| Outcome {
        rotated: Some(rotated),
        ..Outcome::default()
    });
    then(&operator, id, outcome).await
}

async fn test(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let body = match form.some("type") {
        Some(kind) => json!({ "type": kind }),
        None => json!({}),
    };
    let tested = operator.api.post(&format!("/endpoints/{id}/test"), &body).await;
    let outcome = tested.map(|tested| Outcome {
        tested: Some(tested),
        ..Outcome::default()
    });
    then(&operator, id, outcome).await
}

/// Counts first what would be sent again; then does it.
async fn replay(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let is_dry = !form.has("sure");
    let mut body = json!({ "dry_run": is_dry, "only_failed": form.has("only_failed") });
    for name in ["after", "before"] {
        if let Some(time) = form.some(name) {
            body[name] = json!(time);
        }
    }
    let queued: Result<ReplayQueued, Fault> = operator.api.post(&format!("/endpoints/{id}/replay"), &body).await;
    match queued {
        Ok(queued) if is_dry => {
            let outcome = Outcome {
                counted: Some(Counted {
                    number: queued.would_queue.unwrap_or_default(),
                    after: form.text("after").to_owned(),
                    before: form.text("before").to_owned(),
                    only_failed: form.has("only_failed"),
                }),
                ..Outcome::default()
            };
            then(&operator, id, Ok(outcome)).await
        }
        Ok(_) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => then(&operator, id, Err(fault)).await,
    }
}

async fn enable(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let body = match form.some("held") {
        Some(held) => json!({ "held": held }),
        None => json!({}),
    };
    match operator
        .api
        .post::<Value>(&format!("/endpoints/{id}/enable"), &body)
        .await
    {
        Ok(_) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => then(&operator, id, Err(fault)).await,
    }
}

/// Deletes the endpoint after its origin was typed.
async fn delete(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let endpoint: Endpoint = operator.api.get(&format!("/endpoints/{id}")).await?;
    if form.text("confirm") != endpoint.url_origin {
        let outcome = Outcome {
            errors: Errors::one("confirm", "Type the address as it is written here."),
            ..Outcome::default()
        };
        return then(&operator, id, Ok(outcome)).await;
    }
    match operator.api.delete(&format!("/endpoints/{id}")).await {
        Ok(()) => Ok(to(HERE)),
        Err(fault) => then(&operator, id, Err(fault)).await,
    }
}

#[derive(Template)]
#[template(path = "console/endpoint/delivery.html")]
struct DeliveryPage {
    delivery: Delivery,
    errors: Errors,
    may_change: bool,
}

async fn delivery(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    delivery_page(&operator, id(&path)?, Errors::default()).await
}

async fn delivery_page(operator: &Operator, id: DeliveryId, errors: Errors) -> Result<HttpResponse, Fault> {
    let delivery: Delivery = operator.api.get(&format!("/deliveries/{id}")).await?;
    let endpoint = Link::new(format!("{HERE}/{}", delivery.endpoint_id), "Endpoint");
    let title = format!("{} to the endpoint", delivery.event_type);
    let page = DeliveryPage {
        delivery,
        errors,
        may_change: operator.may(Scope::Endpoints),
    };
    console(operator, Section::Endpoints, &title, &[crumb(), endpoint], &page)
}

async fn retry(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    act(operator, path, "retry").await
}

async fn cancel(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    act(operator, path, "cancel").await
}

async fn act(operator: Operator, path: Path<String>, act: &str) -> Result<HttpResponse, Fault> {
    let id: DeliveryId = id(&path)?;
    match operator
        .api
        .post::<Value>(&format!("/deliveries/{id}/{act}"), &json!({}))
        .await
    {
        Ok(_) => Ok(to(&format!("/console/deliveries/{id}"))),
        Err(fault) => delivery_page(&operator, id, Errors::of(fault.of_form()?)).await,
    }
}

/// How a delivery stands, as the kind of a pill.
const fn kind(status: &DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Delivered => "good",
        DeliveryStatus::Exhausted => "bad",
        DeliveryStatus::Cancelled => "",
        DeliveryStatus::Pending | DeliveryStatus::Leased | DeliveryStatus::Scheduled | DeliveryStatus::Held => "info",
    }
}

/// How a delivery stands, as an icon.
const fn icon(status: &DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Delivered => "ok",
        DeliveryStatus::Exhausted => "warn",
        DeliveryStatus::Cancelled => "pause",
        DeliveryStatus::Pending | DeliveryStatus::Leased | DeliveryStatus::Scheduled | DeliveryStatus::Held => "clock",
    }
}

impl EndpointPage {
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

/// Whether an app has taken what it was sent.
fn is_good(status: &u16) -> bool {
    (200..300).contains(status)
}
