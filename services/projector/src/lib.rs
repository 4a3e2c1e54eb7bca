//! The projector: the only writer of users and groups.
//!
//! It takes the lifecycle commands of its lanes in order, many at a time, applies them in memory on rows loaded in bulk,
//! and commits state, event log and verdicts of the whole batch in one transaction ([`commit`]). Only then it answers,
//! publishes the events ([`relay`]) and acknowledges the commands ([`work`] is the loop).

mod apart;
mod apply;
mod brake;
mod command;
mod commit;
mod config;
mod deps;
mod desk;
mod housekeeping;
mod outbox;
pub mod rebuild;
mod relay;
mod rounds;
mod spans;
mod stages;
pub mod verify;
mod work;

pub use config::Config;
pub use deps::Deps;
pub use housekeeping::cut;

use runtime::{Context, Service, Shutdown};

/// The projector, ready to run.
#[derive(Debug)]
pub struct Projector {
    config: Config,
    deps: Deps,
}

impl Service for Projector {
    type Config = Config;
    type Deps = Deps;

    fn bind(config: Config, deps: Deps) -> anyhow::Result<Self> {
        Ok(Self { config, deps })
    }

    /// Runs until a soft stop: takes no more commands, finishes the batch at hand, publishes its events, acknowledges.
    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { config, deps } = self;
        let lanes: Vec<u16> = (0..deps.bus.partitions()).collect();
        let consumer = deps.bus.commands(lanes.clone());
        let (relay, committed) = relay::Relay::new(&config, &deps, lanes);
        let hard = shutdown.hard.clone();
        let relay = tokio::spawn(async move { hard.run_until_cancelled(relay.run()).await });
        let keeper = tokio::spawn(housekeeping::run(
            config.clone(),
            deps.store.clone(),
            shutdown.soft.clone(),
        ));
        let consumer = work::Worker::new(config, deps, consumer, committed).run(shutdown).await;
        // The worker is gone, and with it the sending half of the relay's channel: it finishes what it holds.
        relay.await?;
        drop(consumer);
        keeper.await?;
        Ok(())
    }
}

/// Runs the projector as a program of its own.
///
/// # Errors
/// When a part of it died.
pub async fn run(context: Context) -> anyhow::Result<()> {
    let projector: Projector = context.bind()?;
    context.spawn("projector", projector.run(context.shutdown.clone()));
    context.serve_probes().await?;
    Ok(())
}
