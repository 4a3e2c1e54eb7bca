//! `PUT /connections/{id}/console-access`.

use super::{check_grant, shown};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::principal::stored;
use crate::problem::Problem;
use ::events::{ConnectionId, ResourceId};
use actix_web::web::{Json, Path};
use api::{ConsoleAccess, ConsoleAccessSet, ConsoleReach, Scope};
use std::collections::HashSet;
use std::hash::Hash;

/// The longest name of a role, in characters.
const LONGEST_ROLE: usize = 100;

/// Opens the console to people of a connection, in the place of who might enter by it before.
///
/// They log in with the account that they have at work, and are out with the next request when they are deactivated or lose
/// the role, or when the connection is paused. Nobody gives more than they have: a key gives the scopes that it has, and only a
/// key without an organization gives the whole installation. Mind that whoever may change the directory decides who has a role
/// of it.
#[utoipa::path(
    put,
    path = "/connections/{id}/console-access",
    operation_id = "set_console_access",
    tag = "Connections",
    request_body = api::ConsoleAccessSet,
    responses((status = 200, description = "Who may enter now.", body = api::ConsoleAccess)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<ConsoleAccessSet>,
) -> Result<Json<ConsoleAccess>, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    check(&mut body);
    let wanted = body.finish()?;
    let covers_all = wanted.reach.unwrap_or_default() == ConsoleReach::Installation;
    check_grant(&context.principal, &wanted.scopes, covers_all)?;
    let change = context.change(None).await?;
    let connection = change.connection(id).await?;
    let connection = connection.ok_or_else(|| Problem::not_found("connection", &path))?;
    let before = change.console_access(id).await?;
    let access = store::ConsoleAccess {
        connection_id: id,
        roles: wanted.roles.unwrap_or_default(),
        user_ids: wanted.user_ids.unwrap_or_default(),
        scopes: wanted.scopes.into_iter().map(stored).collect(),
        covers_all,
        created_at: before.as_ref().map_or(context.now, |before| before.created_at),
        updated_at: context.now,
    };
    change.set_console_access(&access).await?;
    let answer = shown(&context, access, &connection.slug);
    let act = match before {
        Some(before) => Act::updated(
            "console_access",
            id,
            &shown(&context, before, &connection.slug),
            &answer,
        ),
        None => Act::created("console_access", id, &answer),
    };
    let act = act.about(Some(connection.organization_id), Some(connection.directory_id));
    change.commit(&context, act).await?;
    Ok(Json(answer))
}

fn check(body: &mut Body<ConsoleAccessSet>) {
    let roles: Vec<String> = body.sound("roles").unwrap_or_default();
    let users: Vec<ResourceId> = body.sound("user_ids").unwrap_or_default();
    let scopes: Vec<Scope> = body.sound("scopes").unwrap_or_default();
    for (index, role) in roles.iter().enumerate() {
        let length = role.chars().count();
        if !(1..=LONGEST_ROLE).contains(&length) || role.trim() != role || role.chars().any(char::is_control) {
            let detail = format!("Must be a role of the directory, of 1 to {LONGEST_ROLE} characters.");
            body.fault(&format!("/roles/{index}"), detail);
        }
    }
    fault_repeated(body, "roles", &roles);
    fault_repeated(body, "user_ids", &users);
    fault_repeated(body, "scopes", &scopes);
    let names_nobody = roles.is_empty() && users.is_empty();
    if names_nobody && !body.is_faulty("roles") && !body.is_faulty("user_ids") {
        let detail = "Name a role or a user: otherwise nobody may enter.";
        body.fault("/roles", detail);
    }
}

fn fault_repeated<T: Hash + Eq>(body: &mut Body<ConsoleAccessSet>, name: &str, values: &[T]) {
    let mut seen = HashSet::new();
    for (index, _) in values.iter().enumerate().filter(|(_, value)| !seen.insert(*value)) {
        body.fault(&format!("/{name}/{index}"), "Given twice.");
    }
}
