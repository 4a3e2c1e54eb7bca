//! Forgetting verdicts that nobody can ask for any more.

use crate::Config;
use events::Timestamp;
use std::time::Duration;
use store::Store;
use telemetry::chain;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_mins(10);
/// Rows of one statement: short enough that nobody waits for it.
const PORTION: u32 = 5_000;

pub(crate) async fn run(config: Config, store: Store, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let before = Timestamp::now().minus(config.keep_verdicts);
        loop {
            match store.inbox().prune(before, PORTION).await {
                Ok(pruned) if pruned < u64::from(PORTION) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "old verdicts could not be removed");
                    break;
                }
            }
        }
    }
}
