//! The management API as a running program.

use crate::api::configure;
use crate::state::{Options, State};
use events::Timestamp;
use runtime::{Context, Shutdown};
use std::time::Duration;
use store::Store;
use webhooks::Guard;

/// How often answers kept for `Idempotency-Key` are looked through for old ones.
const PRUNING: Duration = Duration::from_secs(3_600);

impl State {
    /// The state for a running program.
    #[must_use]
    pub fn from_context(context: &Context) -> Self {
        let settings = &context.settings;
        let options = Options {
            public_url: context.public_url.to_string(),
            admin_key: settings.admin_key.clone(),
            partitions: settings.partitions.get(),
            guard: Guard::new(settings.webhook_allow_private),
        };
        Self::new(context.store.clone(), context.master_key.clone(), options)
    }

    /// Forgets old answers from time to time, until a soft stop.
    ///
    /// # Errors
    /// Never; the type is that of a part of a program.
    pub async fn run_background(self, shutdown: Shutdown) -> anyhow::Result<()> {
        while shutdown
            .soft
            .run_until_cancelled(tokio::time::sleep(PRUNING))
            .await
            .is_some()
        {
            prune(self.store()).await;
        }
        Ok(())
    }
}

/// Runs the management API as a service of its own.
///
/// # Errors
/// When the HTTP server fails.
pub async fn run(context: Context) -> anyhow::Result<()> {
    let state = State::from_context(&context);
    context.spawn(
        "idempotency keys",
        state.clone().run_background(context.shutdown.clone()),
    );
    context.serve(configure(state)).await?;
    Ok(())
}

async fn prune(store: &Store) {
    match store.drop_old_answers(Timestamp::now()).await {
        Ok(0) => {}
        Ok(count) => tracing::debug!(count, "forgot old answers to idempotent requests"),
        Err(error) => {
            tracing::warn!(error = %telemetry::chain(&error), "old answers to idempotent requests could not be forgotten");
        }
    }
}
