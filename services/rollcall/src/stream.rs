//! `rollcall events tail` and what it has in common with `rollcall listen`: which events, and from where on.

use crate::connection::{self, ConnectionArgs};
use crate::output::{Mode, OutputArgs, out};
use api::EventStreamParameters;
use client::{EventStream, Patience, StreamItem, StreamedEvent};
use events::{DirectoryId, OrganizationId};
use serde_json::Value;
use std::io::Write as _;

// Which events of the log. (As documentation, clap would show it as that of the command.)
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct StreamArgs {
    /// Only events of these types: names and globs such as user.*, with commas
    #[arg(long, value_name = "TYPES")]
    types: Option<String>,
    /// Only events of this directory
    #[arg(long, value_name = "ID")]
    directory: Option<DirectoryId>,
    /// Only events of this organization
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// Only what comes after: the id of an event, 0 for the beginning, oldest, or newest for what happens from now on
    #[arg(long, value_name = "PLACE", default_value = "newest")]
    after: String,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Print events as they happen
///
/// It goes on over every interruption where it was, without a loss, until Ctrl-C. With --jsonl each event is printed as its
/// webhook has it.
#[derive(clap::Args, Debug)]
pub(crate) struct TailArgs {
    /// End after so many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    stream: StreamArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl StreamArgs {
    /// The stream.
    ///
    /// # Errors
    /// When no server is named.
    pub(crate) fn open(&self) -> anyhow::Result<EventStream> {
        let parameters = EventStreamParameters {
            directory_id: self.directory,
            organization_id: self.organization,
            types: self.types.clone(),
            after: Some(self.after.clone()),
        };
        Ok(EventStream::new(
            connection::client(&self.connection, Patience::NONE)?,
            parameters,
        ))
    }
}

/// The next event; tells on stderr of what happens to the stream.
///
/// # Errors
/// When the server refuses the stream for good.
pub(crate) async fn next_event(stream: &mut EventStream) -> anyhow::Result<StreamedEvent> {
    loop {
        match stream.next().await? {
            StreamItem::Event(event) => return Ok(event),
            StreamItem::Connected => eprintln!("listening"),
            StreamItem::Interrupted { reason, pause } => {
                eprintln!("interrupted: {reason}; again in {:.1} s", pause.as_secs_f32());
            }
        }
    }
}

/// Prints events.
///
/// # Errors
/// When the server refuses the stream for good, and when they cannot be written.
pub(crate) async fn tail(arguments: &TailArgs) -> anyhow::Result<()> {
    let mut stream = arguments.stream.open()?;
    let mut left = arguments.count.unwrap_or(u64::MAX);
    let mut out = out();
    while left > 0 {
        let event = tokio::select! {
            event = next_event(&mut stream) => event?,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        };
        match arguments.output.mode() {
            Mode::People => writeln!(out, "{}", line(&event))?,
            Mode::Json => {
                let body: Value = serde_json::from_str(&event.body)?;
                writeln!(out, "{}", serde_json::to_string_pretty(&body)?)?;
            }
            Mode::Jsonl => writeln!(out, "{}", event.body)?,
        }
        out.flush()?;
        left -= 1;
    }
    if let Some(last) = stream.last() {
        eprintln!("to go on where this ends: --after {last}");
    }
    Ok(())
}

/// An event on a line: when, what, about whom, and its place.
pub(crate) fn line(event: &StreamedEvent) -> String {
    let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
    let data = &body["data"];
    let about = ["user", "group", "directory", "endpoint", "session", "key"]
        .iter()
        .find_map(|what| named(&data[*what]))
        .unwrap_or_default();
    let member = data["member"].as_object().and_then(|_| named(&data["member"]));
    let about = member.map_or(about.clone(), |member| format!("{about} · {member}"));
    format!(
        "{}  {:<28} {}  #{} {}",
        body["timestamp"].as_str().unwrap_or_default(),
        event.kind,
        clean(&about),
        body["sequence"],
        event.id
    )
}

fn named(object: &Value) -> Option<String> {
    let names = ["user_name", "display_name", "name", "id"];
    names.iter().find_map(|name| object[*name].as_str()).map(str::to_owned)
}

/// A name from elsewhere must not move the cursor of a terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|one| if one.is_control() { '\u{fffd}' } else { one })
        .collect()
}
