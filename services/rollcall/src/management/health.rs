//! `rollcall directories health`: how a directory fares, in words.

use crate::connection::{self, ConnectionArgs};
use crate::output::{Mode, OutputArgs, out};
use client::{Call, Method, Patience};
use serde_json::{Value, json};
use std::io::Write as _;

/// How a directory fares, and what to do.
#[derive(clap::Args, Debug)]
pub(crate) struct HealthArgs {
    /// The directory
    #[arg(value_name = "DIRECTORY")]
    directory: String,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Shows it.
///
/// # Errors
/// What the server refuses, and what cannot be written.
pub(crate) async fn health(arguments: &HealthArgs) -> anyhow::Result<()> {
    let client = connection::client(&arguments.connection, Patience::PERSON)?;
    let call = Call::new(Method::Get, ["directories", &arguments.directory]);
    let directory = client.send(&call).await?.body;
    let members = [
        "health",
        "counts",
        "sync",
        "last_request_at",
        "last_error",
        "last_refusal",
    ];
    let mut out = out();
    if arguments.output.mode() != Mode::People {
        let shown: serde_json::Map<String, Value> = members
            .iter()
            .map(|name| ((*name).to_owned(), directory[*name].clone()))
            .collect();
        writeln!(out, "{}", json!(shown))?;
        return Ok(out.flush()?);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let health = &directory["health"];
    writeln!(out, "{}: {}", text(&directory["name"]), text(&health["state"]))?;
    writeln!(out, "{}", text(&health["sentence"]))?;
    if let Some(remedy) = health["remedy"].as_str() {
        writeln!(out, "{remedy}")?;
    }
    let counts = &directory["counts"];
    writeln!(
        out,
        "{} users, {} of them active, {} groups",
        counts["users"], counts["active_users"], counts["groups"]
    )?;
    for (name, value) in [
        ("last request", &directory["last_request_at"]),
        ("next expected", &directory["sync"]["next_expected_at"]),
        ("last error", &directory["last_error"]),
        ("outlook", &directory["sync"]["quarantine"]["sentence"]),
    ] {
        if let Some(value) = value.as_str() {
            writeln!(out, "{name}: {value}")?;
        }
    }
    Ok(out.flush()?)
}
