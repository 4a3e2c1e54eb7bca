//! How directories are pulled, in numbers.

use runtime::Settings;
use std::time::Duration;
use url::Url;
use webhooks::{Guard, Rules};

/// How directories are pulled. [`From`] reads the settings of the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which addresses may be asked. Settings: `webhook_allow_private`, `webhook_allow_cidrs`, `webhook_ports`.
    pub guard: Guard,
    /// Where tenants log in, where Graph is not at Microsoft. Setting: `entra_authority`.
    pub authority: String,
    /// Where Graph is, if not at Microsoft. Setting: `graph_url`.
    pub graph_url: Option<String>,
    /// Directories that are worked on at a time. Each has one page in memory.
    pub directories: u16,
    /// Commands of one directory on their way at a time.
    pub commands_of_one: usize,
    /// Commands of all directories on their way at a time.
    pub commands: usize,
    /// How long a command may take.
    pub deadline: Duration,
    /// How often directories that are due are looked for.
    pub look: Duration,
    /// How long a directory stays with a process that is not heard of.
    pub lease: Duration,
    /// How often leases are renewed.
    pub renew: Duration,
    /// After so long a directory goes back behind those that wait, wherever its cycle is.
    pub turn: Duration,
    /// So many may go with one cycle, and [`Self::brake_percent`] of those who are active, where that is more.
    pub brake_minimum: u64,
    /// In percent.
    pub brake_percent: u64,
    /// The public URL, where Microsoft may be able to reach it. Setting: `public_url`, if that is https.
    pub notified_at: Option<Url>,
    /// How long after a notification the directory is due: what comes meanwhile is of the same round.
    pub debounce: Duration,
    /// How often rounds and objects that are over are forgotten.
    pub housekeeping: Duration,
}

impl Config {
    /// With these addresses allowed, and the usual numbers.
    #[must_use]
    pub fn new(guard: Guard, authority: &str, graph_url: Option<&str>) -> Self {
        Self {
            guard,
            authority: authority.to_owned(),
            graph_url: graph_url.map(str::to_owned),
            directories: 64,
            commands_of_one: 128,
            commands: 1_024,
            deadline: Duration::from_secs(20),
            look: Duration::from_secs(1),
            lease: Duration::from_secs(10),
            renew: Duration::from_secs(3),
            turn: Duration::from_secs(30),
            brake_minimum: 10,
            brake_percent: 5,
            notified_at: None,
            debounce: Duration::from_secs(5),
            housekeeping: Duration::from_mins(10),
        }
    }

    /// How many of so many active people may go with one cycle.
    #[must_use]
    pub fn allowed(&self, active: u64) -> u64 {
        let share = u128::from(active) * u128::from(self.brake_percent) / 100;
        u64::try_from(share).unwrap_or(u64::MAX).max(self.brake_minimum)
    }
}

impl From<&Settings> for Config {
    fn from(settings: &Settings) -> Self {
        let rules = Rules::new(
            settings.webhook_allow_private,
            settings.webhook_allow_cidrs.clone(),
            settings.webhook_ports.clone(),
        );
        let public_url = settings.public_url.as_deref().and_then(|url| Url::parse(url).ok());
        Self {
            notified_at: public_url.filter(|url| url.scheme() == "https"),
            ..Self::new(
                Guard::new(rules),
                &settings.entra_authority,
                settings.graph_url.as_deref(),
            )
        }
    }
}
