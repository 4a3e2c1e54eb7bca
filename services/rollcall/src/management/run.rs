//! A command of the API, from what was typed to what is shown.

use super::arguments::{call, wants_all};
use super::operations::{Operation, operations};
use super::tables::{ListTable, object};
use crate::connection::{self, ConnectionArgs};
use crate::output::{Mode, OutputArgs, out};
use crate::usage::UsageError;
use clap::{ArgMatches, FromArgMatches as _};
use client::{Call, Client, Page, Pages, Patience};
use serde_json::Value;
use std::io::Write;

/// Runs a command of a group.
///
/// # Errors
/// What was typed wrong, what the server refuses, and what cannot be written.
pub(crate) async fn run(group: &str, matches: &ArgMatches) -> anyhow::Result<()> {
    let (verb, matches) = matches
        .subcommand()
        .ok_or_else(|| UsageError::new("a command is missing"))?;
    let operation = operations()
        .iter()
        .find(|operation| operation.group == group && operation.verb == verb)
        .ok_or_else(|| UsageError::new(format!("there is no command {group} {verb}")))?;
    let mode = OutputArgs::from_arg_matches(matches)?.mode();
    let call = call(operation, matches).map_err(UsageError::new)?;
    let client = connection::client(&ConnectionArgs::from_arg_matches(matches)?, Patience::PERSON)?;
    let mut out = out();
    match operation.cursor {
        Some(cursor) if wants_all(operation, matches) => {
            let call = with_largest_pages(operation, call, matches);
            all(operation, Pages::new(&client, call, cursor), mode, &mut out).await
        }
        _ => one(&client, operation, &call, mode, &mut out).await,
    }
}

/// Fewer requests, where the person did not say how many.
fn with_largest_pages(operation: &Operation, call: Call, matches: &ArgMatches) -> Call {
    let has_limit = operation.parameters.iter().any(|parameter| parameter.name == "limit");
    if has_limit && !matches.contains_id("query.limit") {
        call.with("limit", "100")
    } else {
        call
    }
}

async fn one(
    client: &Client,
    operation: &Operation,
    call: &Call,
    mode: Mode,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let body = client.send(call).await?.body;
    match mode {
        _ if body.is_null() => {
            if mode == Mode::People {
                writeln!(out, "done")?;
            }
        }
        Mode::Json => writeln!(out, "{}", serde_json::to_string_pretty(&body)?)?,
        Mode::Jsonl => match body["data"].as_array().filter(|_| operation.is_list) {
            Some(data) => lines(out, data)?,
            None => writeln!(out, "{body}")?,
        },
        Mode::People => match body["data"].as_array().filter(|_| operation.is_list) {
            Some(data) => {
                ListTable::default().page(out, operation.shows.as_deref(), data)?;
                // Where a machine reads, the table is all that it gets.
                if body["next_cursor"].is_string() {
                    let way = operation.cursor.map_or(String::new(), |cursor| {
                        let next = body["next_cursor"].as_str().unwrap_or_default();
                        format!("; --all shows all of them, and --{cursor} {next} the next page")
                    });
                    out.flush()?;
                    eprintln!("There are more{way}.");
                }
            }
            None => object(out, &body)?,
        },
    }
    Ok(out.flush()?)
}

/// All pages, of which one is held at a time.
async fn all(operation: &Operation, mut pages: Pages<'_>, mode: Mode, out: &mut impl Write) -> anyhow::Result<()> {
    let mut table = ListTable::default();
    let mut is_first = true;
    if mode == Mode::Json {
        write!(out, "{{\"data\": [")?;
    }
    while let Some(Page { data, .. }) = pages.next::<Value>().await? {
        match mode {
            Mode::People => table.page(out, operation.shows.as_deref(), &data)?,
            Mode::Jsonl => lines(out, &data)?,
            Mode::Json => {
                for one in &data {
                    let comma = if std::mem::take(&mut is_first) { "" } else { "," };
                    write!(out, "{comma}\n{one}")?;
                }
            }
        }
        // What is piped on is worked on while the next page comes.
        out.flush()?;
    }
    if mode == Mode::Json {
        writeln!(out, "\n], \"next_cursor\": null}}")?;
    }
    Ok(out.flush()?)
}

fn lines(out: &mut impl Write, data: &[Value]) -> anyhow::Result<()> {
    for one in data {
        writeln!(out, "{one}")?;
    }
    Ok(())
}
