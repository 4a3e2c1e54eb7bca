//! Messages with markup: a few elements that every message may have, and links whose addresses the page says.

use super::language;
use crate::filters;
use askama::filters::{Escaper as _, Html, HtmlSafe};
use events::Timestamp;
use fluent_bundle::FluentArgs;
use std::fmt::{Display, Formatter, Result, Write as _};

/// The elements that a message may have, by the name that they have there.
pub(super) const ELEMENTS: [(&str, &str, &str); 5] = [
    ("b", "<b>", "</b>"),
    ("strong", "<strong>", "</strong>"),
    ("code", "<code>", "</code>"),
    // For those who hear the page.
    ("hidden", "<span class=\"hidden\">", "</span>"),
    ("quiet", "<span class=\"quiet\">", "</span>"),
];
/// What stands in a message for its first value; the next letters stand for the others. Private use: no language writes them.
const FIRST_VALUE: u32 = 0xE000;

/// A message with markup. What it says and what is put into it is escaped; elements are only those that it may have.
#[derive(Debug)]
pub(crate) struct Markup {
    key: &'static str,
    arguments: FluentArgs<'static>,
    /// HTML that is put in.
    values: Vec<String>,
    /// The names of links, and their tags.
    links: Vec<(&'static str, String)>,
}

/// The message of this key, whose elements are elements of the page.
pub(crate) fn markup(key: &'static str) -> Markup {
    Markup {
        key,
        arguments: FluentArgs::new(),
        values: Vec::new(),
        links: Vec::new(),
    }
}

impl Markup {
    /// The same with a text in it.
    #[must_use]
    pub(crate) fn with(self, name: &'static str, value: impl Display) -> Self {
        self.html(name, escaped(&value.to_string()))
    }

    /// The same with a time in it, as the filter `when` writes it.
    #[must_use]
    pub(crate) fn when(self, name: &'static str, at: &Timestamp) -> Self {
        self.html(name, filters::time(*at))
    }

    /// The same where the element of this name is a link to an address.
    #[must_use]
    pub(crate) fn link(mut self, name: &'static str, href: impl Display) -> Self {
        let tag = format!("<a href=\"{}\">", escaped(&href.to_string()));
        self.links.push((name, tag));
        self
    }

    fn html(mut self, name: &'static str, html: String) -> Self {
        let place = u32::try_from(self.values.len())
            .ok()
            .and_then(|index| char::from_u32(FIRST_VALUE + index));
        self.arguments.set(name, place.map(String::from).unwrap_or_default());
        self.values.push(html);
        self
    }

    /// What a letter of the message stands for.
    fn value(&self, letter: char) -> Option<&str> {
        let index = u32::from(letter).checked_sub(FIRST_VALUE)?;
        self.values.get(usize::try_from(index).ok()?).map(String::as_str)
    }

    /// The tag of an element, as `strong` or `/strong` names it.
    fn tag(&self, name: &str) -> Option<&str> {
        let (name, is_end) = name.strip_prefix('/').map_or((name, false), |name| (name, true));
        let own = ELEMENTS.iter().find(|(known, ..)| *known == name);
        if let Some((_, start, end)) = own {
            return Some(if is_end { end } else { start });
        }
        let (_, start) = self.links.iter().find(|(known, _)| *known == name)?;
        Some(if is_end { "</a>" } else { start })
    }
}

impl Display for Markup {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let said = language::said(self.key, &self.arguments);
        let mut rest = said.chars();
        while let Some(letter) = rest.next() {
            let after = (letter == '<').then(|| rest.as_str().split_once('>')).flatten();
            if let Some((tag, after)) = after.and_then(|(name, after)| Some((self.tag(name)?, after))) {
                f.write_str(tag)?;
                rest = after.chars();
            } else if let Some(value) = self.value(letter) {
                f.write_str(value)?;
            } else {
                Html.write_escaped_char(&mut *f, letter)?;
            }
        }
        Ok(())
    }
}

// Everything that it writes is escaped, or one of the elements above.
impl HtmlSafe for Markup {}

/// A text as HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        // Writing to a String cannot fail.
        let _ = match u32::from(letter) {
            // A value is no place of another one.
            private @ 0xE000..=0xF8FF => write!(html, "&#{private};"),
            _ => Html.write_escaped_char(&mut html, letter),
        };
    }
    html
}

#[cfg(test)]
mod tests {
    use super::markup;

    #[test]
    fn what_is_put_in_brings_no_markup_and_takes_no_place_of_another_value() {
        let said = markup("organization-check-record").with("domain", "<b>\u{e000}&\"");
        let said = said.to_string();
        assert!(said.contains("&#60;b&#62;&#57344;&#38;&#34;"), "{said}");
    }

    #[test]
    fn elements_that_a_message_may_not_have_are_shown_as_they_are_written() {
        let said = markup("login-key-hint").to_string();
        assert!(said.contains("&#60;name&#62;"), "{said}");
        let said = markup("filter-filter-hint").to_string();
        assert!(said.contains("<code>department eq &#34;Sales&#34;</code>"), "{said}");
    }
}
