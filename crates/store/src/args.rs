//! Values of a statement that is put together piece by piece.

use crate::Dialect;
use sea_orm::Value;
use std::fmt::Write as _;

/// Collects bound values and hands out their placeholders, so that text from outside never enters a statement.
#[derive(Debug)]
pub(crate) struct Args {
    dialect: Dialect,
    values: Vec<Value>,
}

impl Args {
    pub(crate) const fn new(dialect: Dialect) -> Self {
        Self { dialect, values: Vec::new() }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Binds a value; the placeholder to write in its place.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        let mut placeholder = String::with_capacity(4);
        // Writing to a String cannot fail.
        let _ = write!(placeholder, "${}", self.values.len());
        placeholder
    }

    /// Binds a list of texts as one parameter; a subselect with one column that yields them.
    pub(crate) fn bind_texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> String {
        let json = serde_json::Value::from_iter(texts.into_iter()).to_string();
        let placeholder = self.bind(json);
        match self.dialect {
            Dialect::Postgres => format!("SELECT jsonb_array_elements_text({placeholder}::jsonb)"),
            Dialect::Sqlite => format!("SELECT value FROM json_each({placeholder})"),
        }
    }

    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values
    }
}
