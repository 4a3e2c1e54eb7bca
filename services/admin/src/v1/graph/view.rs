//! A pull as the API shows it. It holds no secret.

use super::map::{cloud_shown, guests_shown, names, scope_shown, shown as rows_shown};
use super::stored;
use crate::problem::Problem;
use crate::state::State;
use ::graph::pull::PullFault;
use api::{
    GraphAttributeMap, GraphCertificate, GraphCredential, GraphCredentialKind, GraphCredentialState, GraphFault,
    GraphMode, GraphPull, GraphState,
};
use oidc::Certificate;
use store::{GraphPullMode, GraphPullState};

/// What everybody sees who may see it.
pub(super) fn shown(
    state: &State,
    pull: &store::GraphPull,
    credentials: &[store::GraphCredential],
) -> Result<GraphPull, Problem> {
    let settings = stored::settings(pull)?;
    let interval = settings.interval().as_secs();
    Ok(GraphPull {
        directory_id: pull.directory_id,
        organization_id: pull.organization_id,
        state: state_of(pull.state),
        mode: mode_of(pull.mode),
        cloud: cloud_shown(stored::cloud(pull)?),
        tenant_id: pull.tenant_id,
        client_id: pull.client_id,
        scope: scope_shown(settings.scope),
        groups: settings.groups.iter().map(|group| group.uuid()).collect(),
        nested: settings.nested,
        guests: guests_shown(settings.guests),
        interval_seconds: u32::try_from(interval).unwrap_or(u32::MAX),
        attribute_map: GraphAttributeMap {
            is_usual: settings.user_map.is_none() && settings.group_map.is_none(),
            users: rows_shown(settings.user_rows()),
            groups: rows_shown(settings.group_rows()),
        },
        permissions: names(settings.permissions()),
        test_accounts: settings.test_accounts,
        consent_redirect_uri: super::consent::redirect_uri(state),
        credentials: credentials.iter().map(credential).collect::<Result<_, _>>()?,
        created_at: pull.created_at,
        updated_at: pull.updated_at,
    })
}

/// A credential without its secret.
pub(super) fn credential(credential: &store::GraphCredential) -> Result<GraphCredential, Problem> {
    Ok(GraphCredential {
        id: credential.id,
        kind: match credential.kind {
            store::GraphCredentialKind::Certificate => GraphCredentialKind::Certificate,
            store::GraphCredentialKind::Secret => GraphCredentialKind::Secret,
        },
        state: match credential.state {
            store::GraphCredentialState::Pending => GraphCredentialState::Pending,
            store::GraphCredentialState::Active => GraphCredentialState::Active,
            store::GraphCredentialState::Retiring => GraphCredentialState::Retiring,
        },
        hint: credential.hint.clone(),
        certificate: certificate_of(credential)?.map(|certificate| certificate_shown(credential, &certificate)),
        expires_at: credential.expires_at,
        created_at: credential.created_at,
        proved_at: credential.proved_at,
        retires_at: credential.retires_at,
    })
}

/// The certificate of a credential; `None` for a secret.
///
/// # Errors
/// 500 when what is stored is none.
pub(super) fn certificate_of(credential: &store::GraphCredential) -> Result<Option<Certificate>, Problem> {
    let read = credential.certificate.as_deref().map(Certificate::from_der).transpose();
    read.map_err(|error| Problem::internal(&error))
}

pub(super) fn certificate_shown(credential: &store::GraphCredential, certificate: &Certificate) -> GraphCertificate {
    GraphCertificate {
        credential_id: credential.id,
        thumbprint_sha1: certificate.sha1_thumbprint(),
        thumbprint_sha256: certificate.sha256_thumbprint(),
        not_after: certificate.not_after(),
        pem: certificate.pem(),
    }
}

pub(super) fn fault(fault: PullFault) -> GraphFault {
    GraphFault {
        missing: names(&fault.missing),
        code: fault.code,
        detail: fault.detail,
        at: fault.at,
        aadsts: fault.aadsts,
        trace_id: fault.trace_id,
        correlation_id: fault.correlation_id,
        request_id: fault.request_id,
        would_go: fault.would_go,
        known: fault.known,
    }
}

pub(super) const fn state_of(state: GraphPullState) -> GraphState {
    match state {
        GraphPullState::Draft => GraphState::Draft,
        GraphPullState::Active => GraphState::Active,
        GraphPullState::Paused => GraphState::Paused,
        GraphPullState::Failing => GraphState::Failing,
        GraphPullState::Held => GraphState::Held,
    }
}

pub(super) const fn mode_of(mode: GraphPullMode) -> GraphMode {
    match mode {
        GraphPullMode::Pull => GraphMode::Pull,
        GraphPullMode::Compare => GraphMode::Compare,
    }
}

pub(super) const fn mode(mode: GraphMode) -> GraphPullMode {
    match mode {
        GraphMode::Pull => GraphPullMode::Pull,
        GraphMode::Compare => GraphPullMode::Compare,
    }
}
