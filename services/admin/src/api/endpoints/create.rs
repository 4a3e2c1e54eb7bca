//! `POST /endpoints`.

use super::read::{MOST_DIRECTORIES, RATES, check_directories, event_type, headers, url};
use super::{View, seal_headers, secret};
use crate::body::Body;
use crate::context::Context;
use crate::fields::{flag, id as read_id, integer, list, text};
use crate::idempotent::Begun;
use crate::problem::Problem;
use ::events::{EndpointId, EventType};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use store::{Endpoint, EndpointState};

pub(in crate::api) async fn create(context: Context, body: Body) -> Result<HttpResponse, Problem> {
    let id = EndpointId::new();
    let secret = secret::mint()?;
    let mut endpoint = read(&context, id, &body).await?;
    endpoint.sealed_secret = secret::seal(&context, id, &secret);
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    open.create_endpoint(&endpoint).await?;
    let view = View {
        secret: Some(secret.expose().to_owned()),
        ..View::new(&context, endpoint)?
    };
    let location = context.location(&format!("/endpoints/{id}"));
    open.finish(&context, StatusCode::CREATED, Some(location), &view).await
}

/// Reads everything but the secret.
async fn read(context: &Context, id: EndpointId, body: &Body) -> Result<Endpoint, Problem> {
    let mut fields = body.fields(&[
        "url",
        "description",
        "event_types",
        "directory_ids",
        "headers",
        "ordered",
        "rate_limit",
    ]);
    let url = fields.required("url", url(context.guard()));
    let description = fields.optional("description", text(0..=500));
    let event_types = fields.optional("event_types", list(1..=EventType::ALL.len(), event_type));
    let directory_ids = fields.optional("directory_ids", list(1..=MOST_DIRECTORIES, read_id));
    let headers = fields.optional("headers", headers).unwrap_or_default();
    let ordered = fields.optional("ordered", flag).unwrap_or(false);
    let rate_limit = fields.optional("rate_limit", integer(RATES));
    check_directories(context, &mut fields, directory_ids.as_ref()).await?;
    fields.finish()?;
    Ok(Endpoint {
        id,
        url: url.unwrap_or_default(),
        description,
        event_types,
        directory_ids,
        sealed_headers: seal_headers(context, id, &headers)?,
        sealed_secret: Vec::new(),
        sealed_previous_secret: None,
        previous_secret_until: None,
        ordered,
        rate_limit,
        state: EndpointState::Enabled,
        disabled_reason: None,
        failing_since: None,
        created_at: context.now,
        updated_at: context.now,
    })
}
