//! `/sso-clients/{id}/streams`: what apps hear of their people by Shared Signals. The apps make their streams themselves.

pub(super) mod delete;
pub(super) mod list;

use api::{SsoStream, StreamMethod, StreamStatus};
use directory::SIGNAL_URIS;

/// A stream as the API shows it.
fn shown(stream: store::SsfStream) -> SsoStream {
    let (status, reason) = stream.standing();
    let requested = &stream.events_requested;
    let delivered = requested.iter().filter(|uri| SIGNAL_URIS.contains(&uri.as_str()));
    SsoStream {
        id: stream.id,
        client_id: stream.client_id,
        method: match stream.method {
            store::StreamMethod::Push => StreamMethod::Push,
            store::StreamMethod::Poll => StreamMethod::Poll,
        },
        events_delivered: delivered.cloned().collect(),
        status: match status {
            store::StreamStatus::Enabled => StreamStatus::Enabled,
            store::StreamStatus::Paused => StreamStatus::Paused,
            store::StreamStatus::Disabled => StreamStatus::Disabled,
        },
        status_reason: reason.map(str::to_owned),
        url_origin: stream.endpoint.url.origin,
        description: stream.description,
        events_requested: stream.events_requested,
        created_at: stream.created_at,
        updated_at: stream.updated_at,
    }
}
