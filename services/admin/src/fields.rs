//! Reads a JSON body field by field and collects every fault, so that a caller mends them all at once.
//!
//! Written by hand rather than derived: a derived reader stops at the first fault and does not say where it is.

use crate::problem::{Fault, Problem};
use events::Timestamp;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Why a value cannot be used: faults with pointers relative to the value.
#[derive(Debug)]
pub(crate) struct Wrong(Vec<(String, String)>);

impl<T: Into<String>> From<T> for Wrong {
    fn from(detail: T) -> Self {
        Self(vec![(String::new(), detail.into())])
    }
}

impl Wrong {
    /// Faults of parts of the value, each with its JSON Pointer within the value.
    pub(crate) fn below(faults: Vec<(String, String)>) -> Self {
        Self(faults)
    }
}

/// A JSON object that is being read.
#[derive(Debug)]
pub(crate) struct Fields {
    values: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Fields {
    /// Starts reading; every member that is not in `allowed` is a fault that names those that are.
    pub(crate) fn new(values: Map<String, Value>, allowed: &[&str]) -> Self {
        let faults = values
            .keys()
            .filter(|name| !allowed.contains(&name.as_str()))
            .map(|name| {
                let known = if allowed.is_empty() {
                    "none".to_owned()
                } else {
                    allowed.join(", ")
                };
                Fault::at(
                    pointer(name),
                    format!("Unknown field \"{name}\". Allowed here: {known}."),
                )
            });
        Self {
            faults: faults.collect(),
            values,
        }
    }

    /// A member that must be there.
    pub(crate) fn required<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Wrong>) -> Option<T> {
        let value = self.values.remove(name).filter(|value| !value.is_null());
        let Some(value) = value else {
            self.faults
                .push(Fault::at(pointer(name), format!("\"{name}\" is required.")));
            return None;
        };
        self.keep(name, read(&value))
    }

    /// A member that may be missing; `null` means the same.
    pub(crate) fn optional<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Wrong>) -> Option<T> {
        let value = self.values.remove(name).filter(|value| !value.is_null())?;
        self.keep(name, read(&value))
    }

    /// A member of a PATCH that cannot be taken away: `null` is a fault.
    pub(crate) fn change<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Wrong>) -> Option<T> {
        let value = self.values.remove(name)?;
        if value.is_null() {
            self.faults
                .push(Fault::at(pointer(name), format!("\"{name}\" cannot be null.")));
            return None;
        }
        self.keep(name, read(&value))
    }

    /// A member of a PATCH that `null` takes away: the outer `Option` says whether it was named at all.
    pub(crate) fn change_or_clear<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Wrong>,
    ) -> Option<Option<T>> {
        let value = self.values.remove(name)?;
        if value.is_null() {
            return Some(None);
        }
        self.keep(name, read(&value)).map(Some)
    }

    /// Adds a fault of a member.
    pub(crate) fn fault(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.push(Fault::at(pointer(name), detail));
    }

    /// Adds a fault of one element of a list.
    pub(crate) fn fault_below(&mut self, name: &str, index: usize, detail: impl Into<String>) {
        self.faults
            .push(Fault::at(format!("{}/{index}", pointer(name)), detail));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When there was any fault: then what was read must not be used.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.faults))
        }
    }

    fn keep<T>(&mut self, name: &str, read: Result<T, Wrong>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(Wrong(faults)) => {
                let base = pointer(name);
                self.faults.extend(
                    faults
                        .into_iter()
                        .map(|(below, detail)| Fault::at(format!("{base}{below}"), detail)),
                );
                None
            }
        }
    }
}

/// The JSON Pointer to a member of the body, as a URI fragment.
fn pointer(name: &str) -> String {
    format!("#/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A text whose trimmed length, in characters, lies in the range.
pub(crate) fn text(lengths: RangeInclusive<usize>) -> impl Fn(&Value) -> Result<String, Wrong> {
    move |value| {
        let Value::String(text) = value else {
            return Err("Must be a string.".into());
        };
        let trimmed = text.trim();
        if trimmed.chars().any(char::is_control) {
            return Err("Must not contain control characters.".into());
        }
        if !lengths.contains(&trimmed.chars().count()) {
            return Err(format!("Must have {} to {} characters.", lengths.start(), lengths.end()).into());
        }
        Ok(trimmed.to_owned())
    }
}

/// `true` or `false`.
pub(crate) fn flag(value: &Value) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| "Must be true or false.".into())
}

/// A whole number in the range.
pub(crate) fn integer(range: RangeInclusive<i32>) -> impl Fn(&Value) -> Result<i32, Wrong> {
    move |value| {
        let number = value
            .as_i64()
            .and_then(|number| i32::try_from(number).ok())
            .filter(|n| range.contains(n));
        number.ok_or_else(|| format!("Must be a whole number from {} to {}.", range.start(), range.end()).into())
    }
}

/// An id of the given kind, in its text form.
pub(crate) fn id<T: FromStr>(value: &Value) -> Result<T, Wrong> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| "Must be an id (a UUID).".into())
}

