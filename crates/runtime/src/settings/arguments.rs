//! The command line flags that all programs share: one for each setting.

use super::kinds::UNSET;
use super::table::DEFINITIONS;
use crate::flags::Flags;
use clap::{Arg, ArgAction, ArgMatches, Command};
use secrecy::SecretString;
use std::path::PathBuf;

const CONFIG: &str = "config";

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
