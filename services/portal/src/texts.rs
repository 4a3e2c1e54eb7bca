//! What the portal says, in the language of whoever asks.
//!
//! All words stand in `texts/en.ftl`, as messages of [Fluent](https://projectfluent.org); a translation is one more such file.
//! Pages and code name a message by its key: [`text`] says it as it is, [`markup`] with the few elements that a sentence may
//! have. What is put into a message has the name that the message gives it.

#[cfg(test)]
mod checks;
mod language;
mod markup;
mod number;

pub(crate) use language::{chosen, in_language, language};
pub(crate) use markup::{escaped, markup};

use fluent_bundle::FluentArgs;
use number::Number;
use std::fmt::{Display, Formatter, Result};

/// A message without markup. On a page it is escaped as any other text.
#[derive(Debug)]
pub(crate) struct Text {
    key: &'static str,
    arguments: FluentArgs<'static>,
}

/// The message of this key.
pub(crate) fn text(key: &'static str) -> Text {
    Text {
        key,
        arguments: FluentArgs::new(),
    }
}

impl Text {
    /// The same with a text in it.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.arguments.set(name, value.to_string());
        self
    }

    /// The same with a number of things in it. The message may choose its words by it, and has its thousands apart.
    #[must_use]
    pub(crate) fn count(mut self, name: &'static str, value: impl Number) -> Self {
        self.arguments.set(name, value.value());
        self
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        language::said(self.key, &self.arguments).is_empty()
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&language::said(self.key, &self.arguments))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        language::said(text.key, &text.arguments)
    }
}

/// The key of a message that takes nothing, where a table names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextKey(pub(crate) &'static str);

impl TextKey {
    /// The message.
    pub(crate) fn text(self) -> Text {
        text(self.0)
    }
}

impl Display for TextKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.text().fmt(f)
    }
}