/// One of a few words.
pub(crate) fn word<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Value) -> Result<T, Wrong> {
    move |value| {
        let found = value
            .as_str()
            .and_then(|text| words.iter().find(|(word, _)| *word == text));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            format!("Must be one of: {}.", known.join(", ")).into()
        })
    }
}

/// A time, as RFC 3339 text.
pub(crate) fn time(value: &Value) -> Result<Timestamp, Wrong> {
    let at = value.as_str().and_then(|text| text.parse().ok());
    at.ok_or_else(|| "Must be an RFC 3339 time, for example 2030-01-31T12:00:00Z.".into())
}

/// A time later than `now`.
pub(crate) fn time_after(now: Timestamp) -> impl Fn(&Value) -> Result<Timestamp, Wrong> {
    move |value| {
        let at = time(value)?;
        if at > now {
            Ok(at)
        } else {
            Err("Must lie in the future.".into())
        }
    }
}

/// A list whose length lies in the range; the faults of its elements point at them.
pub(crate) fn list<T>(
    lengths: RangeInclusive<usize>,
    read: impl Fn(&Value) -> Result<T, Wrong>,
) -> impl FnOnce(&Value) -> Result<Vec<T>, Wrong> {
    move |value| {
        let Value::Array(values) = value else {
            return Err("Must be a list.".into());
        };
        if !lengths.contains(&values.len()) {
            return Err(format!("Must have {} to {} elements.", lengths.start(), lengths.end()).into());
        }
        let (mut good, mut faults) = (Vec::with_capacity(values.len()), Vec::new());
        for (index, value) in values.iter().enumerate() {
            match read(value) {
                Ok(value) => good.push(value),
                Err(Wrong(wrong)) => {
                    faults.extend(
                        wrong
                            .into_iter()
                            .map(|(below, detail)| (format!("/{index}{below}"), detail)),
                    );
                }
            }
        }
        if faults.is_empty() {
            Ok(good)
        } else {
            Err(Wrong(faults))
        }
    }
}

/// An object with these members; their faults point at them.
pub(crate) fn object<T>(
    allowed: &'static [&'static str],
    read: impl Fn(&mut Fields) -> Option<T>,
) -> impl Fn(&Value) -> Result<T, Wrong> {
    move |value| {
        let Value::Object(members) = value else {
            return Err(format!("Must be an object with {}.", allowed.join(", ")).into());
        };
        let mut fields = Fields::new(members.clone(), allowed);
        match read(&mut fields) {
            Some(good) if fields.faults.is_empty() => Ok(good),
            _ => {
                let below = |fault: Fault| fault.pointer.unwrap_or_default().trim_start_matches('#').to_owned();
                let faults = fields.faults.into_iter();
                Err(Wrong(
                    faults.map(|fault| (below(fault.clone()), fault.detail)).collect(),
                ))
            }
        }
    }
}

/// The faults of the members of an object, each pointing at its member.
pub(crate) fn member_faults(faults: impl IntoIterator<Item = (String, String)>) -> Wrong {
    let escaped = faults
        .into_iter()
        .map(|(name, detail)| (pointer(&name).trim_start_matches('#').to_owned(), detail));
    Wrong(escaped.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use serde_json::json;

    fn fields(value: &Value, allowed: &[&str]) -> Fields {
        Fields::new(value.as_object().unwrap().clone(), allowed)
    }

    #[test]
    fn every_fault_is_reported_with_its_place() {
        let body = json!({"name": "", "ids": ["x", "0190f5a4-3b1e-7c3a-8d2f-000000000001"], "typo/here": 1});
        let mut fields = fields(&body, &["name", "ids", "url"]);
        fields.required("name", text(1..=10));
        fields.optional("ids", list(0..=5, id::<events::DirectoryId>));
        fields.required("url", text(1..=10));
        let faults: Vec<_> = fields
            .faults
            .iter()
            .filter_map(|fault| fault.pointer.as_deref())
            .collect();
        assert_eq!(faults, ["#/typo~1here", "#/name", "#/ids/0", "#/url"]);
        assert!(fields.faults[0].detail.contains("name, ids, url"));
        assert_eq!(fields.finish().unwrap_err().status_code(), 422);
    }

    #[test]
    fn null_clears_only_what_may_be_cleared() {
        let body = json!({"name": null, "description": null});
        let mut fields = fields(&body, &["name", "description"]);
        assert_eq!(fields.change("name", text(1..=10)), None);
        assert_eq!(fields.change_or_clear("description", text(1..=10)), Some(None));
        assert_eq!(fields.change_or_clear("other", text(1..=10)), None);
        assert_eq!(fields.faults, [Fault::at("#/name", "\"name\" cannot be null.")]);
    }

    #[test]
    fn text_is_measured_in_characters_after_trimming() {
        assert_eq!(text(1..=4)(&json!("  žluť ")).unwrap(), "žluť");
        assert!(text(1..=4)(&json!("   ")).is_err());
        assert!(text(1..=9)(&json!("a\u{0}b")).is_err());
    }
}
