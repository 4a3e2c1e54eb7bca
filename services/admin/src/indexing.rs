//! Users written again for search after a change of schemas: in portions, so that no lane waits long.
//!
//! What is left to do stands in the settings of the directory; any process of the management API that finds it
//! goes on there, also after a crash, and two that do so at the same time do no harm.

use crate::state::State;
use events::DirectoryId;
use std::time::Duration;
use telemetry::chain;

/// How often directories are looked through for what another process began and did not end.
const SEARCH_INTERVAL: Duration = Duration::from_secs(60);
/// What the ingress knows of a directory may be a second old: until it knows that an extension is being indexed, no row
/// may follow the new schema that it does not know either.
const INGRESS_CATCHES_UP: Duration = Duration::from_secs(2);
/// Between portions, so that commands that wait for the lane get their turn.
const PAUSE_BETWEEN_PORTIONS: Duration = Duration::from_millis(20);

/// For ever.
pub(crate) async fn run(state: State) {
    loop {
        match state.store().indexing().await {
            Ok(directories) if directories.is_empty() => {}
            Ok(directories) => {
                tokio::time::sleep(INGRESS_CATCHES_UP).await;
                for directory in directories {
                    index(&state, directory).await;
                }
            }
            Err(error) => {
                tracing::warn!(error = %chain(&error), "directories to be indexed could not be looked for");
            }
        }
        // Until the first of the two.
        let _ = tokio::time::timeout(SEARCH_INTERVAL, state.must_index()).await;
    }
}

async fn index(state: &State, directory: DirectoryId) {
    let lane = state.lane(directory);
    loop {
        match state.store().index_portion(directory, lane).await {
            Ok(true) => tokio::time::sleep(PAUSE_BETWEEN_PORTIONS).await,
            Ok(false) => {
                tracing::info!(directory.id = %directory, "users are searched by the new schemas");
                return;
            }
            Err(error) => {
                tracing::warn!(directory.id = %directory, error = %chain(&error), "indexing is put off");
                return;
            }
        }
    }
}
