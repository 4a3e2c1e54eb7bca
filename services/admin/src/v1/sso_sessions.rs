//! `/sso-sessions`: who is logged in to what.

pub(super) mod end;
pub(super) mod list;

use ::events::Timestamp;
use api::{LoginChannel, SessionEnd, SsoSession};
use store::{AdminTx, SessionFilter, StoreError};

/// Ends all sessions of a kind that are of directories of a lane, some at a time. Says how many those were. The change must
/// have been opened with the lane.
pub(super) async fn end_all(
    change: &AdminTx,
    lane: u16,
    of: SessionFilter,
    reason: store::SessionEnd,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let cause = telemetry::traceparent();
    let mut ended = 0;
    loop {
        let some = change.end_sso_sessions(lane, of, reason, cause.as_deref(), now).await?;
        if some.is_empty() {
            return Ok(ended);
        }
        ended += some.len();
    }
}

fn shown(session: &store::SsoSession, now: Timestamp) -> SsoSession {
    let begun = &session.begun;
    SsoSession {
        id: begun.id,
        connection_id: begun.connection_id,
        client_id: begun.client_id,
        organization_id: begun.organization_id,
        directory_id: begun.directory_id,
        user_id: begun.user_id,
        channel: match begun.channel {
            store::LoginChannel::App => LoginChannel::App,
            store::LoginChannel::Web => LoginChannel::Web,
        },
        is_live: session.is_live(now),
        created_at: begun.created_at,
        redeemed_at: session.redeemed_at,
        expires_at: begun.expires_at,
        ended_at: session.ended_at,
        end_reason: session.end_reason.map(reason),
    }
}

const fn reason(reason: store::SessionEnd) -> SessionEnd {
    match reason {
        store::SessionEnd::Logout => SessionEnd::Logout,
        store::SessionEnd::Deactivated => SessionEnd::Deactivated,
        store::SessionEnd::Deleted => SessionEnd::Deleted,
        store::SessionEnd::AccessLost => SessionEnd::AccessLost,
        store::SessionEnd::ConnectionPaused => SessionEnd::ConnectionPaused,
        store::SessionEnd::Reuse => SessionEnd::Reuse,
        store::SessionEnd::Revoked => SessionEnd::Revoked,
    }
}
