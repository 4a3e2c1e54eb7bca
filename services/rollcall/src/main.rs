//! `rollcall`: everything in one process, and the commands around it.

mod commands;
mod connection;
mod demo;
mod directories;
mod doctor;
mod keys;
mod listen;
mod login;
mod management;
mod master_key;
mod openapi;
mod output;
mod progress;
mod rebuild;
mod serve;
mod shell;
mod stream;
mod text;
mod transfer;
mod usage;
mod verify;
mod verify_webhook;

use clap::{ArgMatches, FromArgMatches as _};
use commands::{Command, Keys, command};
use output::Mode;
use runtime::{Flags, Program, Settings, command_main, service_main};
use std::future::Future;
use std::process::ExitCode;
use usage::{UsageError, ended};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = command().get_matches();
    let flags = Flags::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let Some((name, below)) = matches.subcommand() else {
        return service_main(Program::all_in_one("rollcall"), flags, serve::run);
    };
    let parsed = match name {
        group if management::groups().contains(&group) => {
            return of_api(&flags, below, of_group(group, below));
        }
        _ => Command::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()),
    };
    dispatch(parsed, flags, below)
}

/// A command of the API, with those that stand beside the operations in their groups.
async fn of_group(group: &str, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    match (group, matches.subcommand()) {
        ("events", Some(("tail", below))) => stream::tail(&stream::TailArgs::from_arg_matches(below)?).await?,
        ("directories", Some(("health", below))) => {
            management::health(&management::HealthArgs::from_arg_matches(below)?).await?;
        }
        _ => management::run(group, matches).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn dispatch(command: Command, before: Flags, matches: &ArgMatches) -> ExitCode {
    let program = Program::all_in_one("rollcall");
    match command {
        Command::Serve { flags } => service_main(program, flags.over(before), serve::run),
        Command::Demo { exit, flags } => demo::main(program, flags.over(before), exit),
        Command::Migrate { flags } => {
            command_main(
                "rollcall",
                flags.over(before),
                async |context: runtime::CommandContext| {
                    // The context is handed over migrated; what is left is to say so.
                    drop(context);
                    println!("the database schema is up to date");
                    Ok(ExitCode::SUCCESS)
                },
            )
        }
        Command::Verify { flags } => command_main("rollcall", flags.over(before), async |context| {
            verify::run(&context).await
        }),
        Command::Rebuild {
            directory,
            all: _,
            dry_run,
            flags,
        } => command_main("rollcall", flags.over(before), async move |context| {
            rebuild::run(&context, directory.as_deref(), dry_run).await
        }),
        Command::Config { flags } => config(&flags.over(before)),
        Command::Keys(Keys::Create { wish, flags }) => {
            command_main("rollcall", flags.over(before), async move |context| {
                keys::create(&context, &wish.into()).await
            })
        }
        Command::RotateMasterKey(arguments) => {
            let flags = arguments.flags.clone().over(before);
            command_main("rollcall", flags, async move |context: runtime::CommandContext| {
                master_key::rotate(&context, &arguments).await
            })
        }
        Command::Doctor(arguments) => doctor::main(&arguments, &arguments.flags.clone().over(before)),
        Command::Openapi => openapi::print(),
        Command::Login(arguments) => of_api(&before, matches, done(login::login(&arguments))),
        Command::Logout(arguments) => plain(&before, matches, || login::logout(&arguments)),
        Command::Listen(arguments) => of_api(&before, matches, done(listen::listen(&arguments))),
        Command::Import(arguments) => of_api(&before, matches, transfer::import(&arguments)),
        Command::Export(arguments) => of_api(&before, matches, transfer::export(&arguments)),
        Command::VerifyWebhook(arguments) => ended(verify_webhook::verify(&arguments), mode_of(matches)),
        Command::Completions(arguments) => {
            plain(&before, matches, || shell::completions(&arguments, commands::command()))
        }
        Command::Man(arguments) => plain(&before, matches, || shell::man(&arguments, commands::command())),
    }
}

async fn done(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
    work.await.map(|()| ExitCode::SUCCESS)
}

/// Runs a command that talks to a server, to its end. Exit codes: 0 when it went well, 1 when it did not, 2 when it was
/// typed wrong.
fn of_api(before: &Flags, matches: &ArgMatches, work: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let mode = mode_of(matches);
    if let Err(error) = takes_no_settings(before) {
        return ended(Err(error.into()), mode);
    }
    // An error only means that the process has a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    ended(
        runtime
            .map_err(anyhow::Error::from)
            .and_then(|runtime| runtime.block_on(work)),
        mode,
    )
}

fn plain(before: &Flags, matches: &ArgMatches, work: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    let result = takes_no_settings(before)
        .map_err(anyhow::Error::from)
        .and_then(|()| work());
    ended(result.map(|()| ExitCode::SUCCESS), mode_of(matches))
}

fn takes_no_settings(before: &Flags) -> Result<(), UsageError> {
    if before.is_empty() {
        return Ok(());
    }
    Err(UsageError::new(
        "this command talks to a server and takes no settings of the server's own",
    ))
}

/// How the innermost command shows its answer.
fn mode_of(matches: &ArgMatches) -> Mode {
    if let Some((_, below)) = matches.subcommand() {
        return mode_of(below);
    }
    let is_set = |name: &str| matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
    match (is_set("json"), is_set("jsonl")) {
        (true, _) => Mode::Json,
        (_, true) => Mode::Jsonl,
        _ => Mode::People,
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
