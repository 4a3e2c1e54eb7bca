//! One delivery with its attempts, and one attempt of it.

use super::show::{icon, kind};
use super::{crumb, here};
use crate::console::id;
use crate::fault::Fault;
use crate::filters;
use crate::form::Errors;
use crate::frame::to;
use crate::texts::text;
use crate::viewer::{Rights, Viewer};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{Attempt, Delivery, DeliveryStatus};
use askama::Template;
use events::DeliveryId;
use pages::Link;
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "endpoints/delivery.html")]
struct DeliveryPage {
    base: &'static str,
    delivery: Delivery,
    errors: Errors,
    rights: Rights,
}

pub(super) async fn show<V: Viewer>(viewer: V, path: Path<String>) -> Result<HttpResponse, Fault> {
    page(&viewer, id(&path)?, Errors::default()).await
}

async fn page<V: Viewer>(viewer: &V, id: DeliveryId, errors: Errors) -> Result<HttpResponse, Fault> {
    let delivery: Delivery = viewer.api().get(&format!("/deliveries/{id}")).await?;
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let (title, crumbs) = (title(&delivery), [crumb::<V>(), endpoint::<V>(&delivery)]);
    let page = DeliveryPage {
        base: V::DOOR.path(),
        delivery,
        errors,
        rights: viewer.rights(),
    };
    viewer.page(status, &title, &crumbs, &page)
}

fn title(delivery: &Delivery) -> String {
    text("delivery-page-title").with("type", &delivery.event_type).into()
}

fn endpoint<V: Viewer>(delivery: &Delivery) -> Link {
    Link::new(
        format!("{}/{}", here::<V>(), delivery.endpoint_id),
        text("delivery-endpoint-link"),
    )
}

#[derive(Template)]
#[template(path = "endpoints/attempt.html")]
struct AttemptPage {
    delivery: Delivery,
    attempt: Attempt,
}

pub(super) async fn attempt<V: Viewer>(viewer: V, path: Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let (delivery, number) = path.into_inner();
    let id: DeliveryId = id(&delivery)?;
    let delivery: Delivery = viewer.api().get(&format!("/deliveries/{id}")).await?;
    let attempts = delivery.attempts.iter().flatten();
    let attempt = attempts
        .into_iter()
        .find(|attempt| attempt.number.to_string() == number);
    let attempt = attempt.cloned().ok_or(Fault::Missing)?;
    let of_delivery = Link::new(format!("{}/deliveries/{id}", V::DOOR.path()), title(&delivery));
    let crumbs = [crumb::<V>(), endpoint::<V>(&delivery), of_delivery];
    let title = text("attempt-page-title").with("number", number);
    viewer.page(StatusCode::OK, title, &crumbs, &AttemptPage { delivery, attempt })
}

pub(super) async fn retry<V: Viewer>(viewer: V, path: Path<String>) -> Result<HttpResponse, Fault> {
    act(viewer, path, "retry").await
}

pub(super) async fn cancel<V: Viewer>(viewer: V, path: Path<String>) -> Result<HttpResponse, Fault> {
    act(viewer, path, "cancel").await
}

async fn act<V: Viewer>(viewer: V, path: Path<String>, act: &str) -> Result<HttpResponse, Fault> {
    let id: DeliveryId = id(&path)?;
    match viewer
        .api()
        .post::<Value>(&format!("/deliveries/{id}/{act}"), &json!({}))
        .await
    {
        Ok(_) => Ok(to(&format!("{}/deliveries/{id}", V::DOOR.path()))),
        Err(fault) => page(&viewer, id, Errors::of(fault.of_form()?)).await,
    }
}

/// Whether an app has taken what it was sent.
fn is_good(status: &u16) -> bool {
    (200..300).contains(status)
}
