//! Service principals and who is assigned to them.

use super::answer::Answer;
use super::query::equals;
use super::{APPS, Call};
use crate::attributes::Kind;
use crate::tenant::assigned::Principal;
use crate::tenant::{Place, State};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The app's id in `servicePrincipals(appId='…')`, with its mark.
pub(super) fn by_app(segment: &str) -> Option<&str> {
    segment.strip_prefix("servicePrincipals(")?.strip_suffix(')')
}

/// By object id, or `appId='…'`.
fn find(call: &Call<'_>, key: Option<&str>) -> Result<Place, Answer> {
    let key = key.unwrap_or_default();
    let app = key
        .strip_prefix("appId=")
        .map(|quoted| quoted.trim_matches('\'').parse::<Uuid>());
    let place = match app {
        Some(app) => {
            let of = |(place, principal): (&Place, &Principal)| (Ok(principal.app_id) == app).then_some(*place);
            call.state.principals.iter().find_map(of)
        }
        None => key
            .parse()
            .ok()
            .and_then(|id| call.state.find(id, Kind::ServicePrincipal)),
    };
    place
        .filter(|place| call.state.principals.contains_key(place))
        .ok_or_else(|| call.nobody(key))
}

fn show(state: &State, place: Place, principal: &Principal) -> Value {
    let roles = principal.roles.iter().map(|role| {
        json!({
            "id": role.id, "value": role.value, "displayName": role.display_name, "description": role.display_name,
            "isEnabled": true, "origin": "Application", "allowedMemberTypes": ["User"],
        })
    });
    json!({
        "id": state.object(place).id, "appId": principal.app_id, "accountEnabled": true,
        "displayName": state.object(place).attributes.get("displayName", &state.domain),
        "servicePrincipalType": "Application", "appRoleAssignmentRequired": true,
        "appRoles": roles.collect::<Vec<_>>(),
    })
}

pub(super) fn get(call: &mut Call<'_>, key: Option<&str>) -> Result<Answer, Answer> {
    call.permit(APPS)?;
    let place = find(call, key)?;
    let mut principal = show(call.state, place, &call.state.principals[&place]);
    principal["@odata.context"] = json!(call.context("servicePrincipals/$entity"));
    Ok(Answer::ok(selected(call, principal)))
}

/// With what was selected only.
fn selected(call: &Call<'_>, mut principal: Value) -> Value {
    if let (Some(select), Some(members)) = (call.query.get("select"), principal.as_object_mut()) {
        let names: Vec<&str> = select.split(',').map(str::trim).collect();
        members.retain(|name, _| name == "id" || name.starts_with('@') || names.contains(&name.as_str()));
    }
    principal
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Answer> {
    call.permit(APPS)?;
    let app = match call.query.get("filter") {
        None => None,
        Some(filter) => Some(
            equals(filter, "appId")
                .and_then(|id| id.parse::<Uuid>().ok())
                .ok_or_else(|| Answer::unsupported("Only appId can be filtered by."))?,
        ),
    };
    let of = move |principal: &Principal| app.is_none_or(|app| principal.app_id == app);
    let next = |state: &State, from: u32| {
        let mut all = state.principals.range(from..);
        let (place, principal) = all.find(|(_, principal)| of(principal))?;
        Some((place + 1, show(state, *place, principal)))
    };
    let count = |state: &State| state.principals.values().filter(|principal| of(principal)).count();
    call.page("servicePrincipals", next, count)
}

/// Who is assigned. Changes are seen here as late as in delta queries.
pub(super) fn assigned(call: &mut Call<'_>, key: Option<&str>) -> Result<Answer, Answer> {
    call.permit(APPS)?;
    let service = find(call, key)?;
    let seen = call.now.minus(Duration::from_secs(call.state.behaviour.lag_seconds));
    let next = |state: &State, from: u32| {
        let assignments = state.principals[&service]
            .assignments
            .iter()
            .enumerate()
            .skip(from as usize);
        let (number, assignment) = assignments
            .into_iter()
            .find(|(_, assignment)| assignment.is_seen(seen))?;
        let principal = state.object(assignment.principal);
        let kind = match principal.kind {
            Kind::Group => "Group",
            Kind::ServicePrincipal => "ServicePrincipal",
            Kind::User | Kind::Device | Kind::OrgContact => "User",
        };
        let name = |place: Place| state.object(place).attributes.get("displayName", &state.domain);
        let item = json!({
            "id": assignment.id.simple().to_string(), "deletedDateTime": null, "appRoleId": assignment.role,
            "createdDateTime": assignment.since.text(), "principalDisplayName": name(assignment.principal),
            "principalId": principal.id, "principalType": kind, "resourceDisplayName": name(service),
            "resourceId": state.object(service).id,
        });
        Some((u32::try_from(number + 1).unwrap_or(u32::MAX), item))
    };
    let count = |state: &State| {
        let assignments = state.principals[&service].assignments.iter();
        assignments.filter(|assignment| assignment.is_seen(seen)).count()
    };
    call.page("appRoleAssignments", next, count)
}
