//! Export: the users of a directory, page by page, into a file that can be imported.

use super::Format;
use super::person::{BETWEEN_GROUPS, COLUMNS};
use crate::call::{Call, Method};
use crate::connection::Client;
use crate::error::ClientError;
use crate::pages::Pages;
use serde_json::Value;
use std::io::{self, Write};

/// Users asked for at once, the most that the API gives.
const PAGE: u16 = 100;

/// Why an export is not whole.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be written.
    #[error("the export cannot be written")]
    Output(#[from] io::Error),
    /// The server does not give it.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Writes all users of a directory; `tell` hears how many are written.
///
/// # Errors
/// See [`ExportError`]; what was written until then is not whole.
pub async fn export(
    client: &Client,
    directory: &str,
    format: Format,
    out: &mut impl Write,
    mut tell: impl FnMut(u64),
) -> Result<u64, ExportError> {
    let call = Call::new(Method::Get, ["directories", directory, "users"]).with("limit", PAGE.to_string());
    let mut pages = Pages::new(client, call, "cursor");
    let mut written = 0;
    if format == Format::Csv {
        write_row(out, COLUMNS.map(str::to_owned))?;
    }
    while let Some(page) = pages.next::<Value>().await? {
        for user in &page.data {
            match format {
                Format::Jsonl => writeln!(out, "{user}")?,
                Format::Csv => write_row(out, COLUMNS.map(|column| cell(user, column)))?,
            }
            written += 1;
        }
        tell(written);
    }
    out.flush()?;
    Ok(written)
}

fn write_row(out: &mut impl Write, cells: [String; COLUMNS.len()]) -> io::Result<()> {
    let mut row = csv::WriterBuilder::new().from_writer(Vec::new());
    row.write_record(cells).map_err(io::Error::other)?;
    let row = row.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&row)
}

fn cell(user: &Value, column: &str) -> String {
    match (column, &user[column]) {
        ("groups", Value::Array(groups)) => {
            let names: Vec<&str> = groups
                .iter()
                .filter_map(|group| group["display_name"].as_str())
                .collect();
            names.join(&BETWEEN_GROUPS.to_string())
        }
        // One that a group gives is not the user's own.
        ("role", _) if user["raw"]["roles"].as_array().is_none_or(Vec::is_empty) => String::new(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => String::new(),
        (_, other) => other.to_string(),
    }
}
