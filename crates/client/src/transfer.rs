//! Files of people into a directory and out of it, over the API: CSV and JSON lines.
//!
//! Import sends each line as the API takes people, so it travels like any change. Lines go in portions, several at a time; a
//! state file beside the input says which portions are done, and each line has an idempotency key of its own. So an import
//! that is broken off goes on where it was, and does nothing twice.

mod export;
mod import;
mod input;
pub(crate) mod key;
mod memberships;
mod person;
mod state;

pub use export::{ExportError, export};
pub use import::{ImportError, ImportOptions, ImportReport, News, import};
pub use person::COLUMNS;

use std::path::Path;

/// How a file says who the people are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// A JSON object a line.
    Jsonl,
}

impl Format {
    /// The format that the ending of a file's name says: `.csv`, `.jsonl` or `.ndjson`.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}
