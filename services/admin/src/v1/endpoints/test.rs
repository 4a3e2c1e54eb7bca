//! `POST /endpoints/{id}/test`: sends an event of the catalogue that did not happen.

use super::check::is_no_apps;
use super::view::owner;
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::events::{DeliveryId, DirectoryId, EndpointId, EventId, EventType, catalogued};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{DeliveryStatus, EndpointTest, TestQueued};
use serde_json::{Value, json};
use store::{EndpointFormat, TestDelivery};
use uuid::Uuid;

/// Sends an event that did not happen.
///
/// It goes the way of any other, whatever the endpoint subscribed to: `"test": true` in the body and `webhook-test: true`
/// in the header tell it apart, its `sequence` is 0, and its id is in no log.
#[utoipa::path(
    post,
    path = "/endpoints/{id}/test",
    operation_id = "test_endpoint",
    tag = "Endpoints",
    request_body = api::EndpointTest,
    responses((status = 202, description = "It is queued.", body = api::TestQueued)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    body: Body<EndpointTest>,
) -> Result<HttpResponse, Problem> {
    let endpoint_id: EndpointId = path_id("endpoint", &path)?;
    let raw = body.raw();
    let event_type = body.finish()?.r#type.unwrap_or(EventType::UserCreated);
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let endpoint = open.endpoint(endpoint_id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    is_no_apps(&endpoint)?;
    if endpoint.format == EndpointFormat::Set && !webhooks::set::carries(event_type) {
        let detail = format!("{event_type} has no form as a SCIM event, and this endpoint has format \"set\".");
        return Err(Problem::invalid_at("#/type", detail));
    }
    let (id, event_id) = (DeliveryId::new(), EventId::new());
    let directory_id = endpoint.directory_ids.as_ref().and_then(|ids| ids.first().copied());
    // Without a directory of its own it is one that cannot be.
    let directory_id = directory_id.unwrap_or_else(|| DirectoryId::from(Uuid::nil()));
    let example = example(&context, event_type, event_id, directory_id);
    let test = TestDelivery {
        id,
        endpoint_id,
        event_id,
        event_type,
        directory_id,
        body: &example.to_string(),
    };
    if !open.send_test(test, context.now).await? {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "The endpoint is disabled, so nothing is sent to it. Enable it first.",
        ));
    }
    let answer = TestQueued {
        delivery_id: id,
        event_id,
        r#type: event_type,
        status: DeliveryStatus::Pending,
    };
    let act = Act::new("tested", "endpoint", endpoint_id)
        .of(owner(&endpoint))
        .saying(event_type.to_string());
    open.finish(&context, act, StatusCode::ACCEPTED, None, &answer).await
}

fn example(context: &AdminContext, kind: EventType, id: EventId, directory_id: DirectoryId) -> Value {
    let mut example = catalogued(kind).example;
    example["id"] = id.to_string().into();
    example["timestamp"] = json!(context.now);
    example["sequence"] = 0.into();
    example["directory_id"] = directory_id.to_string().into();
    example["test"] = true.into();
    example
}
