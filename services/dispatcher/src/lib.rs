//! The dispatcher: turns each lifecycle event into one delivery for each subscribed endpoint and sends it until it is
//! taken or given up.
//!
//! - `fanout` takes events from the bus, stores their deliveries, acknowledges the events, and puts the deliveries into
//!   memory, already leased: a new event is sent without reading anything back.
//! - `streams` says which streams of apps are told of an event, and of whom.
//! - `form` makes what is sent of what is stored: webhooks as they are, Security Event Tokens, logout tokens (`logout`),
//!   signals for apps (`signal`).
//! - `engine` sends what is in memory, with limits over all and for each endpoint (`queue`).
//! - `recorder` writes the outcomes, in batches.
//! - `catch_up` stores the past for endpoints that asked for it, until live events take over.
//! - `sweep` takes from the database whatever else is due: retries, overflow, and what a dead dispatcher left.
//! - `housekeeping` forgets what is older than it is kept, and counts what waits.
//!
//! The database row is the truth and memory only a short cut: a dispatcher can be killed at any moment, and what it
//! held is sent again, with the same `webhook-id`, when its lease ends.

mod breaker;
mod catch_up;
mod config;
mod deps;
mod endpoints;
mod engine;
mod fanout;
mod form;
mod housekeeping;
mod job;
mod logout;
mod measure;
mod people;
mod queue;
mod recorder;
mod sealing;
mod signal;
mod streams;
mod sweep;

pub use breaker::BreakerLimits;
pub use config::Config;
pub use deps::Deps;

use catch_up::Feeder;
use endpoints::EndpointCache;
use engine::Engine;
use fanout::FanOut;
use form::Issuers;
use housekeeping::Housekeeping;
use keyring::KeyRing;
use logout::LogoutTokens;
use recorder::Recorder;
use runtime::{Context, Service, Shutdown};
use signal::SignalTokens;
use std::sync::Arc;
use sweep::Sweep;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webhooks::Sender;
use webhooks::set::{SetIssuer, SetKey};

/// Outcomes that may wait for the recorder; attempts wait beyond that.
const MOST_WAITING_OUTCOMES: usize = 1_024;

/// The dispatcher, ready to run.
#[derive(Debug)]
pub struct Dispatcher {
    config: Config,
    deps: Deps,
    sender: Sender,
}

impl Service for Dispatcher {
    type Config = Config;
    type Deps = Deps;

    /// Fails when the HTTP client cannot be set up.
    fn bind(config: Config, deps: Deps) -> anyhow::Result<Self> {
        let sender = Sender::new(config.sender.clone())?;
        Ok(Self { config, deps, sender })
    }

    /// Dispatches until the soft stop. Then it takes nothing new and finishes the attempts in flight; at the hard stop
    /// it gives them up, and gives their deliveries back. Neither the database nor the bus being away is an error.
    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Deps {
            store,
            bus,
            master_keys,
            public_url,
            instance: owner,
        } = self.deps;
        let (soft, hard) = (shutdown.soft.clone(), shutdown.hard.clone());
        let (outcomes_in, outcomes) = mpsc::channel(MOST_WAITING_OUTCOMES);
        let key = SetKey::from_seed(&master_keys.derive(SetKey::CONTEXT).current);
        let issuer = SetIssuer::new(key, &public_url);
        let keys = Arc::new(KeyRing::new(store.clone(), master_keys.clone()));
        let logouts = LogoutTokens::new(Arc::clone(&keys), &public_url);
        let signals = SignalTokens::new(keys, &public_url);
        let sealing = sealing::run(store.clone(), master_keys.clone(), soft.clone());
        let endpoints = EndpointCache::new(store.clone(), master_keys);
        let issuers = Issuers {
            sets: issuer,
            logouts,
            signals,
        };
        let engine = Engine::new(self.config, endpoints, self.sender, issuers, outcomes_in, hard.clone());

        let last = CancellationToken::new();
        let recorder = Recorder {
            engine: Arc::clone(&engine),
            store: store.clone(),
            owner: Arc::clone(&owner),
            partitions: bus.partitions(),
            outcomes,
            last: last.clone(),
            hard,
        };
        let sweep = Sweep {
            engine: Arc::clone(&engine),
            store: store.clone(),
            owner: Arc::clone(&owner),
            soft: soft.clone(),
        };
        let feeder = Feeder {
            engine: Arc::clone(&engine),
            store: store.clone(),
            soft: soft.clone(),
        };
        let housekeeping = Housekeeping {
            engine: Arc::clone(&engine),
            store: store.clone(),
            soft: soft.clone(),
        };
        let consumer = bus.events((0..bus.partitions()).collect());
        let fan_out = FanOut {
            engine: Arc::clone(&engine),
            store,
            owner,
            consumer,
            soft: soft.clone(),
        };

        let (intake, recording) = (TaskTracker::new(), TaskTracker::new());
        spawn(&shutdown, "dispatcher.recorder", recording.track_future(recorder.run()));
        spawn(&shutdown, "dispatcher.sweep", intake.track_future(sweep.run()));
        spawn(
            &shutdown,
            "dispatcher.housekeeping",
            intake.track_future(housekeeping.run()),
        );
        spawn(&shutdown, "dispatcher.catch-up", intake.track_future(feeder.run()));
        spawn(&shutdown, "dispatcher.fan-out", intake.track_future(fan_out.run()));
        spawn(&shutdown, "dispatcher.sealing", intake.track_future(sealing));
        spawn(
            &shutdown,
            "dispatcher.pace",
            Arc::clone(&engine).keep_pace(last.clone()),
        );

        soft.cancelled().await;
        intake.close();
        intake.wait().await;
        engine.drain().await;
        last.cancel();
        recording.close();
        recording.wait().await;
        Ok(())
    }
}

/// Runs the dispatcher as a program of its own.
///
/// # Errors
/// When the HTTP client cannot be set up or the probes cannot be served.
pub async fn run(context: Context) -> anyhow::Result<()> {
    let dispatcher: Dispatcher = context.bind()?;
    context.spawn("dispatcher", dispatcher.run(context.shutdown.clone()));
    context.serve_probes().await?;
    Ok(())
}

fn spawn(shutdown: &Shutdown, name: &'static str, part: impl Future<Output = ()> + Send + 'static) {
    shutdown.spawn(name, async move {
        part.await;
        Ok(())
    });
}
