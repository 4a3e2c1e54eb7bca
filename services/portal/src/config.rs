//! How the portal works.

use runtime::Settings;
use secrecy::{ExposeSecret as _, SecretString};

/// How the portal works. [`From`] reads the settings of the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// A secret that is an admin key by configuration, without a row in the database. Setting: `admin_key`.
    pub admin_key: Option<SecretString>,
    /// Where a trace can be looked at: a URL with `{trace_id}` in it. Setting: `trace_url`.
    pub trace_url: Option<String>,
}

impl From<&Settings> for Config {
    fn from(settings: &Settings) -> Self {
        // An empty setting is no key.
        let admin_key = settings.admin_key.clone();
        Self {
            admin_key: admin_key.filter(|key| !key.expose_secret().is_empty()),
            trace_url: settings.trace_url.clone(),
        }
    }
}
