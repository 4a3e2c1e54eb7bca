//! `/sso-clients`: the apps that people log in to.

mod check;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod get;
pub(super) mod list;
pub(super) mod rotate_secret;
pub(super) mod update;
mod uris;

use crate::problem::Problem;
use api::{ApplicationType, ClientAuthentication, SsoClient};

/// An app as the API shows it, without its secret.
fn shown(client: store::SsoClient) -> Result<SsoClient, Problem> {
    let jwks = client.jwks.as_deref().map(serde_json::from_str).transpose();
    Ok(SsoClient {
        id: client.id,
        organization_id: client.organization_id,
        name: client.name,
        authentication: match client.authentication {
            store::ClientAuthentication::ClientSecret => ClientAuthentication::ClientSecret,
            store::ClientAuthentication::PrivateKeyJwt => ClientAuthentication::PrivateKeyJwt,
            store::ClientAuthentication::None => ClientAuthentication::None,
        },
        application_type: match client.application_type {
            store::ApplicationType::Web => ApplicationType::Web,
            store::ApplicationType::Native => ApplicationType::Native,
        },
        redirect_uris: client.redirect_uris,
        post_logout_redirect_uris: client.post_logout_redirect_uris,
        backchannel_logout_uri: client.backchannel_logout_uri,
        initiate_login_uri: client.initiate_login_uri,
        jwks: jwks.map_err(|error| Problem::internal(&error))?,
        created_at: client.created_at,
        updated_at: client.updated_at,
        client_secret: None,
    })
}

/// How an app proves itself, as it is stored.
const fn stored(authentication: ClientAuthentication) -> store::ClientAuthentication {
    match authentication {
        ClientAuthentication::ClientSecret => store::ClientAuthentication::ClientSecret,
        ClientAuthentication::PrivateKeyJwt => store::ClientAuthentication::PrivateKeyJwt,
        ClientAuthentication::None => store::ClientAuthentication::None,
    }
}

/// Where an app runs, as it is stored.
const fn stored_type(application_type: ApplicationType) -> store::ApplicationType {
    match application_type {
        ApplicationType::Web => store::ApplicationType::Web,
        ApplicationType::Native => store::ApplicationType::Native,
    }
}

/// 409 for the console itself, which is an app of single sign-on, too.
fn not_built_in(id: ::events::SsoClientId) -> Result<(), Problem> {
    if id == store::console_client() {
        let detail = "This is the console of this installation: its redirect URI follows the public URL. Close it to people with \
                      DELETE /connections/{id}/console-access.";
        return Err(Problem::new(crate::problem::ProblemKind::Conflict, detail));
    }
    Ok(())
}
