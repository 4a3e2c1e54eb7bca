//! `POST /directories/{id}/graph`.

use super::PULL;
use super::check::{Entered, check_credential, check_maps, check_scope, check_tenant};
use super::credentials::new::{Made, make};
use super::map::{cloud, guests, read, scope};
use super::view::{mode, shown};
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use crate::v1::connections::check::test_accounts;
use ::graph::pull::PullSettings;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{GraphCreate, GraphCredentialCreate};
use store::{Directory, GraphCredentialState, GraphPull, GraphPullState};

/// Sets up that a directory is pulled from Microsoft Graph.
///
/// It is a `draft`: nothing is pulled before `POST …/graph/resume`. With `{"certificate": {}}` a key is made here; its certificate
/// (`GET …/graph/certificate`) is uploaded to the app registration.
#[utoipa::path(
    post,
    path = "/directories/{id}/graph",
    operation_id = "create_graph",
    tag = "Graph",
    request_body = api::GraphCreate,
    responses((status = 201, description = "How it will be pulled.", body = api::GraphPull, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<GraphCreate>,
) -> Result<HttpResponse, Problem> {
    let directory = context.directory(&path).await?;
    test_accounts(&mut body);
    check_scope(&mut body, (None, false));
    check_maps(&mut body, &directory.policy()?);
    if let Some(credential) = body.sound::<GraphCredentialCreate>("credential") {
        check_credential(&mut body, &credential, "/credential", context.now);
    }
    let raw = body.raw();
    let wanted = body.finish()?;
    if let Some(answer) = context.answered(&raw).await? {
        return Ok(answer);
    }
    if context
        .store()
        .graph_pulls()
        .by_directory(directory.id)
        .await?
        .is_some()
    {
        return Err(pulled_already());
    }
    let entered = Entered {
        tenant_id: wanted.tenant_id,
        client_id: wanted.client_id,
        cloud: wanted.cloud.unwrap_or_default(),
    };
    check_tenant(&context, entered).await?;
    // Outside of the transaction: a key takes seconds.
    let Made { mut credential, sealed } = make(&context, &directory, &wanted.credential).await?;
    // The first one is used from the beginning.
    credential.state = GraphCredentialState::Active;
    let pull = pull(&context, &directory, wanted)?;
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    if open.graph_pull(directory.id).await?.is_some() {
        return Err(pulled_already());
    }
    open.create_graph_pull(&pull).await?;
    open.add_graph_credential(&credential, sealed).await?;
    let answer = shown(&context, &pull, &[credential])?;
    let act = Act::created(PULL, directory.id, &answer).within(&directory);
    let location = context.location(&format!("/directories/{}/graph", directory.id));
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}

fn pulled_already() -> Problem {
    let detail = "This directory is set up to be pulled already. PATCH …/graph changes how; DELETE …/graph ends it.";
    Problem::new(ProblemKind::Conflict, detail)
}

fn pull(context: &AdminContext, directory: &Directory, wanted: GraphCreate) -> Result<GraphPull, Problem> {
    let accounts = wanted.test_accounts.iter().map(|account| account.trim().to_owned());
    let settings = PullSettings {
        scope: scope(wanted.scope),
        groups: wanted.groups.unwrap_or_default().into_iter().map(Into::into).collect(),
        nested: wanted.nested.unwrap_or_default(),
        guests: guests(wanted.guests.unwrap_or_default()),
        interval_seconds: wanted.interval_seconds,
        test_accounts: accounts.collect(),
        user_map: wanted.user_map.map(read),
        group_map: wanted.group_map.map(read),
    };
    Ok(GraphPull {
        directory_id: directory.id,
        organization_id: directory.organization_id,
        state: GraphPullState::Draft,
        mode: mode(wanted.mode.unwrap_or_default()),
        cloud: cloud(wanted.cloud.unwrap_or_default()).as_str().to_owned(),
        tenant_id: Some(wanted.tenant_id),
        client_id: Some(wanted.client_id),
        settings: settings.write().map_err(|error| Problem::internal(&error))?,
        generation: 1,
        due_at: context.now,
        held_until: None,
        progress: None,
        last_error: None,
        failing_since: None,
        failures: 0,
        brake_released_at: None,
        created_at: context.now,
        updated_at: context.now,
    })
}
