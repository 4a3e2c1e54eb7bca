//! `POST /directories/{id}/graph/credentials`.

use super::new::{Made, make};
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use crate::v1::graph::check::check_credential;
use crate::v1::graph::view::credential as shown;
use crate::v1::graph::{CREDENTIAL, held, pulled};
use ::events::Timestamp;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{GraphCredentialCreate, Nothing, PlainSecret};

/// The most credentials of a directory: what is used, what follows, and what was before.
const MOST: usize = 10;

/// Adds a credential, to take the place of the one that is used: it is `pending` until it was activated.
///
/// Nothing is proved with it before. Of a certificate, upload the file of `GET …/graph/certificate` to the app registration first.
#[utoipa::path(
    post,
    path = "/directories/{id}/graph/credentials",
    operation_id = "create_graph_credential",
    tag = "Graph",
    request_body = api::GraphCredentialCreate,
    responses((status = 201, description = "The new credential.", body = api::GraphCredential)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<GraphCredentialCreate>,
) -> Result<HttpResponse, Problem> {
    let sent = GraphCredentialCreate {
        certificate: body.sound::<Nothing>("certificate"),
        secret: body.sound::<PlainSecret>("secret"),
        expires_at: body.sound::<Timestamp>("expires_at"),
    };
    let is_faulty = ["certificate", "secret", "expires_at"]
        .iter()
        .any(|name| body.is_faulty(name));
    if !is_faulty {
        check_credential(&mut body, &sent, "", context.now);
    }
    let raw = body.raw();
    let wanted = body.finish()?;
    if let Some(answer) = context.answered(&raw).await? {
        return Ok(answer);
    }
    let (directory, _) = pulled(&context, &path).await?;
    let known = context.store().graph_credentials(directory.id).all().await?;
    if known.len() >= MOST {
        let detail = format!("This directory has {MOST} credentials already. Remove one that is not used any more.");
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let Made { credential, sealed } = make(&context, &directory, &wanted).await?;
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    // Whoever deletes the pull meanwhile deletes it with its credentials.
    held(&open, &directory).await?;
    open.add_graph_credential(&credential, sealed).await?;
    let answer = shown(&credential)?;
    let act = Act::created(CREDENTIAL, credential.id, &answer).within(&directory);
    open.finish(&context, act, StatusCode::CREATED, None, &answer).await
}
