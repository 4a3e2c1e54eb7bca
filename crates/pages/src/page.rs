//! The frame of every page: side bar, crumbs, content.

use crate::words::Words;
use askama::Template;
use std::borrow::Cow;
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
    pub title: Cow<'static, str>,
    /// The links.
    pub links: Vec<Link>,
}

/// Who is logged in.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// What the key or the person is called.
    pub name: &'a str,
    /// Where the form to log out is sent.
    pub logout: &'a str,
}

/// What stands before the name at the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark<'a> {
    /// The mark of Rollcall.
    #[default]
    Rollcall,
    /// The picture at this address.
    Picture(&'a str),
    /// Nothing.
    Nothing,
}

/// How a page looks that is shown in somebody's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look<'a> {
    /// The name at the top.
    pub brand: &'a str,
    /// What stands before it.
    pub mark: Mark<'a>,
    /// The address of a style sheet that comes after ours.
    pub style: Option<&'a str>,
    /// Where somebody goes who is done here.
    pub back: Option<&'a Link>,
}

impl Look<'_> {
    /// In the name of Rollcall itself.
    pub const ROLLCALL: Self = Self {
        brand: "Rollcall",
        mark: Mark::Rollcall,
        style: None,
        back: None,
    };
}

/// A page. `B` is the content, a template of the service that shows it: it escapes what it is given, and is put in as it is.
#[derive(Debug, Template)]
#[template(path = "page.html")]
pub struct Page<'a, B: Display> {
    /// What the page is about, for the title of the window.
    pub title: &'a str,
    /// The same in a sentence, for search engines and previews; empty for pages that only few may see.
    pub description: &'a str,
    /// What the frame says, and in which language.
    pub words: Words,
    /// In whose name it is shown.
    pub look: Look<'a>,
    /// Where the name at the top leads.
    pub home: &'a str,
    /// The side bar.
    pub nav: &'a [NavGroup],
    /// The way to this page, without itself.
    pub crumbs: &'a [Link],
    /// Who is logged in.
    pub account: Option<Account<'a>>,
    /// Where searches are sent, where there is a search.
    pub search: Option<&'a str>,
    /// Whether scripts make the page livelier; it works without.
    pub has_script: bool,
    /// The content, with its `h1`.
    pub body: B,
}

impl<B: Display> Page<'_, B> {
    /// A page for somebody who is not logged in.
    pub const fn plain(title: &str, body: B) -> Page<'_, B> {
        Page {
            title,
            description: "",
            words: Words::ENGLISH,
            look: Look::ROLLCALL,
            home: "/",
            nav: &[],
            crumbs: &[],
            account: None,
            search: None,
            has_script: true,
            body,
        }
    }
}
