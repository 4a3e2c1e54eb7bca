//! What of an endpoint is kept encrypted: its URL, its headers, its client certificate and its secret.

use crate::context::AdminContext;
use crate::problem::Problem;
use crate::state::State;
use ::events::{EndpointId, Timestamp};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::time::Duration;
use store::{AdminTx, Endpoint, EndpointIdentity, EndpointUrl, KeptUrl, NewEndpointSecret};
use webhooks::{ClientIdentity, Secret, Signing};

/// How long requests are signed with the previous secret too.
const PREVIOUS_SECRET_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Headers as they are sealed: names and values.
pub(super) type Headers = BTreeMap<String, String>;

pub(super) fn seal_url(state: &State, id: EndpointId, url: &str) -> EndpointUrl {
    let sealed = state.master_keys().seal(url.as_bytes(), &Endpoint::url_context(id));
    EndpointUrl::sealed(url, sealed)
}

pub(super) fn open_url(state: &State, endpoint: &Endpoint) -> Result<String, Problem> {
    match &endpoint.url.kept {
        KeptUrl::Plain(url) => Ok(url.clone()),
        KeptUrl::Sealed(sealed) => state
            .master_keys()
            .open_text(sealed, &Endpoint::url_context(endpoint.id))
            .map(|url| url.expose_secret().to_owned())
            .map_err(|error| Problem::internal(&error)),
    }
}

pub(super) fn seal_headers(state: &State, id: EndpointId, headers: &Headers) -> Result<Option<Vec<u8>>, Problem> {
    if headers.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(headers).map_err(|error| Problem::internal(&error))?;
    Ok(Some(state.master_keys().seal(&text, &Endpoint::headers_context(id))))
}

pub(super) fn header_names(state: &State, endpoint: &Endpoint) -> Result<Vec<String>, Problem> {
    let Some(sealed) = &endpoint.sealed_headers else {
        return Ok(Vec::new());
    };
    let context = Endpoint::headers_context(endpoint.id);
    let text = state
        .master_keys()
        .open_text(sealed, &context)
        .map_err(|error| Problem::internal(&error))?;
    let headers: Headers = serde_json::from_str(text.expose_secret()).map_err(|error| Problem::internal(&error))?;
    Ok(headers.into_keys().collect())
}

pub(super) fn seal_identity(state: &State, id: EndpointId, identity: &ClientIdentity) -> EndpointIdentity {
    let context = Endpoint::identity_context(id);
    EndpointIdentity {
        sealed: state.master_keys().seal(identity.expose().as_bytes(), &context),
        thumbprint: identity.thumbprint().to_owned(),
        expires_at: Timestamp::from_millis(identity.not_after().saturating_mul(1000)),
    }
}

pub(super) fn mint_secret(signing: Signing) -> Result<Secret, Problem> {
    Secret::of_kind(signing).map_err(|error| Problem::internal(&error))
}

pub(super) fn seal_secret(state: &State, id: EndpointId, secret: &Secret) -> Vec<u8> {
    state
        .master_keys()
        .seal(secret.expose().as_bytes(), &Endpoint::secret_context(id))
}

/// Gives an endpoint a new secret, and the time until which the one before it signs too.
pub(super) async fn rotate(
    context: &AdminContext,
    change: &AdminTx,
    id: EndpointId,
    signing: Signing,
) -> Result<(Secret, Timestamp), Problem> {
    let secret = mint_secret(signing)?;
    let new = NewEndpointSecret {
        sealed: seal_secret(context, id, &secret),
        signing: signing.as_str(),
        public_key: secret.public_key().map(|key| key.to_string()),
        previous_until: context.now.plus(PREVIOUS_SECRET_TIME),
    };
    change.rotate_endpoint_secret(id, &new, context.now).await?;
    Ok((secret, new.previous_until))
}
