//! How the dispatcher works, in numbers.

use crate::breaker::BreakerLimits;
use crate::queue::QueueLimits;
use runtime::Settings;
use std::time::Duration;
use store::Retention;
use webhooks::{Guard, RetrySchedule, Rules, SenderOptions};

const DAY: u64 = 24 * 3_600;

/// How the dispatcher works. The defaults are those of production; tests shorten the times. [`From`] reads the settings
/// of the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// How attempts are made. Settings: `webhook_allow_private`, `webhook_allow_cidrs`, `webhook_ports`.
    pub sender: SenderOptions,
    /// When failed ones are repeated.
    pub schedule: RetrySchedule,
    /// First attempts in flight at the same time, over all endpoints.
    pub in_flight: usize,
    /// Retries in flight at the same time, over all endpoints, beside the first attempts.
    pub retries_in_flight: usize,
    /// First attempts in flight at the same time to one endpoint, as long as it answers in time; a quarter as many
    /// retries. It starts with a quarter of this, gains one with each success, and loses half when it is overloaded.
    pub in_flight_per_endpoint: usize,
    /// When an endpoint that only fails is left alone.
    pub breaker: BreakerLimits,
    /// Deliveries that wait in memory, over all endpoints; more wait in the database.
    pub queued: usize,
    /// Events taken from the bus at a time.
    pub batch: usize,
    /// How long a delivery stays in the hands of a dispatcher that died. Leases in use are renewed at a third of it.
    pub lease: Duration,
    /// How often the database is searched for what is due. New events do not wait for it.
    pub sweep_every: Duration,
    /// How long an endpoint may fail, without one success, before it is switched off.
    pub patience: Duration,
    /// How long deliveries and attempts are kept. Settings: `delivery_retention_days`, `attempt_retention_days`,
    /// `response_retention_days`.
    pub retention: Retention,
    /// How often what is older is looked for.
    pub prune_every: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sender: SenderOptions::default(),
            schedule: RetrySchedule::standard(),
            in_flight: 512,
            retries_in_flight: 128,
            in_flight_per_endpoint: 64,
            breaker: BreakerLimits::default(),
            queued: 8_192,
            batch: 256,
            lease: Duration::from_secs(20),
            sweep_every: Duration::from_secs(1),
            patience: Duration::from_secs(5 * DAY),
            retention: Retention {
                deliveries: Duration::from_secs(90 * DAY),
                attempts: Duration::from_secs(30 * DAY),
                responses: Duration::from_secs(7 * DAY),
            },
            prune_every: Duration::from_secs(60),
        }
    }
}

impl Config {
    pub(crate) const fn limits(&self) -> QueueLimits {
        QueueLimits {
            firsts: self.in_flight,
            retries: self.retries_in_flight,
            start: self.in_flight_per_endpoint.div_ceil(4),
            most: self.in_flight_per_endpoint,
            waiting: self.queued,
            patience: self.breaker,
        }
    }
}

impl From<&Settings> for Config {
    fn from(settings: &Settings) -> Self {
        let rules = Rules::new(
            settings.webhook_allow_private,
            settings.webhook_allow_cidrs.clone(),
            settings.webhook_ports.clone(),
        );
        let sender = SenderOptions {
            guard: Guard::new(rules),
            ..SenderOptions::default()
        };
        Self {
            sender,
            retention: Retention {
                deliveries: settings.delivery_retention,
                attempts: settings.attempt_retention,
                responses: settings.response_retention,
            },
            ..Self::default()
        }
    }
}
