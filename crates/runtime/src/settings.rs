//! The settings of a program: read once at the start, from flags, environment and `rollcall.toml`, then never changed.

mod arguments;
mod definition;
mod describe;
mod error;
mod kinds;
mod layers;
mod origin;
mod secret_files;
mod table;

pub use arguments::parse_flags;
pub use error::SettingsError;
pub use layers::SettingsFile;
pub use origin::Origin;
pub use table::Settings;

use crate::flags::Flags;
use kinds::EMBEDDED;
use layers::Layers;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use scim::Limits;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use table::DEFINITIONS;

const DEFAULT_FILE: &str = "rollcall.toml";
/// What would end or change a path inside a URL.
const PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

impl Settings {
    /// Reads the settings from flags, the environment of this process and the settings file.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn from_process(flags: &Flags) -> Result<Self, SettingsError> {
        let environment = |name: &str| std::env::var(name).ok();
        let named = flags
            .config()
            .map(Path::to_owned)
            .or_else(|| environment("ROLLCALL_CONFIG").map(PathBuf::from));
        Self::load(flags, environment, read_file(named.as_deref())?.as_ref())
    }

    /// Puts the settings together; reads nothing but its arguments, and the files of secrets that the environment names
    /// (`ROLLCALL_ADMIN_KEY_FILE` and the like).
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn load(
        flags: &Flags,
        environment: impl Fn(&str) -> Option<String>,
        file: Option<&SettingsFile>,
    ) -> Result<Self, SettingsError> {
        let settings = Self::read(&Layers::merge(DEFINITIONS, flags, environment, file)?)?;
        if settings.smtp_url.is_some() && settings.mail_from.is_none() {
            return Err(SettingsError::Needed {
                key: "mail_from",
                by: "smtp_url",
            });
        }
        Ok(settings)
    }

    /// The URL of the database: the one that was given, or that of a SQLite file in the data dir.
    #[must_use]
    pub fn database_url(&self) -> SecretString {
        self.given_database_url.clone().unwrap_or_else(|| {
            let file = self.data_dir.join("rollcall.db");
            format!("sqlite://{}", utf8_percent_encode(&file.to_string_lossy(), PATH)).into()
        })
    }

    /// How much one resource may hold, and one SCIM request ask for.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        Limits {
            elements: self.max_elements,
            operations: self.max_patch_operations,
            keys: self.max_keys,
            resource: self.max_resource,
        }
    }

    /// Whether the database is a SQLite file.
    #[must_use]
    pub fn database_is_sqlite(&self) -> bool {
        self.database_url().expose_secret().starts_with("sqlite:")
    }

    /// Whether the bus is the one inside this process.
    #[must_use]
    pub fn bus_is_embedded(&self) -> bool {
        self.bus_url.expose_secret() == EMBEDDED
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

    /// The file of the master key before that, while stored secrets are still sealed with it.
    #[must_use]
    pub fn previous_master_key_file(&self) -> PathBuf {
        self.data_dir.join("master.key.previous")
    }

    /// Whether the master key is in a file of the data dir, and not in a setting.
    #[must_use]
    pub fn keeps_its_master_key(&self) -> bool {
        self.master_key.is_none() && self.database_is_sqlite()
    }

    /// Where the value of a setting came from, by its name in `rollcall.toml`.
    #[must_use]
    pub fn origin(&self, name: &str) -> Origin {
        self.origins.get(name).cloned().unwrap_or(Origin::Default)
    }

    /// Each setting: its name in `rollcall.toml`, its value as it is shown (secrets masked), and where it came from.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'static str, String, Origin)> {
        describe::entries(self)
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
