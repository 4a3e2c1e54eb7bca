//! What only this service can say of the members of an app.

use super::uris::fault;
use crate::body::Body;
use crate::context::AdminContext;
use api::ClientAuthentication;
use oidc::PublicKeys;
use serde_json::Value;

/// Checks what `POST` and `PATCH` have in common; faults stay with the body. How the app proves itself, if that is known.
pub(super) fn check<T: api::Body>(
    context: &AdminContext,
    body: &mut Body<T>,
    authentication: Option<ClientAuthentication>,
) {
    for name in ["redirect_uris", "post_logout_redirect_uris"] {
        uris(body, name, authentication);
    }
    if let Some(text) = body.sound::<String>("backchannel_logout_uri")
        && let Err(refused) = context.guard().check(text.trim())
    {
        body.fault("/backchannel_logout_uri", format!("Not accepted: {refused}."));
    }
    // It is opened in a browser, which this service knows nothing of; the scheme is as of an app with a server.
    if let Some(text) = body.sound::<String>("initiate_login_uri")
        && let Some(detail) = fault(text.trim(), Some(ClientAuthentication::ClientSecret))
    {
        body.fault("/initiate_login_uri", detail);
    }
    jwks(body, authentication);
}

fn uris<T: api::Body>(body: &mut Body<T>, name: &str, authentication: Option<ClientAuthentication>) {
    let uris: Vec<String> = body.sound(name).unwrap_or_default();
    for (index, uri) in uris.iter().enumerate() {
        let is_repeated = uris.iter().take(index).any(|other| other == uri);
        let detail = fault(uri, authentication).or_else(|| is_repeated.then_some("Given twice."));
        if let Some(detail) = detail {
            body.fault(&format!("/{name}/{index}"), detail);
        }
    }
}

fn jwks<T: api::Body>(body: &mut Body<T>, authentication: Option<ClientAuthentication>) {
    let is_by_key = authentication == Some(ClientAuthentication::PrivateKeyJwt);
    match body.sound::<Value>("jwks") {
        Some(_) if !is_by_key && authentication.is_some() => {
            body.fault(
                "/jwks",
                "Only an app with \"authentication\": \"private_key_jwt\" has keys.",
            );
        }
        Some(keys) => {
            if let Err(error) = PublicKeys::read(keys.to_string().as_bytes()) {
                body.fault("/jwks", format!("Not accepted: {error}."));
            }
        }
        None => {}
    }
}
