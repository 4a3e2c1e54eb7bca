//! What a person may do in the console now: asked on each request, of the session at single sign-on, of the connection, of who
//! may enter by it, and of the directory.

use super::begin::is_open;
use crate::api::{Api, LocalApi};
use crate::fault::Fault;
use crate::session::shown;
use crate::state::State;
use api::{Caller, CallerIdentity, Scope, User, UserState};
use events::Timestamp;
use std::net::IpAddr;
use store::{LoginChannel, SessionEnd, SsoSession};

/// What the role of a person must include.
const GRANT: &str = "web";

/// Somebody who is or was in the console.
pub(crate) struct Standing {
    /// What they are called.
    pub(crate) name: String,
    /// What they may do, or why they may enter no more.
    pub(crate) caller: Result<Caller, SessionEnd>,
}

/// How the person of a session stands now. Whether the session itself goes on is asked before.
///
/// # Errors
/// As the management API and the store.
pub(crate) async fn standing(
    state: &State,
    local: &LocalApi,
    session: &SsoSession,
    peer: Option<IpAddr>,
) -> Result<Standing, Fault> {
    let begun = &session.begun;
    let of = |scopes: Vec<Scope>, organization, name: &str| Caller {
        identity: CallerIdentity::Person(begun.user_id),
        name: name.to_owned(),
        scopes,
        organization,
        directory: None,
    };
    let itself = of(vec![Scope::Read], Some(begun.organization_id), "");
    let api = Api::new(local.clone(), itself, peer);
    let path = format!("/directories/{}/users/{}", begun.directory_id, begun.user_id);
    let user: Option<User> = api.find(&path).await?;
    let Some(user) = user else {
        let name = String::new();
        return Ok(Standing {
            name,
            caller: Err(SessionEnd::Deleted),
        });
    };
    let name = user.display_name.clone().unwrap_or_else(|| user.user_name.clone());
    let connection = state.store().connections().by_id(begun.connection_id).await?;
    let access = state.store().console_access().of(begun.connection_id).await?;
    let caller = match access {
        _ if !connection.as_ref().is_some_and(is_open) => Err(SessionEnd::ConnectionPaused),
        _ if user.state != UserState::Active => Err(SessionEnd::Deactivated),
        Some(access)
            if access.admits(begun.user_id, user.role.as_deref())
                && user.grants.iter().any(|grant| grant == GRANT)
                && begun.channel == LoginChannel::Web =>
        {
            let organization = (!access.covers_all).then_some(begun.organization_id);
            let scopes = access.scopes.into_iter().map(shown).collect();
            Ok(of(scopes, organization, &name))
        }
        _ => Err(SessionEnd::AccessLost),
    };
    Ok(Standing { name, caller })
}

/// Whether a session of single sign-on is one of the console that goes on.
pub(crate) fn is_live(session: &SsoSession, now: Timestamp) -> bool {
    session.is_live(now) && session.redeemed_at.is_some() && session.begun.client_id == store::console_client()
}
