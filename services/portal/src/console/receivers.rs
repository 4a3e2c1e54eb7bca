//! `/console/test-receivers`: receivers of Rollcall's own, to see what an app would get.

use super::id;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::{Section, console, console_with, to};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use api::{List, Scope, TestReceiver, TestReceiverDetail};
use askama::Template;
use events::EndpointId;
use pages::Link;
use serde_json::{Map, Value, json};

const HERE: &str = "/console/test-receivers";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/test-receivers").get(list).post(create))
        .service(web::resource("/test-receivers/{id}").get(show))
        .service(web::resource("/test-receivers/{id}/delete").post(delete));
}

#[derive(Template)]
#[template(path = "console/receivers.html")]
struct ReceiversPage {
    receivers: List<TestReceiver>,
    errors: Errors,
    event_types: String,
    may_change: bool,
}

async fn list(operator: Operator) -> Result<HttpResponse, Fault> {
    page(&operator, Errors::default(), String::new()).await
}

async fn page(operator: &Operator, errors: Errors, event_types: String) -> Result<HttpResponse, Fault> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = ReceiversPage {
        receivers: operator.api.get("/test-receivers").await?,
        errors,
        event_types,
        may_change: operator.may(Scope::ManageEndpoints),
    };
    let crumbs = [Link::new("/console/endpoints", text("endpoints-title"))];
    console_with(
        status,
        operator,
        Section::Endpoints,
        text("receivers-title"),
        &crumbs,
        &page,
    )
}

/// Makes a receiver with its endpoint.
async fn create(operator: Operator, form: Form) -> Result<HttpResponse, Fault> {
    let mut body = Map::new();
    let types = form.words("event_types");
    if !types.is_empty() {
        body.insert("event_types".to_owned(), json!(types));
    }
    match operator
        .api
        .post::<TestReceiver>("/test-receivers", &Value::Object(body))
        .await
    {
        Ok(made) => Ok(to(&format!("{HERE}/{}", made.id))),
        Err(fault) => {
            page(
                &operator,
                Errors::of(fault.of_form()?),
                form.text("event_types").to_owned(),
            )
            .await
        }
    }
}

#[derive(Template)]
#[template(path = "console/receiver.html")]
struct ReceiverPage {
    detail: TestReceiverDetail,
    may_change: bool,
}

impl ReceiverPage {
    /// A body for people: JSON with its lines, anything else as it is.
    fn body(text: &str) -> String {
        let value: Option<Value> = serde_json::from_str(text).ok();
        value
            .and_then(|value| serde_json::to_string_pretty(&value).ok())
            .unwrap_or_else(|| text.to_owned())
    }

    /// What the body says that it is.
    fn kind(body: &str) -> String {
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        let kind = value["type"].as_str().map(str::to_owned);
        kind.unwrap_or_else(|| text("receiver-body-without-type").into())
    }
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let page = ReceiverPage {
        detail: operator.api.get(&format!("/test-receivers/{id}")).await?,
        may_change: operator.may(Scope::ManageEndpoints),
    };
    let crumbs = [
        Link::new("/console/endpoints", text("endpoints-title")),
        Link::new(HERE, text("receivers-title")),
    ];
    console(
        &operator,
        Section::Endpoints,
        text("receiver-page-title"),
        &crumbs,
        &page,
    )
}

async fn delete(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    operator.api.delete(&format!("/test-receivers/{id}")).await?;
    Ok(to(HERE))
}
