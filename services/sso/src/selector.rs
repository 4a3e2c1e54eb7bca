//! Which connection somebody logs in by, as the app says it.

use crate::parameters::Parameters;
use crate::state::Inner;
use events::{ConnectionId, OrganizationId};
use store::{Connection, ConnectionState, Domain, SsoClient, StoreError};

/// Parameters that choose. An app gives one of them.
const SELECTORS: [&str; 3] = ["connection", "organization", "domain_hint"];

/// What is chosen.
pub(crate) enum Selected {
    /// This connection.
    Connection(Box<Connection>),
    /// Nobody said anything: the person is asked. The sentence says what was wrong with the last answer.
    Ask(&'static str),
    /// It cannot be.
    Refused(SelectorError),
}

/// Why no connection is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SelectorError {
    #[error("ambiguous_connection_selector: give one of connection, organization and domain_hint")]
    Several,
    #[error("connection_invalid: there is no such connection for this app")]
    Connection,
    #[error("organization_invalid: there is no such organization for this app, or it has no connection")]
    Organization,
    #[error("ambiguous_connection_selector: the organization has several connections; name one by connection")]
    Ambiguous,
    #[error("connection_inactive: the connection is paused, or was never tested")]
    Inactive,
}

/// Chooses by `connection`, by `organization` (id or domain), by `domain_hint`, by the connection whose start URL sent the
/// person to the app (`started`), by the domain of `login_hint`, or by the one organization that the app is for.
pub(crate) async fn select(
    state: &Inner,
    client: &SsoClient,
    parameters: &Parameters,
    started: Option<ConnectionId>,
) -> Result<Selected, StoreError> {
    let given: Vec<_> = SELECTORS
        .into_iter()
        .filter_map(|name| Some((name, parameters.get(name)?)))
        .collect();
    match given.as_slice() {
        [] => {
            if let Some(started) = started
                && let Selected::Connection(found) = by_connection(state, client, &started.to_string()).await?
            {
                return Ok(Selected::Connection(found));
            }
            by_hint(state, client, parameters.get("login_hint")).await
        }
        [("connection", id)] => by_connection(state, client, id).await,
        [(_, organization)] => match named(state, organization).await? {
            Some(organization) => of_organization(state, client, organization).await,
            None => Ok(Selected::Refused(SelectorError::Organization)),
        },
        _ => Ok(Selected::Refused(SelectorError::Several)),
    }
}

async fn by_hint(state: &Inner, client: &SsoClient, hint: Option<&str>) -> Result<Selected, StoreError> {
    if let Some(organization) = client.organization_id {
        return of_organization(state, client, organization).await;
    }
    let Some(hint) = hint else {
        return Ok(Selected::Ask(""));
    };
    let found = match hint.rsplit_once('@') {
        Some((_, domain)) => named(state, domain).await?,
        None => None,
    };
    match found {
        Some(organization) => match of_organization(state, client, organization).await? {
            Selected::Connection(connection) => Ok(Selected::Connection(connection)),
            _ => Ok(Selected::Ask(UNKNOWN)),
        },
        None => Ok(Selected::Ask(UNKNOWN)),
    }
}

/// The same whether the company is unknown, or cannot log in here: strangers do not learn who is a customer.
const UNKNOWN: &str = "Nobody with this name can log in here. Check how it is spelled, or ask your administrator.";

/// The organization with this id, or that owns this domain.
async fn named(state: &Inner, text: &str) -> Result<Option<OrganizationId>, StoreError> {
    if let Ok(id) = text.parse::<OrganizationId>() {
        return Ok(Some(id));
    }
    match text.to_lowercase().parse::<Domain>() {
        Ok(domain) => Ok(state
            .store
            .organizations()
            .by_domain(&domain)
            .await?
            .map(|found| found.id)),
        Err(_) => Ok(None),
    }
}

async fn by_connection(state: &Inner, client: &SsoClient, id: &str) -> Result<Selected, StoreError> {
    let found = match id.parse::<ConnectionId>() {
        Ok(id) => state.store.connections().by_id(id).await?,
        Err(_) => None,
    };
    let found = found.filter(|found| is_for(client, found.organization_id));
    Ok(match found {
        Some(connection) if is_open(&connection) => Selected::Connection(Box::new(connection)),
        Some(_) => Selected::Refused(SelectorError::Inactive),
        None => Selected::Refused(SelectorError::Connection),
    })
}

async fn of_organization(
    state: &Inner,
    client: &SsoClient,
    organization: OrganizationId,
) -> Result<Selected, StoreError> {
    if !is_for(client, organization) {
        return Ok(Selected::Refused(SelectorError::Organization));
    }
    let all = state.store.connections().of_organization(organization).await?;
    let is_empty = all.is_empty();
    let mut open: Vec<_> = all.into_iter().filter(is_open).collect();
    Ok(match (open.pop(), open.is_empty()) {
        (Some(connection), true) => Selected::Connection(Box::new(connection)),
        (Some(_), false) => Selected::Refused(SelectorError::Ambiguous),
        (None, _) if is_empty => Selected::Refused(SelectorError::Organization),
        (None, _) => Selected::Refused(SelectorError::Inactive),
    })
}

/// Whether people of an organization log in to an app.
pub(crate) fn is_for(client: &SsoClient, organization: OrganizationId) -> bool {
    client.organization_id.is_none_or(|own| own == organization)
}

/// Whether people log in by it.
pub(crate) fn is_open(connection: &Connection) -> bool {
    matches!(connection.state, ConnectionState::Active | ConnectionState::Failing)
}
