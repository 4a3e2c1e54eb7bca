//! How the dispatcher works, in numbers.

use runtime::Settings;
use std::time::Duration;
use webhooks::{RetrySchedule, SenderOptions};

/// How the dispatcher works. The defaults are those of production; tests shorten the times.
#[derive(Clone, Debug)]
pub struct Config {
    /// How attempts are made.
    pub sender: SenderOptions,
    /// When failed ones are repeated.
    pub schedule: RetrySchedule,
    /// Attempts in flight at the same time, over all endpoints.
    pub in_flight: usize,
    /// Attempts in flight at the same time to one endpoint. An endpoint that fails gets fewer, down to one.
    pub in_flight_per_endpoint: usize,
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
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sender: SenderOptions::default(),
            schedule: RetrySchedule::standard(),
            in_flight: 512,
            in_flight_per_endpoint: 32,
            queued: 8_192,
            batch: 256,
            lease: Duration::from_secs(20),
            sweep_every: Duration::from_secs(1),
            patience: Duration::from_secs(5 * 24 * 3_600),
        }
    }
}

impl Config {
    /// As the settings of the program say.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let sender = SenderOptions {
            allow_private: settings.webhook_allow_private,
            ..SenderOptions::default()
        };
        Self {
            sender,
            ..Self::default()
        }
    }
}
