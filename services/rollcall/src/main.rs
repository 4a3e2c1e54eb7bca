//! `rollcall`: everything in one process, and the commands around it.

mod demo;
mod directories;
mod keys;
mod openapi;
mod rebuild;
mod serve;
mod verify;

use clap::{Parser, Subcommand};
use runtime::{Flags, Program, Settings, command_main, service_main};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Event-driven, multi-tenant directory sync: people and groups come in over SCIM, signed webhooks go out.
#[derive(Parser)]
#[command(name = "rollcall", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in one process (the default)
    Serve,
    /// Show the main job end to end in a temporary folder, then keep serving until Ctrl-C
    Demo {
        /// Stop when the story is told
        #[arg(long)]
        exit: bool,
    },
    /// Bring the database schema up to date and stop
    Migrate,
    /// Replay the event log and compare it with the stored users and groups; exit code 1 on any difference
    Verify,
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
    },
    /// Print the effective settings, secrets masked, and where each came from
    Config,
    /// Print the OpenAPI document of the management API
    Openapi,
    /// Keys of the management API
    #[command(subcommand)]
    Keys(Keys),
}

#[derive(Subcommand)]
enum Keys {
    /// Make a new admin key, for when the first is lost
    Create {
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
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let program = Program::all_in_one("rollcall");
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => service_main(program, cli.flags, serve::run),
        Command::Openapi => openapi::print(),
        Command::Demo { exit } => demo::main(program, cli.flags, exit),
        Command::Migrate => command_main("rollcall", cli.flags, async |context: runtime::CommandContext| {
            // The context is handed over migrated; what is left is to say so.
            drop(context);
            println!("the database schema is up to date");
            Ok(ExitCode::SUCCESS)
        }),
        Command::Verify => command_main("rollcall", cli.flags, async |context| verify::run(&context).await),
        Command::Rebuild {
            directory,
            all: _,
            dry_run,
        } => command_main("rollcall", cli.flags, async move |context| {
            rebuild::run(&context, directory.as_deref(), dry_run).await
        }),
        Command::Config => config(&cli.flags),
        Command::Keys(Keys::Create {
            name,
            scope,
            organization,
            expires_at,
        }) => {
            let wish = admin::AdminKeyWish {
                name,
                scopes: scope,
                organization_id: organization,
                expires_at,
            };
            command_main("rollcall", cli.flags, async move |context| {
                keys::create(&context, &wish).await
            })
        }
    }
}

fn config(flags: &Flags) -> ExitCode {
    match Settings::from_process(flags) {
        Ok(settings) => {
            print!("{}", settings.describe());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rollcall: {error}");
            ExitCode::from(2)
        }
    }
}
