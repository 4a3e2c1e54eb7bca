//! `/connections/{id}/console-access`: who of the people of a connection may enter the console.
//!
//! It is like an admin key for each of them, so the same rule holds: nobody gives more than they have. And whoever could lead
//! the connection to an identity provider of their own could enter in anybody's name: so what says who somebody is can be
//! changed only by those who could give the same.

pub(in crate::v1) mod delete;
pub(in crate::v1) mod get;
pub(in crate::v1) mod set;

use crate::access::{missing_scope, not_for_one_organization};
use crate::principal::{Principal, shown as shown_scope};
use crate::problem::{Problem, ProblemKind};
use crate::state::State;
use ::events::ConnectionId;
use api::{ConnectionPatch, ConsoleAccess, ConsoleReach, Scope};
use store::AdminTx;

/// As the API shows it.
fn shown(state: &State, access: store::ConsoleAccess, slug: &str) -> ConsoleAccess {
    ConsoleAccess {
        connection_id: access.connection_id,
        roles: access.roles,
        user_ids: access.user_ids,
        scopes: access.scopes.into_iter().map(shown_scope).collect(),
        reach: match access.covers_all {
            true => ConsoleReach::Installation,
            false => ConsoleReach::Organization,
        },
        login_url: format!("{}/console/login?with={slug}", state.public_url()),
        created_at: access.created_at,
        updated_at: access.updated_at,
    }
}

/// 404: nobody may.
fn closed(id: &str) -> Problem {
    let detail = format!("Nobody may enter the console by the connection \"{id}\". PUT says who may.");
    Problem::new(ProblemKind::NotFound, detail)
}

/// That a caller may give so much: the scopes, and as far as they reach.
fn check_grant(principal: &Principal, scopes: &[Scope], covers_all: bool) -> Result<(), Problem> {
    if covers_all && principal.organization.is_some() {
        return Err(not_for_one_organization());
    }
    match scopes.iter().find(|scope| !principal.has(**scope)) {
        Some(lacking) => Err(missing_scope(principal, *lacking)),
        None => Ok(()),
    }
}

/// That a caller may change what says who the people of a connection are: everybody may, unless some of them may enter the
/// console; then only who could give them as much.
///
/// # Errors
/// 403; otherwise as any query.
pub(super) async fn check_identity(change: &AdminTx, principal: &Principal, id: ConnectionId) -> Result<(), Problem> {
    let Some(access) = change.console_access(id).await? else {
        return Ok(());
    };
    let scopes: Vec<Scope> = access.scopes.into_iter().map(shown_scope).collect();
    if principal.has(Scope::Admin) && check_grant(principal, &scopes, access.covers_all).is_ok() {
        return Ok(());
    }
    let detail = "People log in to the console by this connection. What says who they are (authority, client_id, \
                  expected_issuer, user_name_claim, allows_guests, and who is bound to whom) can be changed only with a key that \
                  has the scope \"admin\" and may do all that they may. Or have somebody with such a key close the console to \
                  them: DELETE …/console-access.";
    Err(Problem::new(ProblemKind::Forbidden, detail))
}

/// Whether a change is about what says who people are.
pub(super) const fn is_about_identity(patch: &ConnectionPatch) -> bool {
    patch.authority.is_some()
        || patch.client_id.is_some()
        || patch.expected_issuer.is_some()
        || patch.user_name_claim.is_some()
        || patch.allows_guests.is_some()
}
