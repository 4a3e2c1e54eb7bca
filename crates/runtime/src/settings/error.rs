//! Why the settings cannot be used.

use super::origin::Origin;

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
    #[error("{path}: unknown setting `{key}`; the settings are {}", known.join(", "))]
    UnknownKey {
        /// The file.
        path: String,
        /// The key.
        key: String,
        /// The keys that there are.
        known: Vec<&'static str>,
    },
    /// A value was given, and a file with the value, too.
    #[error("{variable} and {file_variable} are both set; set one of them")]
    ValueAndFile {
        /// The variable with the value.
        variable: String,
        /// The variable with the path.
        file_variable: String,
    },
    /// The file with the value of one setting cannot be used.
    #[error("{variable}: {path} {reason}")]
    SecretFile {
        /// The variable that names the file.
        variable: String,
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// One setting needs another one.
    #[error("{key} must be set where {by} is")]
    Needed {
        /// The setting that is missing.
        key: &'static str,
        /// The one that is there.
        by: &'static str,
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
