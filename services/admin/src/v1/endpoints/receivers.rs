//! `/test-receivers`: receivers of Rollcall's own, to see what an app would get.

pub(in crate::v1) mod create;
pub(in crate::v1) mod delete;
pub(in crate::v1) mod get;
pub(in crate::v1) mod list;

use api::TestReceiver;
use store::Endpoint;

/// A receiver as the API shows it, without its URL.
fn shown(receiver: &store::TestReceiver, endpoint: &Endpoint) -> TestReceiver {
    TestReceiver {
        id: receiver.endpoint_id,
        description: endpoint.description.clone(),
        created_at: receiver.created_at,
        url: None,
    }
}
