//! Whether the key of a request allows the operation: its scope, and for a key of one organization whose the object is.
//!
//! This is checked behind the router and before the handler runs, from the row of the route table and the id in the path. A handler that forgets
//! whom it works for can therefore show or change nothing of another organization.

use crate::principal::{Principal, names};
use crate::problem::{Problem, ProblemKind};
use crate::state::State;
use crate::v1::{Operation, PREFIX};
use actix_web::HttpMessage as _;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::web::Data;
use api::{Fault, Scope};
use events::{DirectoryId, OrganizationId};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::ParameterIn;
use uuid::Uuid;

/// What a row of the route table says of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The scope that the operation needs.
    pub(crate) scope: Scope,
    /// What a key of one organization reaches by it.
    pub(crate) reach: Reach,
}

/// What a key of one organization reaches by an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The object that the path names, if it belongs to the organization.
    Object,
    /// What the handler leaves of all there is: a list of what belongs to the organization, or nothing of any tenant.
    Narrowed,
    /// Nothing: the operation is about more than one organization.
    Nothing,
}

/// What is known of an operation before its handler runs.
#[derive(Clone, Debug)]
pub(crate) struct OperationRow {
    method: Method,
    access: Access,
    /// Whether it has parameters in the query string; then its handler reads them.
    takes_query: bool,
}

impl OperationRow {
    /// What the table says of an operation.
    pub(crate) fn of(operation: &Operation) -> Self {
        let mut parameters = operation.documented.parameters.iter().flatten();
        Self {
            method: operation.method.clone(),
            access: operation.access,
            takes_query: parameters.any(|parameter| match parameter {
                RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
                RefOr::Ref(_) => false,
            }),
        }
    }
}

/// Wraps the handlers of one path, whose rows these are. It stands behind the router: which operation is asked for is not
/// found out a second time, so no other way to write a path, and nothing that is mounted beside this API, leads past it.
pub(crate) async fn guarded(
    rows: &[OperationRow],
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // HEAD is answered by the handler of GET. A method that no operation has is answered with those that there are.
    let method = match *request.method() {
        Method::HEAD => &Method::GET,
        ref method => method,
    };
    let Some(row) = rows.iter().find(|row| row.method == *method).cloned() else {
        return next.call(request).await;
    };
    let state = request.app_data::<Data<State>>().cloned();
    let principal = request.extensions().get::<Principal>().cloned();
    let checked = match (state, principal) {
        (Some(state), Some(principal)) => check(&row, &request, &state, &principal).await,
        _ => Err(Problem::new(
            ProblemKind::Internal,
            "This server is not set up completely.",
        )),
    };
    match checked {
        Ok(()) => next.call(request).await,
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// Checks a request before its handler runs.
///
/// # Errors
/// 403 without the scope, and for an operation that is not for keys of one organization; 404 for what belongs to another
/// organization, the same as for what is not there; 400 for parameters of an operation that has none; otherwise as the
/// store.
async fn check(
    row: &OperationRow,
    request: &ServiceRequest,
    state: &State,
    principal: &Principal,
) -> Result<(), Problem> {
    let access = row.access;
    if !principal.has(access.scope) {
        return Err(missing_scope(principal, access.scope));
    }
    if let Some(own) = principal.organization {
        match access.reach {
            Reach::Narrowed => {}
            Reach::Nothing => return Err(not_for_one_organization()),
            Reach::Object => check_object(state, own, request.path()).await?,
        }
    }
    if let Some(own) = principal.directory {
        check_directory(state, access.reach, own, request.path()).await?;
    }
    if row.takes_query {
        return Ok(());
    }
    let names = url::form_urlencoded::parse(request.query_string().as_bytes());
    let faults: Vec<_> = names
        .map(|(name, _)| Fault::in_query(name, "Unknown parameter. This operation takes none."))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::bad_query(faults))
    }
}

