//! Settings given on the command line.

use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Settings given on the command line; each wins over the variable of the same name. Flatten it into a program's own
/// arguments: the flags are accepted before and after a subcommand. `Debug` shows no value.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) values: BTreeMap<&'static str, SecretString>,
}

impl Flags {
    /// The text given for a setting, by its name in `rollcall.toml`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(ExposeSecret::expose_secret)
    }

    /// These flags, and where they say nothing others.
    #[must_use]
    pub fn over(mut self, others: Self) -> Self {
        self.config = self.config.or(others.config);
        for (name, value) in others.values {
            self.values.entry(name).or_insert(value);
        }
        self
    }

    /// Whether none was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.config.is_none() && self.values.is_empty()
    }

    /// The file with settings that was named, instead of `rollcall.toml`.
    #[must_use]
    pub fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// The same flags with this file named.
    #[must_use]
    pub fn with_config(mut self, file: impl Into<PathBuf>) -> Self {
        self.config = Some(file.into());
        self
    }

    /// The same flags with this one set.
    #[must_use]
    pub fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.values.insert(name, text.into().into());
        self
    }
}
