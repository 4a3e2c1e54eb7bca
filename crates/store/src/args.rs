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
        Self {
            dialect,
            values: Vec::new(),
        }
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
        let json = serde_json::Value::from_iter(texts).to_string();
        let placeholder = self.bind(json);
        match self.dialect {
            Dialect::Postgres => format!("SELECT jsonb_array_elements_text({placeholder}::jsonb)"),
            Dialect::Sqlite => format!("SELECT value FROM json_each({placeholder})"),
        }
    }

    /// The statement with its values. Values whose placeholder was not used after all are left out and the others
    /// numbered again: the driver keeps prepared statements by their text, so one text must always go with values of
    /// the same number and types.
    pub(crate) fn finish(self, text: &str) -> (String, Vec<Value>) {
        let mut used: Vec<usize> = Vec::new();
        let mut out = String::with_capacity(text.len());
        let mut parts = text.split('$');
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let (number, rest) = part.split_at(digits);
            out.push('$');
            match number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
                Some(index) => {
                    let place = used.iter().position(|known| *known == index).unwrap_or_else(|| {
                        used.push(index);
                        used.len() - 1
                    });
                    out.push_str(&(place + 1).to_string());
                }
                // A `$` that is part of a JSON path.
                None => out.push_str(number),
            }
            out.push_str(rest);
        }
        let values = used
            .into_iter()
            .filter_map(|index| self.values.get(index).cloned())
            .collect();
        (out, values)
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, Dialect, Value};

    #[test]
    fn values_that_are_not_used_are_left_out() {
        let mut args = Args::new(Dialect::Sqlite);
        let (first, unused, third) = (args.bind("a"), args.bind("b"), args.bind(3));
        assert_eq!(unused, "$2");
        let text = format!("x = {third} OR json_extract(y, '$.value') = {first} OR z = {third}");
        let (text, values) = args.finish(&text);
        assert_eq!(text, "x = $1 OR json_extract(y, '$.value') = $2 OR z = $1");
        assert_eq!(values, [Value::from(3), Value::from("a")]);
    }
}
