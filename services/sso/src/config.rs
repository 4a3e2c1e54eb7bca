//! How single sign-on works.

use oidc::AuthorityRules;
use runtime::Settings;
use std::num::NonZeroU32;
use std::time::Duration;
use url::Url;
use webhooks::{Guard, Rules};

/// How single sign-on works. [`From`] reads the settings of the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which addresses identity providers may have. Settings: `webhook_allow_private`, `webhook_allow_cidrs`,
    /// `webhook_ports`.
    pub guard: Guard,
    /// Which identity providers there may be. Setting: `entra_authority`.
    pub authorities: AuthorityRules,
    /// How long somebody may take to log in at the identity provider.
    pub login: Duration,
    /// How long a code is good, at most a minute.
    pub code: Duration,
    /// How long an access token and an ID token are good.
    pub access: Duration,
    /// How long a session lasts, however often its tokens are replaced.
    pub session: Duration,
    /// Requests a second that one app may send to each process, of people who begin to log in and of its own for tokens.
    pub client_rate: NonZeroU32,
    /// Requests a second that one address may send to each process to log in or out.
    pub address_rate: NonZeroU32,
    /// How long an app waits between two verifications of a stream.
    pub verification_interval: Duration,
    /// How long a poll waits for something to come: less than proxies wait for an answer.
    pub longest_poll: Duration,
    /// Events that wait on a stream before it is paused.
    pub most_waiting: u64,
    /// How often streams on which too much waits are looked for.
    pub watch_streams: Duration,
    /// How often the event log is looked at while somebody is logged in.
    pub follow: Duration,
}

impl From<&Settings> for Config {
    fn from(settings: &Settings) -> Self {
        let rules = Rules::new(
            settings.webhook_allow_private,
            settings.webhook_allow_cidrs.clone(),
            settings.webhook_ports.clone(),
        );
        let own = Url::parse(&settings.entra_authority).ok();
        Self {
            guard: Guard::new(rules),
            authorities: AuthorityRules::new(own.into_iter().collect()),
            login: Duration::from_mins(10),
            code: Duration::from_secs(60),
            access: Duration::from_hours(1),
            session: Duration::from_hours(12),
            client_rate: NonZeroU32::new(500).unwrap_or(NonZeroU32::MIN),
            address_rate: settings.sso_address_rate,
            verification_interval: Duration::from_secs(60),
            longest_poll: Duration::from_secs(20),
            most_waiting: 10_000,
            watch_streams: Duration::from_secs(30),
            follow: Duration::from_millis(20),
        }
    }
}
