//! `/console/endpoints/filter`: which of the last events an endpoint would be sent, before there is one.

use crate::fault::Fault;
use crate::filters;
use crate::form::Errors;
use crate::frame::{Section, console_with};
use crate::session::Operator;
use crate::texts::{Text, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Query, ServiceConfig};
use api::{EndpointFilterPreview, NotSentBecause};
use askama::Template;
use events::EventType;
use pages::Link;
use serde_json::{Map, json};
use std::collections::HashMap;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/endpoints/filter").get(show));
}

#[derive(Template)]
#[template(path = "console/filter.html")]
struct FilterPage {
    event_types: String,
    filter: String,
    fields: String,
    organization_id: String,
    preview: Option<EndpointFilterPreview>,
    errors: Errors,
}

/// The form is one that reads, so that what was tried has an address.
async fn show(operator: Operator, asked: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let value = |name: &str| asked.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mut page = FilterPage {
        event_types: value("event_types"),
        filter: value("filter"),
        fields: value("fields"),
        organization_id: value("organization_ids"),
        preview: None,
        errors: Errors::default(),
    };
    let mut body = Map::new();
    for (name, text) in [
        ("event_types", &page.event_types),
        ("fields", &page.fields),
        ("organization_ids", &page.organization_id),
    ] {
        let words = text.split(|letter: char| letter.is_whitespace() || letter == ',');
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        if !words.is_empty() {
            body.insert(name.to_owned(), json!(words));
        }
    }
    if !page.filter.is_empty() {
        body.insert("filter".to_owned(), json!(page.filter));
    }
    match operator.api.post("/endpoints/preview-filter", &body).await {
        Ok(found) => page.preview = Some(found),
        Err(fault) => page.errors = Errors::of(fault.of_form()?),
    }
    let status = match page.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let crumbs = [Link::new("/console/endpoints", text("endpoints-title"))];
    console_with(
        status,
        &operator,
        Section::Endpoints,
        text("filter-title"),
        &crumbs,
        &page,
    )
}

impl FilterPage {
    /// Whether an event is sent under another type than its own.
    fn differ(sent_as: &EventType, kind: &EventType) -> bool {
        sent_as != kind
    }

    /// Why an event would not be sent, for people.
    fn because(reason: &NotSentBecause) -> Text {
        match reason {
            NotSentBecause::Directory => text("filter-because-directory"),
            NotSentBecause::Organization => text("filter-because-organization"),
            NotSentBecause::Type => text("filter-because-type"),
            NotSentBecause::Filter => text("filter-because-filter"),
            NotSentBecause::Fields => text("filter-because-fields"),
        }
    }
}
