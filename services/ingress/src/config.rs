//! How the ingress works, in numbers.

use crate::request_log::{Clock, LogConfig};
use runtime::Settings;
use scim::Limits;
use std::time::Duration;

/// How the ingress works. The default is for tests; [`From`] reads the settings of the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// The largest body, in bytes. Setting: `max_body`.
    pub max_body: usize,
    /// How much one resource may hold, and one request ask for. Settings: `max_elements`, `max_patch_operations`,
    /// `max_keys`, `max_resource`.
    pub limits: Limits,
    /// How long a command may take before it is given up.
    pub deadline: Duration,
    /// How long a directory key stays good here after it was revoked.
    pub key_cache: Duration,
    /// How long an access token is good. Setting: `oauth_token_lifetime`.
    pub token_lifetime: Duration,
    /// Where Entra's tenants are, without a slash at the end. Setting: `entra_authority`.
    pub entra_authority: String,
    /// How the log of requests is kept. Settings: `request_retention`, `partitions`.
    pub log: LogConfig,
    /// The clock of that log.
    pub clock: Clock,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_body: 1 << 20,
            limits: Limits::default(),
            deadline: Duration::from_secs(8),
            key_cache: Duration::from_secs(1),
            token_lifetime: Duration::from_hours(1),
            entra_authority: "https://login.microsoftonline.com".to_owned(),
            log: LogConfig::default(),
            clock: Clock::default(),
        }
    }
}

impl From<&Settings> for Config {
    fn from(settings: &Settings) -> Self {
        let mut log = LogConfig {
            partitions: settings.partitions.get(),
            ..LogConfig::default()
        };
        log.kept.age = settings.request_retention;
        Self {
            log,
            max_body: settings.max_body,
            limits: settings.limits(),
            token_lifetime: settings.oauth_token_lifetime,
            entra_authority: settings.entra_authority.clone(),
            ..Self::default()
        }
    }
}
