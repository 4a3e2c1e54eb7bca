//! The way to admin consent and back.

use super::stored;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::state::State;
use ::graph::consent::{ConsentState, ConsentedFrom, consent_link};
use api::CallerIdentity;
use std::time::Duration;
use store::GraphPull;
use url::Url;

/// How long a link is good: administrators are asked by mail.
const GOOD_FOR: Duration = Duration::from_hours(24);

/// Where Microsoft Entra ID sends the administrator back to.
pub(super) fn redirect_uri(state: &State) -> String {
    format!("{}/graph/consent", state.public_url())
}

/// Where an administrator consents; `None` before tenant and application are known.
///
/// # Errors
/// 500 for what is stored and cannot be read.
pub(super) fn link(context: &AdminContext, pull: &GraphPull) -> Result<Option<String>, Problem> {
    let (Some(tenant), Some(client_id)) = (pull.tenant_id, pull.client_id) else {
        return Ok(None);
    };
    let endpoints = context.graph().endpoints(stored::cloud(pull)?);
    let state = ConsentState {
        directory: pull.directory_id,
        tenant,
        from: match context.principal.identity {
            CallerIdentity::PortalLink(_) => ConsentedFrom::Setup,
            CallerIdentity::AdminKey(_) | CallerIdentity::Configured | CallerIdentity::Person(_) => {
                ConsentedFrom::Console
            }
        },
        expires_at: context.now.plus(GOOD_FOR),
    };
    let state = state.seal(context.master_keys());
    let state = state.map_err(|error| Problem::internal(&error))?;
    let back = Url::parse(&redirect_uri(context)).map_err(|error| Problem::internal(&error))?;
    Ok(Some(consent_link(&endpoints, tenant, client_id, &back, &state)))
}
