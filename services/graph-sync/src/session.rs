//! From what is stored of a pull to a session with Graph.

use crate::Inner;
use crate::error::Stop;
use events::{ConnectionId, Timestamp};
use graph::pull::PullFault;
use graph::{Cloud, Credential, Identity, Session, TenantSize};
use oidc::{AssertionForm, Certificate, SigningKey};
use store::{GraphCredential, GraphCredentialKind, GraphPull, SealedColumn, SealedGraphCredential};

/// A session with Graph for this pull, in a directory with so many people; and which credential it goes by.
pub(crate) async fn open(
    inner: &Inner,
    pull: &GraphPull,
    users: u64,
    now: Timestamp,
) -> Result<(Session, GraphCredential), Stop> {
    let fault = |code: &str, detail: &str| Stop::Fault(Box::new(PullFault::new(code, detail, now)));
    let unset = || {
        fault(
            "config_invalid",
            "Say which tenant and which application the directory is pulled by.",
        )
    };
    let tenant = pull.tenant_id.ok_or_else(unset)?;
    let client_id = pull.client_id.ok_or_else(unset)?;
    let unknown = || fault("config_invalid", "Choose the cloud that the tenant is in.");
    let cloud = Cloud::parse(&pull.cloud).ok_or_else(unknown)?;
    let credentials = inner.deps.store.graph_credentials(pull.directory_id);
    let missing = || {
        fault(
            "credential_missing",
            "Set a client secret, or upload the certificate and prove it.",
        )
    };
    let (stored, sealed) = credentials.active().await?.ok_or_else(missing)?;
    let unopened = || {
        let detail = "The stored credential cannot be opened with the master key of this installation. Set a new one.";
        fault("credential_unreadable", detail)
    };
    let credential = unsealed(inner, &stored, &sealed).ok_or_else(unopened)?;
    let identity = Identity {
        connection: ConnectionId::from(pull.directory_id.uuid()),
        tenant,
        client_id,
        endpoints: inner.clouds.endpoints(cloud),
        credential,
        size: TenantSize::of(users),
    };
    Ok((inner.graph.session(identity), stored))
}

/// Opens a credential for the time of a turn.
fn unsealed(inner: &Inner, stored: &GraphCredential, sealed: &SealedGraphCredential) -> Option<Credential> {
    let keys = &inner.deps.master_keys;
    match stored.kind {
        GraphCredentialKind::Secret => {
            let place = SealedColumn::GraphSecret.context(&stored.id);
            let secret = keys.open_text(sealed.secret.as_deref()?, &place).ok()?;
            Some(Credential::Secret(secret))
        }
        GraphCredentialKind::Certificate => {
            let place = SealedColumn::GraphPrivateKey.context(&stored.id);
            let plain = keys.open(sealed.private_key.as_deref()?, &place).ok()?;
            Some(Credential::Certificate {
                key: SigningKey::from_pkcs8(&plain).ok()?,
                certificate: Box::new(Certificate::from_der(stored.certificate.as_deref()?).ok()?),
                form: AssertionForm::parse(&stored.assertion_form).unwrap_or_default(),
            })
        }
    }
}
