//! `PATCH /directories/{id}/graph`.

use super::check::{Entered, check_maps, check_scope, check_tenant};
use super::map::{cloud, guests, read, scope};
use super::view::{mode, shown};
use super::{PULL, held, pulled, stored};
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use crate::v1::connections::check::test_accounts;
use ::graph::pull::PullSettings;
use actix_web::web::{Json, Path};
use api::{GraphPatch, GraphPull};
use store::GraphPullState;

/// Changes how a directory is pulled.
///
/// Who works on it just now stops, and goes on by what is set now. Another tenant, application or cloud pauses it: it is to be
/// tested and started again.
#[utoipa::path(
    patch,
    path = "/directories/{id}/graph",
    operation_id = "update_graph",
    tag = "Graph",
    request_body = api::GraphPatch,
    responses((status = 200, description = "How it is pulled now.", body = api::GraphPull)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<GraphPatch>,
) -> Result<Json<GraphPull>, Problem> {
    let (directory, found) = pulled(&context, &path).await?;
    let known = stored::settings(&found)?;
    test_accounts(&mut body);
    let is_of_groups = known.scope == ::graph::pull::PullScope::Groups;
    check_scope(
        &mut body,
        (
            Some(super::map::scope_shown(known.scope)),
            is_of_groups && !known.groups.is_empty(),
        ),
    );
    check_maps(&mut body, &directory.policy()?);
    let patch = body.finish()?;
    let names_tenant = patch.tenant_id.is_some() || patch.client_id.is_some() || patch.cloud.is_some();
    if names_tenant
        && let (Some(tenant_id), Some(client_id)) =
            (patch.tenant_id.or(found.tenant_id), patch.client_id.or(found.client_id))
    {
        let cloud = patch.cloud.unwrap_or(super::map::cloud_shown(stored::cloud(&found)?));
        let entered = Entered {
            tenant_id,
            client_id,
            cloud,
        };
        check_tenant(&context, entered).await?;
    }
    let credentials = context.store().graph_credentials(directory.id).all().await?;
    let change = context.change(None).await?;
    let before = held(&change, &directory).await?;
    if before.settings != found.settings || of(&before) != of(&found) {
        let detail = "Another request changed how this directory is pulled at this moment. Try again.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let mut after = before.clone();
    let settings = apply(&mut after, known.clone(), patch);
    after.settings = settings.write().map_err(|error| Problem::internal(&error))?;
    after.updated_at = context.now;
    let begins_anew = settings.begins_anew(&known);
    let is_elsewhere = of(&after) != of(&before);
    if begins_anew || is_elsewhere || after.mode != before.mode {
        after.due_at = context.now;
    } else {
        after.due_at = before.due_at.min(context.now.plus(settings.interval()));
    }
    after.generation = change.update_graph_pull(&after, begins_anew, context.now).await?;
    if is_elsewhere && before.state != GraphPullState::Draft {
        change.pause_graph_pull(directory.id, context.now).await?;
        after.state = GraphPullState::Paused;
    }
    let answer = shown(&context, &after, &credentials)?;
    let act = Act::updated(PULL, directory.id, &shown(&context, &before, &credentials)?, &answer).within(&directory);
    change.commit(&context, act).await?;
    Ok(Json(answer))
}

/// From where a directory is pulled.
fn of(pull: &store::GraphPull) -> (&str, Option<uuid::Uuid>, Option<uuid::Uuid>) {
    (&pull.cloud, pull.tenant_id, pull.client_id)
}

fn apply(pull: &mut store::GraphPull, mut settings: PullSettings, patch: GraphPatch) -> PullSettings {
    pull.tenant_id = patch.tenant_id.or(pull.tenant_id);
    pull.client_id = patch.client_id.or(pull.client_id);
    if let Some(wanted) = patch.cloud {
        cloud(wanted).as_str().clone_into(&mut pull.cloud);
    }
    if let Some(wanted) = patch.mode {
        pull.mode = mode(wanted);
    }
    if let Some(accounts) = patch.test_accounts {
        settings.test_accounts = accounts.iter().map(|account| account.trim().to_owned()).collect();
    }
    settings.scope = patch.scope.map_or(settings.scope, scope);
    if let Some(groups) = patch.groups {
        settings.groups = groups.into_iter().map(Into::into).collect();
    }
    if settings.scope != ::graph::pull::PullScope::Groups {
        settings.groups.clear();
    }
    settings.nested = patch.nested.unwrap_or(settings.nested);
    settings.guests = patch.guests.map_or(settings.guests, guests);
    settings.interval_seconds = patch.interval_seconds.unwrap_or(settings.interval_seconds);
    if let Some(map) = patch.user_map {
        settings.user_map = map.map(read);
    }
    if let Some(map) = patch.group_map {
        settings.group_map = map.map(read);
    }
    settings
}
