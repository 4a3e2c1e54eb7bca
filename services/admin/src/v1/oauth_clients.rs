//! `/directories/{id}/oauth-clients`: ids and secrets that identity providers exchange for short-lived access tokens.

pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;

use crate::state::State;
use api::PlainSecret;
use serde_json::{Value, json};
use store::{Directory, OauthClient};

/// A client as the API shows it: its secret only in the answer to the request that made it.
fn shown(state: &State, client: OauthClient, secret: Option<PlainSecret>) -> api::OauthClient {
    api::OauthClient {
        client_id: client.id,
        client_secret: secret,
        token_url: format!("{}/oauth/token", state.scim_url(client.directory_id)),
        name: client.name,
        expires_at: client.expires_at,
        last_used_at: client.last_used_at,
        created_at: client.created_at,
    }
}

/// The data of an event about a client: that of a key, so that readers of the log need to know one form.
fn about(directory: &Directory, client: &OauthClient) -> Value {
    json!({
        "directory": { "id": directory.id, "name": directory.name },
        "key": {
            "id": client.id,
            "name": client.name,
            "description": null,
            "kind": "oauth_client",
            "expires_at": client.expires_at,
            "created_at": client.created_at,
        },
    })
}
