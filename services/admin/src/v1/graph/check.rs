//! What only this service can say of the members of a pull.

use super::map::{cloud, read};
use crate::body::Body;
use crate::context::AdminContext;
use crate::entered::{are_swapped, fault_of_secret, swapped};
use crate::problem::Problem;
use ::events::Timestamp;
use ::graph::map::{AttributeMap, InvalidMap};
use api::{Fault, GraphCloud, GraphCredentialCreate, GraphMapRow, GraphScope};
use directory::Policy;
use scim::schema::ResourceType;
use std::collections::HashSet;
use uuid::Uuid;

/// Checks a credential, whose members are at this place of the body: `""`, or `"/credential"`.
pub(super) fn check_credential<T: api::Body>(
    body: &mut Body<T>,
    wanted: &GraphCredentialCreate,
    place: &str,
    now: Timestamp,
) {
    let whole = if place.is_empty() { "/certificate" } else { place };
    match (&wanted.certificate, &wanted.secret) {
        (Some(_), Some(_)) => body.fault(whole, "Either a certificate or a secret, not both."),
        (None, None) => body.fault(
            whole,
            "Send {\"certificate\": {}} to have a key made here, or the \"secret\" of the application.",
        ),
        (None, Some(secret)) => {
            if let Some(detail) = fault_of_secret(secret.expose()) {
                body.fault(&format!("{place}/secret"), detail);
            }
        }
        (Some(_), None) => {}
    }
    let end = format!("{place}/expires_at");
    match (wanted.expires_at, &wanted.secret) {
        (Some(_), None) => body.fault(&end, "Only together with a secret, of which it is the end."),
        (Some(at), Some(_)) if at <= now => body.fault(&end, "Must lie in the future."),
        _ => {}
    }
}

/// Checks groups and their scope; `known` is the scope and whether there are groups, where nothing is said.
pub(super) fn check_scope<T: api::Body>(body: &mut Body<T>, known: (Option<GraphScope>, bool)) {
    let groups: Option<Vec<Uuid>> = body.sound("groups");
    let scope = body.sound::<GraphScope>("scope").or(known.0);
    let mut seen = HashSet::new();
    let twice = groups.iter().flatten().position(|group| !seen.insert(*group));
    if let Some(index) = twice {
        body.fault(&format!("/groups/{index}"), "Given twice.");
    }
    if body.is_faulty("groups") || body.is_faulty("scope") {
        return;
    }
    let has_groups = groups.as_ref().map_or(known.1, |groups| !groups.is_empty());
    match scope {
        Some(GraphScope::Groups) if !has_groups => {
            let detail = "Name at least one group by its Object ID, for the scope \"groups\".";
            body.fault("/groups", detail);
        }
        Some(GraphScope::All | GraphScope::Assigned) if groups.is_some() && has_groups => {
            body.fault("/groups", "Only for the scope \"groups\".");
        }
        _ => {}
    }
}

/// Checks the maps of a body.
pub(super) fn check_maps<T: api::Body>(body: &mut Body<T>, policy: &Policy) {
    check_map(body, "user_map", policy.user_type(), AttributeMap::users);
    check_map(body, "group_map", ResourceType::group(), AttributeMap::groups);
}

fn check_map<T: api::Body>(
    body: &mut Body<T>,
    name: &str,
    resource_type: &ResourceType,
    check: fn(&[::graph::map::Row], &ResourceType) -> Result<AttributeMap, InvalidMap>,
) {
    let Some(rows) = body.sound::<Vec<GraphMapRow>>(name) else {
        return;
    };
    let (place, detail) = match check(&read(rows), resource_type) {
        Ok(_) => return,
        Err(InvalidMap::Row { row, why }) => (format!("/{name}/{}", row.saturating_sub(1)), why.to_string()),
        Err(whole) => (format!("/{name}"), whole.to_string()),
    };
    body.fault(&place, format!("Not accepted: {detail}."));
}

/// The tenant, the application and the cloud as they will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entered {
    pub(super) tenant_id: Uuid,
    pub(super) client_id: Uuid,
    pub(super) cloud: GraphCloud,
}

/// Looks whether there is such a tenant. Where nobody answers, nothing is known: a test tells later.
///
/// # Errors
/// 422 for ids that were entered the wrong way round, and for a tenant that there is not.
pub(super) async fn check_tenant(context: &AdminContext, entered: Entered) -> Result<(), Problem> {
    if entered.tenant_id == entered.client_id {
        let detail = "This is the Directory (tenant) ID, too. Enter the Application (client) ID: both are on the overview page of \
                      the app registration.";
        return Err(Problem::invalid_at("#/client_id", detail));
    }
    let endpoints = context.graph().endpoints(cloud(entered.cloud));
    let discovery = context.discovery();
    let text = format!("{}/{}", endpoints.authority(), entered.tenant_id);
    let Ok(authority) = discovery.parse(&text) else {
        return Ok(());
    };
    match discovery.ask(&authority).await {
        Err(why) if why.is_unknown_tenant => {}
        _ => return Ok(()),
    }
    if are_swapped(discovery, &authority, entered.client_id).await {
        return Err(Problem::invalid(swapped("tenant_id", "client_id")));
    }
    let detail = "Microsoft Entra ID knows no tenant with this id in this cloud. Enter the Directory (tenant) ID of the overview page \
                  of the app registration, and the cloud that it is in.";
    Err(Problem::invalid(vec![Fault::at("#/tenant_id", detail)]))
}
