//! `/connections`: the identity providers that people prove themselves to.

mod apply;
pub(super) mod bindings;
pub(super) mod certificate;
pub(super) mod check;
pub(super) mod client_secret;
pub(super) mod console_access;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod get;
pub(super) mod key;
pub(super) mod list;
mod provider;
mod slug;
pub(super) mod update;
mod view;

use crate::audit::Act;
use ::events::{ConnectionId, Timestamp};
use api::Connection;
use store::{AdminTx, SealedColumn, SessionEnd, SessionFilter, StoreError};

/// Logs out everybody who came by a connection that nobody comes by any more. Says how many sessions that were.
async fn log_everybody_out(change: &AdminTx, lane: u16, id: ConnectionId, now: Timestamp) -> Result<usize, StoreError> {
    let of = SessionFilter::Connection(id);
    super::sso_sessions::end_all(change, lane, of, SessionEnd::ConnectionPaused, now).await
}

/// The act with whom it is about.
fn about(act: Act, connection: &Connection) -> Act {
    act.about(Some(connection.organization_id), Some(connection.directory_id))
}

/// Where the client secret of a connection is sealed for.
fn secret_context(id: ConnectionId) -> String {
    SealedColumn::ConnectionClientSecret.context(&id)
}
