//! The management API as a running program.

use crate::indexing;
use crate::state::{Options, State};
use crate::v1::configure;
use events::Timestamp;
use runtime::{Context, Shutdown};
use std::time::Duration;
use store::{Store, StoreError};
use webhooks::{Guard, Rules};

/// How often answers kept for `Idempotency-Key` are looked through for old ones.
const PRUNING: Duration = Duration::from_secs(3_600);
/// How often is looked for erasures that a request did not finish, or that are due for the second time.
const ERASING: Duration = Duration::from_secs(60);
/// Erasures worked on in one go.
const MOST_ERASURES: u32 = 100;

impl State {
    /// The state for a running program.
    #[must_use]
    pub fn from_context(context: &Context) -> Self {
        let settings = &context.settings;
        let options = Options {
            public_url: context.public_url.to_string(),
            admin_key: settings.admin_key.clone(),
            partitions: settings.partitions.get(),
            guard: Guard::new(Rules {
                allow_http: settings.webhook_allow_private,
                allow_private: settings.webhook_allow_private,
                allow: settings.webhook_allow_cidrs.clone(),
                ports: settings.webhook_ports.clone(),
            }),
            bus: context.bus.clone(),
        };
        Self::new(context.store.clone(), context.master_key.clone(), options)
    }

    /// Forgets old answers and goes on with erasures from time to time, and writes users anew for search where schemas
    /// changed, until a soft stop; then ends the streams.
    ///
    /// # Errors
    /// Never; the type is that of a part of a program.
    pub async fn run_background(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let indexing = shutdown.soft.run_until_cancelled(indexing::run(self.clone()));
        tokio::join!(indexing, self.forget(&shutdown));
        // Else the server would wait for readers that never leave by themselves.
        self.streams().close();
        Ok(())
    }

    async fn forget(&self, shutdown: &Shutdown) {
        let (mut pruning, mut erasing) = (tokio::time::interval(PRUNING), tokio::time::interval(ERASING));
        pruning.tick().await;
        loop {
            tokio::select! {
                () = shutdown.soft.cancelled() => break,
                _ = pruning.tick() => prune(self.store()).await,
                _ = erasing.tick() => erase(self.store(), shutdown).await,
            }
        }
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

/// Takes erasures that are due to the end of their pass, one bounded step after the other.
async fn erase(store: &Store, shutdown: &Shutdown) {
    let erasures = store.erasures();
    let now = Timestamp::now();
    let work = async {
        for erasure in erasures.due(now, MOST_ERASURES).await? {
            while !shutdown.soft.is_cancelled() && !erasures.step(erasure, now).await? {}
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = work.await {
        tracing::warn!(error = %telemetry::chain(&error), "erasures are not finished and will be tried again");
    }
}
