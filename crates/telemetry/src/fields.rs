//! The fields of a span as JSON text, for log lines inside it.

use std::fmt;
use tracing::span::Record;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormattedFields;
use tracing_subscriber::fmt::format::{FormatFields, JsonFields, Writer};

/// As [`JsonFields`], but a field recorded later is appended. Those parse what is there and write it again, which for a
/// request with a handful of fields costs more than all else about its span; and few spans have a log line at all. A
/// field recorded twice is in the text twice: the writer of a line reads the text as an object, in which the last one
/// counts.
#[derive(Debug, Default)]
pub(crate) struct AppendedFields(JsonFields);

impl AppendedFields {
    pub(crate) fn new() -> Self {
        Self(JsonFields::new())
    }
}

impl<'a> FormatFields<'a> for AppendedFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        self.0.format_fields(writer, fields)
    }

    fn add_fields(&self, current: &'a mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut more = String::new();
        self.0.format_fields(Writer::new(&mut more), fields)?;
        let Some(more) = more.strip_prefix('{').filter(|more| *more != "}") else {
            return Ok(());
        };
        let text = &mut current.fields;
        match text.strip_suffix('}').map(str::len) {
            Some(length) => {
                let is_first = length <= 1;
                text.truncate(length);
                if !is_first {
                    text.push(',');
                }
            }
            None => {
                text.clear();
                text.push('{');
            }
        }
        text.push_str(more);
        Ok(())
    }
}
