//! Which types of events are wanted: names, and globs over them.

use crate::EventType;
use serde::{Deserialize, Serialize};

/// The name of a type (`user.created`), or a glob over the names: `*` stands for any text, so that `user.*`,
/// `group.member_*` and `*` are patterns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventPattern(String);

/// Text that matches no type there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is neither the type of an event nor a pattern that matches one, such as user.*")]
pub struct InvalidPattern(pub String);

impl EventPattern {
    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a stored pattern as it is: a newer version of the program may know a type that this one does not.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// Whether events of this type are meant.
    #[must_use]
    pub fn matches(&self, kind: EventType) -> bool {
        glob(&self.0, kind.as_str())
    }

    /// The types that are meant, in the order of the catalogue.
    pub fn types(&self) -> impl Iterator<Item = EventType> {
        EventType::ALL.iter().copied().filter(|kind| self.matches(*kind))
    }
}

/// Whether the text is what the pattern says; `*` stands for any text, also none.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some((_, after)) = text.split_once(part) else {
            return false;
        };
        text = after;
    }
    true
}

impl std::str::FromStr for EventPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pattern = Self(text.to_owned());
        if pattern.types().next().is_some() {
            Ok(pattern)
        } else {
            Err(InvalidPattern(text.to_owned()))
        }
    }
}

impl From<EventType> for EventPattern {
    fn from(kind: EventType) -> Self {
        Self(kind.as_str().to_owned())
    }
}

impl std::fmt::Display for EventPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EventPattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(pattern: &str) -> Vec<&'static str> {
        let pattern: EventPattern = pattern.parse().unwrap();
        pattern.types().map(EventType::as_str).collect()
    }

    #[test]
    fn a_star_stands_for_any_text() {
        assert_eq!(types("*").len(), EventType::ALL.len());
        assert_eq!(types("group.member_*"), ["group.member_added", "group.member_removed"]);
        assert_eq!(
            types("*.deleted"),
            ["user.deleted", "group.deleted", "directory.deleted"]
        );
        assert_eq!(
            types("user.*ted"),
            [
                "user.created",
                "user.updated",
                "user.deactivated",
                "user.reactivated",
                "user.deleted"
            ]
        );
        assert_eq!(types("g*.*_*d"), ["group.member_added", "group.member_removed"]);
        assert_eq!(types("user.created"), ["user.created"]);
    }

    #[test]
    fn text_that_matches_no_type_is_refused() {
        for text in ["", "user", "users.*", "user.created.*", "USER.*", "user.?", "**x"] {
            assert!(text.parse::<EventPattern>().is_err(), "{text:?}");
        }
    }
}
