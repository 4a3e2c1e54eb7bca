//! A connection as the API shows it.

use super::provider::known;
use crate::problem::Problem;
use crate::state::State;
use api::{Connection, ConnectionCertificate, ConnectionCredential, ConnectionState, RedirectPlatform, RedirectUri};
use oidc::Certificate;

/// What everybody sees who may see it: it holds no secret.
pub(super) fn shown(state: &State, connection: store::Connection) -> Result<Connection, Problem> {
    let provider = known(&connection)?;
    let entered = || state.discovery().parse(&connection.authority).ok();
    let tenant_id = match &provider {
        Some(provider) => provider.tenant,
        None => entered().and_then(|authority| authority.tenant()),
    };
    let test_accounts = serde_json::from_str(&connection.test_accounts).map_err(|error| Problem::internal(&error))?;
    let below = |last: &str| format!("{}/sso/{}/{last}", state.public_url(), connection.slug);
    let last_test = connection.last_test.as_deref().map(serde_json::from_str).transpose();
    Ok(Connection {
        last_test: last_test.map_err(|error| Problem::internal(&error))?,
        redirect_uris: redirect_uris(state, &connection.slug),
        test_url: below("test"),
        start_url: below("start"),
        certificate: certificate_of(&connection)?.map(|certificate| certificate_shown(&certificate)),
        issuer: provider.map(|provider| provider.issuer),
        tenant_id,
        test_accounts,
        id: connection.id,
        organization_id: connection.organization_id,
        directory_id: connection.directory_id,
        name: connection.name,
        state: state_of(connection.state),
        authority: connection.authority,
        expected_issuer: connection.expected_issuer,
        client_id: connection.client_id,
        user_name_claim: connection.user_name_claim,
        credential: credential_of(connection.credential),
        has_client_secret: connection.credential == store::ConnectionCredential::ClientSecret,
        credential_expires_at: connection.credential_expires_at,
        allows_guests: connection.allows_guests,
        last_error: connection.last_error,
        failing_since: connection.failing_since,
        tested_at: connection.tested_at,
        created_at: connection.created_at,
        updated_at: connection.updated_at,
    })
}

/// The certificate of a connection's key, if it has one.
///
/// # Errors
/// When what is stored is none.
pub(super) fn certificate_of(connection: &store::Connection) -> Result<Option<Certificate>, Problem> {
    let read = connection.certificate.as_deref().map(Certificate::from_der).transpose();
    read.map_err(|error| Problem::internal(&error))
}

fn certificate_shown(certificate: &Certificate) -> ConnectionCertificate {
    ConnectionCertificate {
        thumbprint_sha1: certificate.sha1_thumbprint(),
        thumbprint_sha256: certificate.sha256_thumbprint(),
        not_after: certificate.not_after(),
        pem: certificate.pem(),
    }
}

/// First the one for public clients, then the one for web apps: the order in which guides have them entered.
fn redirect_uris(state: &State, slug: &str) -> Vec<RedirectUri> {
    let below = |last: &str| format!("{}/sso/{slug}/oauth2/{last}", state.public_url());
    vec![
        RedirectUri {
            uri: below("native"),
            platform: RedirectPlatform::MobileAndDesktop,
            entra_name: "Mobile and desktop applications".to_owned(),
        },
        RedirectUri {
            uri: below("authresp"),
            platform: RedirectPlatform::Web,
            entra_name: "Web".to_owned(),
        },
    ]
}

const fn state_of(state: store::ConnectionState) -> ConnectionState {
    match state {
        store::ConnectionState::Draft => ConnectionState::Draft,
        store::ConnectionState::Tested => ConnectionState::Tested,
        store::ConnectionState::Active => ConnectionState::Active,
        store::ConnectionState::Failing => ConnectionState::Failing,
        store::ConnectionState::Paused => ConnectionState::Paused,
    }
}

const fn credential_of(credential: store::ConnectionCredential) -> ConnectionCredential {
    match credential {
        store::ConnectionCredential::None => ConnectionCredential::None,
        store::ConnectionCredential::ClientSecret => ConnectionCredential::ClientSecret,
        store::ConnectionCredential::PrivateKeyJwt => ConnectionCredential::PrivateKeyJwt,
    }
}
