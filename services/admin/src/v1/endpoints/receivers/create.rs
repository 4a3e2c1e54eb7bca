//! `POST /test-receivers`.

use super::super::check::{CheckedMembers, check};
use super::super::create::endpoint;
use super::super::seal::{mint_secret, seal_secret};
use super::super::view::{listed, owner};
use super::shown;
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{EndpointCreate, TestReceiver, TestReceiverCreate};
use secrecy::ExposeSecret as _;
use secrets::{Token, TokenKind};
use store::Endpoint;
use webhooks::Signing;

/// What it is called where nothing is said.
const NAME: &str = "Test receiver";

/// Makes a receiver within this installation, and an endpoint that is sent to it.
///
/// What comes is kept for 24 hours, the last 100 of it, where it is signed with the endpoint's secret; anything else is answered
/// with 401. The receiver is below the public URL, which the dispatcher must be allowed to send to.
#[utoipa::path(
    post,
    path = "/test-receivers",
    operation_id = "create_test_receiver",
    tag = "Endpoints",
    request_body = api::TestReceiverCreate,
    responses((status = 201, description = "The new receiver, with its URL.", body = api::TestReceiver, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(
    context: AdminContext,
    mut body: Body<TestReceiverCreate>,
) -> Result<HttpResponse, Problem> {
    check(&context, &mut body).await?;
    let raw = body.raw();
    let wanted = body.finish()?;
    let id = EndpointId::new();
    let (token, hash) = Token::mint(TokenKind::TestReceiver, id.uuid());
    let url = format!("{}/receivers/{}", context.public_url(), token.expose_secret());
    let url: String = context
        .guard()
        .check(&url)
        .map_err(|error| unreachable(&context, &error))?
        .into();
    let secret = mint_secret(Signing::V1)?;
    let wanted = EndpointCreate {
        url: url.as_str().into(),
        description: Some(wanted.description.unwrap_or_else(|| NAME.to_owned())),
        event_types: wanted.event_types,
        organization_ids: context
            .principal
            .organization
            .map(|own| vec![own])
            .or(wanted.organization_ids),
        ..EndpointCreate::default()
    };
    let checked = CheckedMembers {
        url: Some(url.clone()),
        ..CheckedMembers::default()
    };
    let endpoint = Endpoint {
        signing: Signing::V1.as_str().to_owned(),
        sealed_secret: seal_secret(&context, id, &secret),
        ..endpoint(&context, id, wanted, checked)?
    };
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let receiver = store::TestReceiver {
        endpoint_id: id,
        token_hash: *hash.as_bytes(),
        created_at: context.now,
    };
    open.create_endpoint(&endpoint).await?;
    if !open.create_test_receiver(&receiver).await? {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "There are 20 test receivers, and there may be no more. Delete one first.",
        ));
    }
    let act = Act::created("test_receiver", id, &listed(&context, endpoint.clone())?).of(owner(&endpoint));
    let answer = TestReceiver {
        url: Some(url.into()),
        ..shown(&receiver, &endpoint)
    };
    let location = context.location(&format!("/test-receivers/{id}"));
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}

fn unreachable(context: &AdminContext, error: &dyn std::fmt::Display) -> Problem {
    let detail = format!(
        "The dispatcher would not send to {}: {error}. Set ROLLCALL_PUBLIC_URL to an https address that it reaches; for \
         development set ROLLCALL_WEBHOOK_ALLOW_PRIVATE.",
        context.public_url()
    );
    Problem::new(ProblemKind::Conflict, detail)
}
