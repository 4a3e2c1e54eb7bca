//! How the management API works.

use crate::mail::MailConfig;
use oidc::AuthorityRules;
use runtime::Settings;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;
use url::Url;
use webhooks::{Guard, Rules};

/// How the management API works. [`From`] reads the settings of the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// A secret that is an admin key by configuration, without a row in the database. Setting: `admin_key`.
    pub admin_key: Option<SecretString>,
    /// Which URLs endpoints may have. Settings: `webhook_allow_private`, `webhook_allow_cidrs`, `webhook_ports`.
    pub guard: Guard,
    /// Which identity providers connections may have. Setting: `entra_authority`.
    pub authorities: AuthorityRules,
    /// Where Entra's tenants are, for directories that are pulled where `graph_url` says. Setting: `entra_authority`.
    pub entra_authority: String,
    /// Where Microsoft Graph is; `None` for the clouds of Microsoft. Setting: `graph_url`.
    pub graph_url: Option<String>,
    /// How long entries of the audit log are kept. Setting: `audit_retention_days`.
    pub audit_retention: Duration,
    /// Which resolver is asked about domains; `None` for those of the system. Setting: `dns_resolver`.
    pub dns_resolver: Option<SocketAddr>,
    /// The most requests per second that one key may send. Setting: `admin_rate_limit`.
    pub rate_limit: NonZeroU32,
    /// How mails are sent; `None` for not at all. Settings: `smtp_url`, `mail_from`, `mail_operators`.
    pub mail: Option<MailConfig>,
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
            authorities: AuthorityRules::new(own.into_iter().collect()),
            entra_authority: settings.entra_authority.clone(),
            graph_url: settings.graph_url.clone(),
            admin_key: settings.admin_key.clone(),
            guard: Guard::new(rules),
            audit_retention: settings.audit_retention,
            dns_resolver: settings.dns_resolver,
            rate_limit: settings.admin_rate_limit,
            mail: MailConfig::of(settings),
        }
    }
}
