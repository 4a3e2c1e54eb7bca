//! `rollcall import` and `rollcall export`.

use crate::connection::{self, ConnectionArgs};
use crate::progress::Progress;
use crate::usage::UsageError;
use anyhow::Context as _;
use client::Patience;
use client::transfer::{self, Format, ImportOptions, News};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Bring people from a file into a directory
///
/// A person who is not there is made; one of the same user_name is changed to what the file says. The file is .csv, whose
/// first line names the columns, or .jsonl, a user a line as the API takes or shows it.
///
/// Columns: user_name (required), external_id, email, first_name, last_name, display_name, job_title, department,
/// manager_id, state (active or inactive), role, groups (names with | between them). An empty cell says nothing. The
/// other columns of an export may be there, and say nothing. Groups that are not there are made; nobody is taken out of one.
///
/// A line that cannot be read or is refused is told with its number, and the rest goes on. A file beside the input
/// (people.csv.ID.import-state.json) says how far it came, so that the same command goes on after an interruption; nothing is
/// done twice. Exit code 1 when lines were refused.
#[derive(clap::Args, Debug)]
pub(crate) struct ImportArgs {
    /// The directory
    #[arg(long, value_name = "ID")]
    directory: String,
    /// The file: .csv or .jsonl
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How the file is written, where its name does not say it
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "jsonl"])]
    format: Option<String>,
    /// Requests under way at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Begin at the first line, even if it was done before
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Write the people of a directory into a file
///
/// The file is .csv, with the columns that `rollcall import` takes, or .jsonl, a user a line as the API shows it. It is
/// there under its name when it is whole.
#[derive(clap::Args, Debug)]
pub(crate) struct ExportArgs {
    /// The directory
    #[arg(long, value_name = "ID")]
    directory: String,
    /// The file: .csv or .jsonl; - for stdout
    #[arg(long, value_name = "FILE|-")]
    out: PathBuf,
    /// How the file is written, where its name does not say it
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "jsonl"])]
    format: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Imports a file.
///
/// # Errors
/// What ends the import; it goes on there another time.
pub(crate) async fn import(arguments: &ImportArgs) -> anyhow::Result<ExitCode> {
    let client = connection::client(&arguments.connection, Patience::WORK)?;
    let options = ImportOptions {
        directory: arguments.directory.clone(),
        format: format_of(arguments.format.as_deref(), &arguments.file)?,
        concurrency: usize::from(arguments.concurrency),
        again: arguments.again,
    };
    let progress = Progress::counting("lines");
    let imported = transfer::import(&client, &arguments.file, &options, |news| match news {
        News::Resumed { line } => progress.say(&format!("going on after line {line}")),
        News::Done { lines, .. } => progress.add(lines),
        News::Refused { line, reason } => progress.say(&format!("line {line}: {reason}")),
        News::GroupRefused { group, reason } => progress.say(&format!("group {group}: {reason}")),
    });
    let report = tokio::select! {
        report = imported => report,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            progress.end();
            eprintln!("interrupted; the same command goes on where this ends");
            return Ok(ExitCode::FAILURE);
        }
    };
    progress.end();
    let report = report.with_context(|| "the import stops; the same command goes on where this ends")?;
    if report.was_done {
        println!("this file was imported before; --again does it once more");
    }
    println!(
        "{} created, {} updated, {} memberships, {} refused",
        report.created, report.updated, report.memberships, report.refused
    );
    Ok(if report.refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Exports a directory.
///
/// # Errors
/// When it cannot be read or written; then there is no file under that name that was not there before.
pub(crate) async fn export(arguments: &ExportArgs) -> anyhow::Result<ExitCode> {
    let client = connection::client(&arguments.connection, Patience::WORK)?;
    let progress = Progress::counting("people");
    let tell = |written| progress.at(written);
    if arguments.out.as_os_str() == "-" {
        let format = arguments
            .format
            .as_deref()
            .map_or(Ok(Format::Jsonl), |name| format_of(Some(name), Path::new("")))?;
        let mut out = BufWriter::new(std::io::stdout());
        transfer::export(&client, &arguments.directory, format, &mut out, tell).await?;
        progress.end();
        return Ok(ExitCode::SUCCESS);
    }
    let format = format_of(arguments.format.as_deref(), &arguments.out)?;
    let mut draft = arguments.out.clone().into_os_string();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let named = || format!("{} cannot be written", draft.display());
    let mut out = BufWriter::new(File::create(&draft).with_context(named)?);
    let exported = transfer::export(&client, &arguments.directory, format, &mut out, tell).await;
    progress.end();
    let written = match exported {
        Ok(written) => written,
        Err(error) => {
            // That the draft stays is the lesser trouble.
            let _ = fs::remove_file(&draft);
            return Err(error.into());
        }
    };
    out.flush().with_context(named)?;
    out.get_ref().sync_all().with_context(named)?;
    fs::rename(&draft, &arguments.out).with_context(|| format!("{} cannot be written", arguments.out.display()))?;
    println!("{written} people in {}", arguments.out.display());
    Ok(ExitCode::SUCCESS)
}

fn format_of(named: Option<&str>, path: &Path) -> anyhow::Result<Format> {
    match named {
        Some("csv") => Ok(Format::Csv),
        Some(_) => Ok(Format::Jsonl),
        None => Format::of(path).ok_or_else(|| {
            let name = path.display();
            UsageError::new(format!(
                "{name} ends neither in .csv nor in .jsonl; say how it is written with --format"
            ))
            .into()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args as _;
    use client::transfer::COLUMNS;

    #[test]
    fn the_help_of_import_names_every_column_that_it_takes() {
        let mut command = ImportArgs::augment_args(clap::Command::new("import"));
        let help = command.render_long_help().to_string();
        for column in &COLUMNS[3..COLUMNS.len() - 2] {
            assert!(help.contains(column), "{column} in\n{help}");
        }
    }
}
