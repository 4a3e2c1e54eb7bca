//! The members of a JSON object whose names come once each, read by name and type.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// What is wrong with an object or with a member of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberError {
    /// It is no JSON object.
    Unreadable,
    /// A name comes twice, so that two readers may see two values.
    Duplicate,
    /// This member is not there.
    Missing(&'static str),
    /// This member is of another type.
    Type(&'static str),
}

/// A JSON object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members(pub(crate) Map<String, Value>);

impl Members {
    /// Reads an object; a name that comes twice at its top makes it unreadable.
    pub(crate) fn read(json: &[u8]) -> Result<Self, MemberError> {
        match serde_json::from_slice::<Once>(json) {
            Ok(Once { members, twice: false }) => Ok(Self(members)),
            Ok(_) => Err(MemberError::Duplicate),
            Err(_) => Err(MemberError::Unreadable),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text, if the member is there.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, MemberError> {
        self.value(name, Value::as_str)
    }

    /// A text, which must be there.
    pub(crate) fn needed_text(&self, name: &'static str) -> Result<&str, MemberError> {
        self.text(name)?.ok_or(MemberError::Missing(name))
    }

    /// Texts: none when the member is missing.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<String>, MemberError> {
        let all = |value: &Value| -> Option<Vec<String>> {
            let texts = value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
            texts.collect()
        };
        Ok(self.value(name, all)?.unwrap_or_default())
    }

    /// One text, or a list of them: none when the member is missing.
    pub(crate) fn one_or_more_texts(&self, name: &'static str) -> Result<Vec<String>, MemberError> {
        match self.0.get(name) {
            Some(Value::String(one)) => Ok(vec![one.clone()]),
            _ => self.texts(name),
        }
    }

    /// Seconds since 1970 (`NumericDate` of RFC 7519 §2, which may have a fraction), if the member is there.
    pub(crate) fn seconds(&self, name: &'static str) -> Result<Option<i64>, MemberError> {
        // A cast from f64 ends at the nearest integer that there is.
        let whole = |number: f64| number.floor() as i64;
        self.value(name, |value| value.as_i64().or_else(|| value.as_f64().map(whole)))
    }

    /// Seconds since 1970, which must be there.
    pub(crate) fn needed_seconds(&self, name: &'static str) -> Result<i64, MemberError> {
        self.seconds(name)?.ok_or(MemberError::Missing(name))
    }

    fn value<'m, T>(
        &'m self,
        name: &'static str,
        read: impl FnOnce(&'m Value) -> Option<T>,
    ) -> Result<Option<T>, MemberError> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or(MemberError::Type(name))
    }
}

/// An object, and whether one of its names came twice.
struct Once {
    members: Map<String, Value>,
    twice: bool,
}

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Once;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
                let mut once = Once {
                    members: Map::new(),
                    twice: false,
                };
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    once.twice |= once.members.insert(name, value).is_some();
                }
                Ok(once)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Members {
        Members::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_that_comes_twice_and_what_is_no_object_are_told_apart() {
        let error = |json: &str| Members::read(json.as_bytes()).unwrap_err();
        assert_eq!(error(r#"{"a":1,"b":2,"a":1}"#), MemberError::Duplicate);
        assert_eq!(error(r#"{"a":1,"\u0061":1}"#), MemberError::Duplicate);
        for json in ["[]", "7", "", "{", r#"{"a":1}{}"#, "\u{feff}{}"] {
            assert_eq!(error(json), MemberError::Unreadable, "{json}");
        }
    }

    #[test]
    fn a_member_of_another_type_is_not_taken_for_a_missing_one() {
        let members = members(r#"{"n":null,"t":"x","l":["x"],"m":["x",1]}"#);
        assert_eq!(members.text("missing"), Ok(None));
        assert_eq!(members.needed_text("missing"), Err(MemberError::Missing("missing")));
        assert_eq!(members.text("n"), Err(MemberError::Type("n")));
        assert_eq!(members.text("t"), Ok(Some("x")));
        assert_eq!(members.texts("t"), Err(MemberError::Type("t")));
        assert_eq!(members.one_or_more_texts("t"), Ok(vec!["x".to_owned()]));
        assert_eq!(members.one_or_more_texts("l"), Ok(vec!["x".to_owned()]));
        assert_eq!(members.texts("m"), Err(MemberError::Type("m")));
    }

    #[test]
    fn seconds_may_have_a_fraction_and_any_size() {
        let members = members(r#"{"a":1800000000.9,"b":1e300,"c":-1,"d":"1"}"#);
        assert_eq!(members.seconds("a"), Ok(Some(1_800_000_000)));
        assert_eq!(members.seconds("b"), Ok(Some(i64::MAX)));
        assert_eq!(members.seconds("c"), Ok(Some(-1)));
        assert_eq!(members.needed_seconds("d"), Err(MemberError::Type("d")));
    }
}
