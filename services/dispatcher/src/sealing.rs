//! URLs that an earlier version left as plain text are sealed when a dispatcher starts: a migration cannot do it, since only
//! the programs have the key, and the dispatcher is who reads them. Until that is done both forms are understood.

use events::EndpointId;
use runtime::Backoff;
use secrets::MasterKeys;
use std::time::Duration;
use store::{Endpoint, Store};
use tokio_util::sync::CancellationToken;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Portion after portion, however often the database is away meanwhile; ends when there is nothing left, or at the stop. A
/// dispatcher that starts over goes on with what is left.
pub(crate) async fn run(store: Store, master_keys: MasterKeys, soft: CancellationToken) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let endpoints = store.endpoints();
    let mut after = None;
    loop {
        let portion = endpoints.seal_urls(after, |id, url, secret| seal(&master_keys, id, url, secret));
        let pause = match soft.run_until_cancelled(portion).await {
            None | Some(Ok(None)) => return,
            Some(Ok(next)) => {
                after = next;
                continue;
            }
            Some(Err(error)) => {
                tracing::warn!(error = %telemetry::chain(&error), "URLs of endpoints are sealed later");
                backoff.pause()
            }
        };
        if soft.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Only with the key that the endpoint's secret was sealed with: with another one nobody could open it any more.
fn seal(master_keys: &MasterKeys, id: EndpointId, url: &str, secret: &[u8]) -> Option<Vec<u8>> {
    if master_keys.open(secret, &Endpoint::secret_context(id)).is_err() {
        tracing::warn!(endpoint.id = %id, "the URL of an endpoint is not sealed: its secret is of another master key");
        return None;
    }
    Some(master_keys.seal(url.as_bytes(), &Endpoint::url_context(id)))
}
