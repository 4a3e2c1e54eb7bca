//! What the pages have around them.

use super::{GUIDES, REFERENCE};
use askama::Template;
use pages::{Link, Look, NavGroup, Page, Words};
use std::fmt::Display;

/// The first links of the side bar. `here` is the path of this page.
pub(super) fn start(here: &str) -> NavGroup {
    let link = |href: &str, label: &str, icon| {
        let is_current = href == here;
        Link::new(href, label).with_icon(icon).current(is_current)
    };
    NavGroup {
        title: "".into(),
        links: vec![
            link(GUIDES, "Guides", "book"),
            link(REFERENCE, "API reference", "api"),
            link(&format!("{REFERENCE}/try"), "Try the API", "play"),
        ],
    }
}

/// Puts a content into its frame.
///
/// # Errors
/// When a template cannot be written.
pub(super) fn framed<B: Display>(
    title: &str,
    description: &str,
    nav: &[NavGroup],
    crumbs: &[Link],
    body: B,
) -> Result<String, askama::Error> {
    let page = Page {
        title,
        description,
        words: Words::ENGLISH,
        look: Look::ROLLCALL,
        home: GUIDES,
        nav,
        crumbs,
        account: None,
        search: None,
        has_script: false,
        body,
    };
    page.render()
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing;

/// The page where there is none.
///
/// # Errors
/// When the template cannot be written.
pub(super) fn missing() -> Result<String, askama::Error> {
    framed(
        "There is no such page",
        "There is no such page.",
        &[start("")],
        &[],
        Missing,
    )
}