/// 403: the key lacks a scope. Says which, as RFC 6750 §3.1 has it.
pub(crate) fn missing_scope(principal: &Principal, scope: Scope) -> Problem {
    let challenge = format!("Bearer realm=\"rollcall\", error=\"insufficient_scope\", scope=\"{scope}\"");
    let detail = format!(
        "This needs the scope \"{scope}\". The key has: {}.",
        names(&principal.scopes)
    );
    let problem = Problem::new(ProblemKind::Forbidden, detail);
    match HeaderValue::from_str(&challenge) {
        Ok(challenge) => problem.with_header(WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}

/// 403: the operation goes beyond what a key of one organization may.
pub(crate) fn not_for_one_organization() -> Problem {
    let detail = "This key is for one organization, and this operation is not. Use a key without an organization.";
    Problem::new(ProblemKind::Forbidden, detail)
}

/// The id that a path names, if it is one.
pub(crate) fn object_in(path: &str) -> Option<&str> {
    Some(collection_and_id(path).1).filter(|id| id.parse::<Uuid>().is_ok())
}

fn collection_and_id(path: &str) -> (&str, &str) {
    let below = path.strip_prefix(PREFIX).unwrap_or_default();
    let mut parts = below.split('/').skip(1);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

async fn check_object(state: &State, own: OrganizationId, path: &str) -> Result<(), Problem> {
    let (collection, id) = collection_and_id(path);
    let (what, owned) = match collection {
        "organizations" => ("organization", id.parse().is_ok_and(|id: OrganizationId| id == own)),
        "directories" => ("directory", owns_directory(state, own, id).await?),
        "endpoints" => ("endpoint", owns_endpoint(state, own, id).await?),
        "test-receivers" => ("test receiver", owns_endpoint(state, own, id).await?),
        "deliveries" => ("delivery", owns_delivery(state, own, id).await?),
        "events" => ("event", owns_event(state, own, id).await?),
        "portal-links" => ("portal link", owns_portal_link(state, own, id).await?),
        "connections" => ("connection", owns_connection(state, own, id).await?),
        "sso-clients" => ("SSO client", owns_sso_client(state, own, id).await?),
        "sso-sessions" => ("session", owns_sso_session(state, own, id).await?),
        "admin-keys" => ("admin key", owns_admin_key(state, own, id).await?),
        // They are the operator's, also where they are about the organization.
        "dead-letters" => ("dead letter", false),
        // What nobody said how to find the owner of belongs to nobody.
        _ => ("object", false),
    };
    if owned { Ok(()) } else { Err(Problem::hidden(what, id)) }
}

/// A caller for one directory reaches that one, and the organization itself.
async fn check_directory(state: &State, reach: Reach, own: DirectoryId, path: &str) -> Result<(), Problem> {
    let (collection, id) = collection_and_id(path);
    match (reach, collection) {
        (Reach::Object, "organizations" | "endpoints" | "deliveries") => Ok(()),
        (Reach::Object, "directories") if id.parse().is_ok_and(|id: DirectoryId| id == own) => Ok(()),
        (Reach::Object, "directories") => Err(Problem::hidden("directory", id)),
        (Reach::Object, "connections") => of_own_directory("connection", id, own, connection(state, id).await?),
        (Reach::Object, "sso-sessions") => of_own_directory("session", id, own, sso_session(state, id).await?),
        (Reach::Object, _) => Err(Problem::hidden("object", id)),
        // These handlers narrow by directory as well.
        (Reach::Narrowed, "connections") => Ok(()),
        // Other lists are narrowed by organization only.
        (Reach::Narrowed | Reach::Nothing, _) => Err(not_for_one_organization()),
    }
}

async fn owns_directory(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let Ok(id) = id.parse() else { return Ok(false) };
    let found = state.store().directories().by_id(id).await?;
    Ok(found.is_some_and(|directory| directory.organization_id == own))
}

async fn owns_endpoint(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let Ok(id) = id.parse() else { return Ok(false) };
    let found = state.store().endpoints().by_id(id).await?;
    Ok(found.is_some_and(|endpoint| endpoint.belongs_to(own)))
}

async fn owns_delivery(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let Ok(id) = id.parse() else { return Ok(false) };
    match state.store().deliveries().by_id(id).await? {
        Some(delivery) => owns_endpoint(state, own, &delivery.endpoint_id.to_string()).await,
        None => Ok(false),
    }
}

async fn owns_event(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let Ok(id) = id.parse() else { return Ok(false) };
    let found = state.store().events().by_id(id).await?;
    Ok(found.is_some_and(|event| event.organization_id == own))
}

async fn owns_admin_key(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let Ok(id) = id.parse() else { return Ok(false) };
    let found = state.store().admin_keys().by_id(id).await?;
    Ok(found.is_some_and(|key| key.organization_id == Some(own)))
}

async fn owns_portal_link(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let Ok(id) = id.parse() else { return Ok(false) };
    let found = state.store().portal_links().by_id(id).await?;
    Ok(found.is_some_and(|link| link.organization_id == own))
}

/// Whose something is.
type Owner = (OrganizationId, DirectoryId);

async fn connection(state: &State, id: &str) -> Result<Option<Owner>, Problem> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let found = state.store().connections().by_id(id).await?;
    Ok(found.map(|connection| (connection.organization_id, connection.directory_id)))
}

async fn sso_session(state: &State, id: &str) -> Result<Option<Owner>, Problem> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let found = state.store().sso_sessions().by_id(id).await?;
    Ok(found.map(|session| (session.begun.organization_id, session.begun.directory_id)))
}

async fn owns_connection(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let owner = connection(state, id).await?;
    Ok(owner.is_some_and(|(organization, _)| organization == own))
}

async fn owns_sso_session(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let owner = sso_session(state, id).await?;
    Ok(owner.is_some_and(|(organization, _)| organization == own))
}

async fn owns_sso_client(state: &State, own: OrganizationId, id: &str) -> Result<bool, Problem> {
    let Ok(id) = id.parse() else { return Ok(false) };
    let found = state.store().sso_clients().by_id(id).await?;
    Ok(found.is_some_and(|client| client.organization_id == Some(own)))
}

/// What is of another directory is hidden from a caller for one.
fn of_own_directory(what: &str, id: &str, own: DirectoryId, owner: Option<Owner>) -> Result<(), Problem> {
    match owner {
        Some((_, directory)) if directory == own => Ok(()),
        _ => Err(Problem::hidden(what, id)),
    }
}
