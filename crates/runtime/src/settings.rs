//! The settings of a program: read once at the start, from flags, environment and `rollcall.toml`, then never changed.

mod describe;
mod keys;
mod layers;
mod parse;

pub use layers::{Origin, SettingsFile};

use crate::flags::Flags;
use ipnet::IpNet;
use layers::Layers;
use scim::Limits;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use telemetry::LogFormat;

const DEFAULT_FILE: &str = "rollcall.toml";

/// Why the settings cannot be used. Every message says what to change; none shows a value, which may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The settings file cannot be read or is not TOML.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The settings file has a key that means nothing.
    #[error("{path}: unknown setting `{key}`; the settings are {}", keys::names())]
    UnknownKey {
        /// The file.
        path: String,
        /// The key.
        key: String,
    },
    /// A value is not what the setting needs.
    #[error("{key} ({origin}) {reason}")]
    Invalid {
        /// The setting.
        key: String,
        /// Where its value came from.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
}

/// The settings of a program. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `postgres://…` or `sqlite://…`; may hold a password.
    pub database_url: SecretString,
    /// Size of the connection pool, and of the sets of connections beside it.
    pub database_connections: NonZeroU32,
    /// How many searches one directory may have running at a time in this process.
    pub directory_searches: u32,
    /// `amqp://…`, `amqps://…` or `embedded:`; may hold a password.
    pub bus_url: SecretString,
    /// Address of the HTTP server, `host:port`; port 0 takes any free one.
    pub listen: String,
    /// The URL that others reach this installation by, without a slash at the end; see [`Settings::public_url`].
    pub public_url: Option<String>,
    /// The master key in base64, when it was given.
    pub master_key: Option<SecretString>,
    /// The secret of an admin key that is to exist.
    pub admin_key: Option<SecretString>,
    /// Number of ordered lanes on the bus.
    pub partitions: NonZeroU16,
    /// Whether webhook endpoints may be http and on private or loopback addresses.
    pub webhook_allow_private: bool,
    /// Private networks that webhook endpoints may be in all the same.
    pub webhook_allow_cidrs: Vec<IpNet>,
    /// The ports that webhooks go to; empty for the default (443 and from 1024, with `http` also 80).
    pub webhook_ports: Vec<RangeInclusive<u16>>,
    /// How long events are kept in the log; `None` for ever.
    pub event_retention: Option<Duration>,
    /// How long a delivery that came to its end is kept, and how long a disabled endpoint's events are held.
    pub delivery_retention: Duration,
    /// How long attempts are kept beside their delivery.
    pub attempt_retention: Duration,
    /// How long the answers of receivers are kept with the attempts.
    pub response_retention: Duration,
    /// Folder of the SQLite file and the generated master key.
    pub data_dir: PathBuf,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Where a trace can be looked at: a URL with `{trace_id}` in it.
    pub trace_url: Option<String>,
    /// The networks whose callers' traces are continued; others' are linked.
    pub trace_parent_cidrs: Vec<IpNet>,
    /// Where Entra's tenants are: issuer and keys of a tenant are below it. Without a slash at the end.
    pub entra_authority: String,
    /// How long an OAuth access token for SCIM is good.
    pub oauth_token_lifetime: Duration,
    /// The largest body of a SCIM request, in bytes.
    pub max_body: usize,
    /// How many bytes a page of a list has at most, unless its first item alone has more.
    pub page_bytes: u64,
    /// How long the body of a request may take to arrive.
    pub body_timeout: Duration,
    /// How much one resource may hold, and one SCIM request ask for.
    pub limits: Limits,
    /// The most HTTP connections at a time; `None` for what is usual and the limit on open files allows.
    pub max_connections: Option<usize>,
    /// The most bytes of answers that wait for their readers.
    pub max_unread: usize,
    origins: BTreeMap<&'static str, Origin>,
}

impl Settings {
    /// Reads the settings from flags, the environment of this process and the settings file.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn from_process(flags: &Flags) -> Result<Self, SettingsError> {
        let environment = |name: &str| std::env::var(name).ok();
        let named = flags
            .config
            .clone()
            .or_else(|| environment("ROLLCALL_CONFIG").map(PathBuf::from));
        Self::load(flags, environment, read_file(named.as_deref())?.as_ref())
    }

    /// Puts the settings together; reads nothing but its arguments.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn load(
        flags: &Flags,
        environment: impl Fn(&str) -> Option<String>,
        file: Option<&SettingsFile>,
    ) -> Result<Self, SettingsError> {
        parse::settings(&Layers::merge(flags, environment, file)?)
    }

    /// Whether the database is a SQLite file.
    #[must_use]
    pub fn database_is_sqlite(&self) -> bool {
        self.database_url.expose_secret().starts_with("sqlite:")
    }

    /// Whether the bus is the one inside this process.
    #[must_use]
    pub fn bus_is_embedded(&self) -> bool {
        self.bus_url.expose_secret() == parse::EMBEDDED
    }

    /// The URL that others reach this installation by, without a slash at the end. When none was set it is made of the
    /// address that the HTTP server really has, so that port 0 works.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| {
            let mut address = bound;
            // "Every address" is no address that a link can lead to.
            match address.ip() {
                std::net::IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip([127, 0, 0, 1].into()),
                std::net::IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(std::net::Ipv6Addr::LOCALHOST.into()),
                _ => {}
            }
            format!("http://{address}")
        })
    }

    /// The file in which a generated master key is kept.
    #[must_use]
    pub fn master_key_file(&self) -> PathBuf {
        self.data_dir.join("master.key")
    }

    /// Where the value of a setting came from, by its name in `rollcall.toml`.
    #[must_use]
    pub fn origin(&self, name: &str) -> Origin {
        self.origins.get(name).cloned().unwrap_or(Origin::Default)
    }

    /// The effective settings as a table: name, value (secrets masked) and where it came from.
    #[must_use]
    pub fn describe(&self) -> String {
        describe::table(self)
    }
}

/// The named file must exist; the default one may.
fn read_file(named: Option<&Path>) -> Result<Option<SettingsFile>, SettingsError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(SettingsFile {
            path: path.to_owned(),
            text,
        })),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SettingsError::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        }),
    }
}
