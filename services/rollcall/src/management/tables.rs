//! Answers as people read them: a table of a list, and the members of one object below each other.

use super::rows::{cell, columns, text};
use crate::output::width;
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde_json::Value;
use std::io::{self, Write};

/// Members that are shown on demand only (`--json`): long, and told by others.
const LONG: [&str; 2] = ["raw", "schema"];

/// A list that comes page by page; all pages have the widths of the first.
#[derive(Debug, Default)]
pub(super) struct ListTable {
    columns: Vec<String>,
    widths: Vec<u16>,
}

impl ListTable {
    /// Writes a page.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn page(&mut self, out: &mut impl Write, schema: Option<&str>, data: &[Value]) -> io::Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let is_first = self.columns.is_empty();
        if is_first {
            self.columns = columns(schema, data.first());
        }
        let mut table = bare();
        if is_first {
            table.set_header(self.columns.iter().map(|column| heading(column)));
        }
        for object in data {
            table.add_row(
                self.columns
                    .iter()
                    .map(|column| Cell::new(clean(&cell(object, column)))),
            );
        }
        if is_first {
            self.widths = table.column_max_content_widths();
        } else {
            for (column, width) in table.column_iter_mut().zip(&self.widths) {
                // With the two spaces behind it.
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width.saturating_add(2))));
            }
        }
        write(out, table)
    }
}

/// Writes the members of one object.
///
/// # Errors
/// When it cannot be written.
pub(super) fn object(out: &mut impl Write, object: &Value) -> io::Result<()> {
    let mut rows = Vec::new();
    flatten("", object, &mut rows);
    let mut table = bare();
    for (name, value) in rows {
        table.add_row([Cell::new(name), Cell::new(clean(&value))]);
    }
    write(out, table)
}

/// Writes a table: columns with two spaces between them.
fn write(out: &mut impl Write, mut table: Table) -> io::Result<()> {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Members of members have a dot in their name.
fn flatten(before: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    let Value::Object(members) = value else {
        rows.push((before.to_owned(), text(value)));
        return;
    };
    for (name, value) in members.iter().filter(|(name, _)| !LONG.contains(&name.as_str())) {
        let name = if before.is_empty() {
            name.clone()
        } else {
            format!("{before}.{name}")
        };
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(&name, value, rows),
            Value::Object(_) => rows.push((name, String::new())),
            Value::Array(all) if all.iter().any(Value::is_object) => {
                for (index, one) in all.iter().enumerate() {
                    flatten(&format!("{name}.{index}"), one, rows);
                }
            }
            plain => rows.push((name, text(plain))),
        }
    }
}

fn bare() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width() {
        table.set_width(width);
    }
    table
}

fn heading(column: &str) -> Cell {
    Cell::new(column.replace(['_', '.'], " ").to_ascii_uppercase())
}

/// Without control characters: a name from elsewhere must not move the cursor of a terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|one| if one.is_control() { '\u{fffd}' } else { one })
        .collect()
}
