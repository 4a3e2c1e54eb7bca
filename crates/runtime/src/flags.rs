//! The command line flags that all programs share: one for each setting.

use crate::settings::{DEFINITIONS, UNSET};
use clap::{Arg, ArgAction, ArgMatches, Command};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const CONFIG: &str = "config";

/// Settings given on the command line; each wins over the variable of the same name. Flatten it into a program's own
/// arguments: the flags are accepted before and after a subcommand. `Debug` shows no value.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    config: Option<PathBuf>,
    values: BTreeMap<&'static str, SecretString>,
}

impl Flags {
    /// The text given for a setting, by its name in `rollcall.toml`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(ExposeSecret::expose_secret)
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

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("File with settings [default: rollcall.toml, if there is one]")
            .help_heading("Settings")
            .global(true);
        DEFINITIONS.iter().fold(command.arg(config), |command, definition| {
            let default = definition
                .default
                .map(|default| default())
                .filter(|default| default != UNSET)
                .map(|default| format!(" [default: {default}]"))
                .unwrap_or_default();
            let mut flag = Arg::new(definition.name)
                .long(definition.flag())
                .value_name(definition.value_name)
                .value_parser(|text: &str| Ok::<_, std::convert::Infallible>(SecretString::from(text)))
                .help(format!("{}{default}", definition.about))
                .help_heading(definition.section)
                .action(ArgAction::Set)
                .global(true);
            if (definition.is_switch)() {
                flag = flag.num_args(0..=1).require_equals(true).default_missing_value("true");
            }
            command.arg(flag)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if let Some(config) = matches.get_one::<PathBuf>(CONFIG) {
            self.config = Some(config.clone());
        }
        for definition in DEFINITIONS {
            if let Some(text) = matches.get_one::<SecretString>(definition.name) {
                self.values.insert(definition.name, text.clone());
            }
        }
        Ok(())
    }
}

/// Reads the command line of a program that has no arguments but [`Flags`]; prints help, version or a usage error and
/// ends the process where those are due.
#[must_use]
pub fn parse_flags(name: &'static str, about: &'static str) -> Flags {
    let command = Command::new(name).about(about).version(env!("CARGO_PKG_VERSION"));
    let matches = <Flags as clap::Args>::augment_args(command).get_matches();
    <Flags as clap::FromArgMatches>::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}
