//! All commands: those of the program itself, and those of the management API.

use crate::doctor::DoctorArgs;
use crate::keys;
use crate::listen::ListenArgs;
use crate::login::{LoginArgs, LogoutArgs};
use crate::management::{self, HealthArgs};
use crate::master_key::RotateMasterKeyArgs;
use crate::shell::{CompletionsArgs, ManArgs};
use crate::stream::TailArgs;
use crate::transfer::{ExportArgs, ImportArgs};
use crate::verify_webhook::VerifyWebhookArgs;
use admin::AdminKeyWish;
use clap::{Args as _, Subcommand};
use runtime::Flags;

const ENDING: &str = "\
Commands of the management API (organizations, directories, users, endpoints, …) talk to the server of a profile, which
`rollcall login` saves; ROLLCALL_API_URL and ROLLCALL_API_KEY name another one. All have --json and --jsonl.

Exit codes: 0 when it went well, 1 when it did not, 2 when it was typed or configured wrong.";

// The commands of the program itself. (As documentation, clap would show it as that of the program; so below.)
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process (the default)
    Serve {
        #[command(flatten)]
        flags: Flags,
    },
    /// Show the main job end to end in a temporary folder, then keep serving until Ctrl-C
    Demo {
        /// Stop when the story is told
        #[arg(long)]
        exit: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Bring the database schema up to date and stop
    Migrate {
        #[command(flatten)]
        flags: Flags,
    },
    /// Replay the event log and compare it with the stored users and groups; exit code 1 on any difference
    Verify {
        #[command(flatten)]
        flags: Flags,
    },
    /// Rebuild the stored users and groups of a directory from its event log
    Rebuild {
        /// The directory
        #[arg(long, value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
        directory: Option<String>,
        /// Every directory
        #[arg(long)]
        all: bool,
        /// Tell what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Print the effective settings, secrets masked, and where each came from
    Config {
        #[command(flatten)]
        flags: Flags,
    },
    /// Print the OpenAPI document of the management API
    Openapi,
    /// Make an admin key straight in the database, for when the first is lost
    ///
    /// This needs the database, and no running server. Over the management API there are `rollcall admin-keys`, for the keys
    /// of the API itself, and `rollcall directory-keys`, for the tokens that identity providers carry.
    #[command(subcommand)]
    Keys(Keys),
    RotateMasterKey(RotateMasterKeyArgs),
    Doctor(DoctorArgs),
    Login(LoginArgs),
    Logout(LogoutArgs),
    Import(ImportArgs),
    Export(ExportArgs),
    Listen(ListenArgs),
    VerifyWebhook(VerifyWebhookArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

// What can be done with keys in the database.
#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Make a new admin key, for when the first is lost
    Create {
        #[command(flatten)]
        wish: KeyWish,
        #[command(flatten)]
        flags: Flags,
    },
}

// What an admin key is to be.
#[derive(clap::Args)]
pub(crate) struct KeyWish {
    /// What the key is for
    #[arg(long)]
    name: String,
    /// What the key may do: read, directories, endpoints or admin; several with commas. All, where none is named
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = keys::scope)]
    scope: Vec<store::AdminScope>,
    /// The id of the one organization that the key is for
    #[arg(long, value_name = "ID")]
    organization: Option<events::OrganizationId>,
    /// When the key ends, an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = keys::expiry)]
    expires_at: Option<events::Timestamp>,
}

impl From<KeyWish> for AdminKeyWish {
    fn from(wish: KeyWish) -> Self {
        Self {
            name: wish.name,
            scopes: wish.scope,
            organization_id: wish.organization,
            expires_at: wish.expires_at,
        }
    }
}

/// All commands. The settings of the server stand before and after the commands that read them; those of the management API
/// have flags of their own.
pub(crate) fn command() -> clap::Command {
    let root = clap::Command::new("rollcall")
        .version(env!("CARGO_PKG_VERSION"))
        .about(
            "Event-driven, multi-tenant directory sync: people and groups come in over SCIM, signed webhooks go out.",
        )
        .after_help(ENDING);
    let root = Flags::augment_args(root).mut_args(|argument| argument.global(false));
    let root = Command::augment_subcommands(root);
    management::groups().into_iter().fold(root, |root, group| {
        let own = management::command(group);
        root.subcommand(match group {
            "events" => own.subcommand(TailArgs::augment_args(clap::Command::new("tail"))),
            "directories" => own.subcommand(
                HealthArgs::augment_args(clap::Command::new("health"))
                    .about("Show how a directory fares, and what to do"),
            ),
            _ => own,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_flags_of_a_command_have_the_same_name() {
        command().debug_assert();
    }

    #[test]
    fn every_command_and_every_flag_says_what_it_is() {
        fn look(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} says nothing", command.get_name());
            for argument in command.get_arguments() {
                let name = argument.get_id();
                let is_told = argument.get_help().is_some_and(|help| !help.to_string().is_empty());
                assert!(is_told, "{} {name} says nothing", command.get_name());
            }
            command.get_subcommands().for_each(look);
        }
        look(&command());
    }
}
