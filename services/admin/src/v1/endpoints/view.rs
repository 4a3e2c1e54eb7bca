//! An endpoint as the API shows it.

use super::seal::{header_names, open_url};
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::state::State;
use ::events::{OrganizationId, Timestamp};
use api::{ClientCertificateShown, Endpoint, EndpointDay, EndpointFormat, EndpointHour, EndpointState, Scope};
use store::{ActivityHour, EndpointIdentity, SHOWN_HOURS, Store};

/// As much as the caller may see: who may ask for the endpoint's secret may see its URL as well.
pub(super) fn for_caller(context: &AdminContext, endpoint: store::Endpoint) -> Result<Endpoint, Problem> {
    if context.principal.has(Scope::RevealEndpoints) {
        whole(context, endpoint)
    } else {
        listed(context, endpoint)
    }
}

fn whole(state: &State, endpoint: store::Endpoint) -> Result<Endpoint, Problem> {
    let url = open_url(state, &endpoint)?;
    let is_set = endpoint.format == store::EndpointFormat::Set;
    let listed = listed(state, endpoint)?;
    Ok(Endpoint {
        audience: listed.audience.or_else(|| is_set.then(|| vec![url.clone()])),
        url: Some(url.into()),
        ..listed
    })
}

/// The organization that an endpoint is of, if it is of one.
pub(in crate::v1) fn owner(endpoint: &store::Endpoint) -> Option<OrganizationId> {
    match endpoint.selection.organization_ids.as_deref() {
        Some(&[only]) => Some(only),
        _ => None,
    }
}

/// In lists, and in the audit log: of the URL no more than origin and length, since path and query may be keys.
pub(super) fn listed(state: &State, endpoint: store::Endpoint) -> Result<Endpoint, Problem> {
    Ok(Endpoint {
        header_names: header_names(state, &endpoint)?,
        id: endpoint.id,
        format: format_of(endpoint.format),
        audience: endpoint
            .audience
            .filter(|_| endpoint.format == store::EndpointFormat::Set),
        sso_client_id: endpoint.sso_client_id,
        url: None,
        url_origin: endpoint.url.origin,
        url_path_length: endpoint.url.path_length,
        description: endpoint.description,
        event_types: endpoint.event_types,
        directory_ids: endpoint.directory_ids,
        organization_ids: endpoint.selection.organization_ids,
        fields: endpoint.selection.fields,
        filter: endpoint.selection.filter,
        signing: endpoint.signing,
        public_key: endpoint.public_key,
        previous_public_key: endpoint.previous_public_key.filter(|_| {
            endpoint
                .previous_secret_until
                .is_some_and(|until| until > Timestamp::now())
        }),
        client_certificate: endpoint.client_identity.map(certificate_shown),
        catching_up: endpoint.catching_up,
        ordered: endpoint.ordered,
        coalesce: endpoint.coalesce,
        rate_limit: endpoint.rate_limit,
        state: match endpoint.state {
            store::EndpointState::Enabled => EndpointState::Enabled,
            store::EndpointState::Disabled => EndpointState::Disabled,
        },
        disabled_reason: endpoint.disabled_reason,
        disabled_at: endpoint.disabled_at,
        failing_since: endpoint.failing_since,
        contacts: endpoint.contacts,
        previous_secret_until: endpoint.previous_secret_until,
        created_at: endpoint.created_at,
        updated_at: endpoint.updated_at,
        last_24_hours: None,
        secret: None,
    })
}

/// With how each of them did in the last 24 hours, asked for all of them at once.
pub(super) async fn with_last_day(
    store: &Store,
    mut endpoints: Vec<Endpoint>,
    now: Timestamp,
) -> Result<Vec<Endpoint>, Problem> {
    let ids: Vec<_> = endpoints.iter().map(|endpoint| endpoint.id).collect();
    let mut days = store.endpoint_activity(&ids, now).await?;
    for endpoint in &mut endpoints {
        let hours = days.remove(&endpoint.id);
        let hours = hours.unwrap_or_else(|| vec![ActivityHour::default(); SHOWN_HOURS]);
        endpoint.last_24_hours = Some(EndpointDay {
            delivered: hours.iter().map(|hour| hour.delivered).sum(),
            failed: hours.iter().map(|hour| hour.failed).sum(),
            hours: hours
                .into_iter()
                .map(|hour| EndpointHour {
                    delivered: hour.delivered,
                    failed: hour.failed,
                })
                .collect(),
        });
    }
    Ok(endpoints)
}

fn certificate_shown(identity: EndpointIdentity) -> ClientCertificateShown {
    ClientCertificateShown {
        thumbprint: identity.thumbprint,
        expires_at: identity.expires_at,
    }
}

const fn format_of(format: store::EndpointFormat) -> EndpointFormat {
    match format {
        store::EndpointFormat::Standard => EndpointFormat::Standard,
        store::EndpointFormat::Set => EndpointFormat::Set,
        store::EndpointFormat::LogoutToken => EndpointFormat::LogoutToken,
        store::EndpointFormat::Signals => EndpointFormat::Signals,
    }
}
