//! The frame of every page: side bar, crumbs, content.

use askama::Template;
use std::fmt::Display;

/// A link of the side bar or of the crumbs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub label: String,
    /// The name of a symbol of `icons.svg`; none where it is empty.
    pub icon: &'static str,
    /// Whether it leads to this page.
    pub is_current: bool,
}

impl Link {
    /// A link without an icon, to another page.
    pub fn new(href: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            href: href.into(),
            label: label.into(),
            ..Self::default()
        }
    }

    /// The same with a symbol of `icons.svg`.
    #[must_use]
    pub fn with_icon(self, icon: &'static str) -> Self {
        Self { icon, ..self }
    }

    /// The same, marked where it leads to this page.
    #[must_use]
    pub fn current(self, is_current: bool) -> Self {
        Self { is_current, ..self }
    }
}

/// Links of the side bar that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NavGroup {
    /// What they have in common; nothing for the first group.
    pub title: &'static str,
    /// The links.
    pub links: Vec<Link>,
}

/// A page. `B` is the content, a template of the service that shows it: it escapes what it is given, and is put in as it is.
#[derive(Debug, Template)]
#[template(path = "page.html")]
pub struct Page<'a, B: Display> {
    /// What the page is about, for the title of the window.
    pub title: &'a str,
    /// The same in a sentence, for search engines and previews.
    pub description: &'a str,
    /// Where the name of the product leads.
    pub home: &'a str,
    /// The side bar.
    pub nav: &'a [NavGroup],
    /// The way to this page, without itself.
    pub crumbs: &'a [Link],
    /// The content, with its `h1`.
    pub body: B,
}
