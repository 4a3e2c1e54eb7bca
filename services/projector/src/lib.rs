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

pub use housekeeping::cut;

use bus::Bus;
use runtime::{Context, Shutdown};
use scim::Limits;
use std::time::Duration;
use store::Store;

/// How the projector works.
#[derive(Clone, Debug)]
pub struct Config {
    /// The most commands in one transaction.
    pub max_batch: usize,
    /// What the commands in one transaction weigh together, at most ([`directory::weight`]); a heavier one stands alone.
    pub max_weight: u64,
    /// The most time that the transaction of a batch may take: others wait for it.
    pub budget: Duration,
    /// The most time that a command may take that goes apart, where nobody of another directory waits for it. Less than
    /// its sender waits.
    pub apart_budget: Duration,
    /// How long a batch waits for more commands when it is much smaller than usual.
    pub linger: Duration,
    /// The most commands that are taken from the bus and wait for their directory's turn in a batch.
    pub window: usize,
    /// How much one resource may hold.
    pub limits: Limits,
    /// How long verdicts are kept for commands that are delivered again.
    pub keep_verdicts: Duration,
    /// How long events are kept; `None` for ever. What older ones leave stays as the base of the log.
    pub keep_events: Option<Duration>,
    /// How often what is old is looked for.
    pub housekeeping: Duration,
    /// How often the log is searched for events that are not on the bus yet.
    pub sweep: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_batch: 128,
            max_weight: 1 << 20,
            budget: Duration::from_secs(2),
            apart_budget: Duration::from_secs(6),
            linger: Duration::from_millis(2),
            window: 1_024,
            limits: Limits::default(),
            keep_verdicts: Duration::from_hours(24),
            keep_events: None,
            housekeeping: Duration::from_mins(10),
            sweep: Duration::from_secs(1),
        }
    }
}

impl Config {
    /// As the settings of the program say.
    #[must_use]
    pub fn new(settings: &runtime::Settings) -> Self {
        Self {
            keep_events: settings.event_retention,
            limits: settings.limits(),
            ..Self::default()
        }
    }
}

/// What the projector works with.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// The bus.
    pub bus: Bus,
    /// Who this process is, in the lanes table.
    pub instance: String,
}

/// Runs the projector as a service of its own.
///
/// # Errors
/// When a part of it died.
pub async fn run(context: Context) -> anyhow::Result<()> {
    let deps = Deps {
        store: context.store.clone(),
        bus: context.bus.clone(),
        instance: context.instance.to_string(),
    };
    context.spawn(
        "projector",
        work(Config::new(&context.settings), deps, context.shutdown.clone()),
    );
    context.serve_probes().await?;
    Ok(())
}

/// Runs until a soft stop: takes no more commands, finishes the batch at hand, publishes its events, acknowledges.
///
/// # Errors
/// When a part of it died; the process should then stop.
pub async fn work(config: Config, deps: Deps, shutdown: Shutdown) -> anyhow::Result<()> {
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
