//! How the projector works, in numbers.

use runtime::Settings;
use scim::Limits;
use std::time::Duration;

/// How the projector works. The default is for tests; [`From`] reads the settings of the program.
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
    /// How much one resource may hold. Settings: `max_elements`, `max_patch_operations`, `max_keys`, `max_resource`.
    pub limits: Limits,
    /// How long verdicts are kept for commands that are delivered again.
    pub keep_verdicts: Duration,
    /// How long events are kept; `None` for ever. What older ones leave stays as the base of the log.
    /// Setting: `event_retention_days`.
    pub keep_events: Option<Duration>,
    /// How often what is old is looked for.
    pub housekeeping: Duration,
    /// How often the log is searched for events that are not on the bus yet.
    pub sweep: Duration,
    /// How often it is looked whether others appended any, which are searched for at once.
    pub glance: Duration,
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
            glance: Duration::from_millis(25),
        }
    }
}

impl From<&Settings> for Config {
    fn from(settings: &Settings) -> Self {
        Self {
            keep_events: settings.event_retention,
            limits: settings.limits(),
            ..Self::default()
        }
    }
}
