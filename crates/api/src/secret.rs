//! Texts that may be shown to their caller and to nobody else.

use serde::{Deserialize, Serialize};

/// A text that must not get into logs: its `Debug` form is blank.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlainSecret(String);

impl PlainSecret {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for PlainSecret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for PlainSecret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}
