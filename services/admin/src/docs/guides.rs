//! The guides, in the program itself.

use super::frame::{framed, start};
use super::markdown::{self, Links, Rendered};
use super::reference::Reference;
use super::{GUIDES, REFERENCE};
use askama::Template;
use pages::{Fixed, Link, NavGroup};
use std::collections::HashMap;

/// Guides that are read by the same people.
struct Shelf {
    title: &'static str,
    about: &'static str,
    guides: &'static [Guide],
}

/// A guide.
#[derive(Clone, Copy)]
struct Guide {
    /// The name of its file without the ending, and of its page.
    name: &'static str,
    /// What it is about, in a sentence.
    about: &'static str,
    text: &'static str,
}

macro_rules! guides {
    ($($name:literal: $about:literal),+ $(,)?) => {
        &[$(Guide {
            name: $name,
            about: $about,
            text: include_str!(concat!("../../guides/", $name, ".md")),
        }),+]
    };
}

/// All guides, in the order in which they are read.
const SHELVES: &[Shelf] = &[
    Shelf {
        title: "Run Rollcall",
        about: "For those who install it and keep it running.",
        guides: guides![
            "first-start": "Start it, and what the first start makes.",
            "settings": "Every flag, variable and key of the settings file.",
            "command-line": "Use the API from a terminal, listen to events, import people.",
            "operations": "Separate services, probes, metrics, and checks of what is stored.",
            "mail": "Who is told by e-mail when something is the matter.",
            "admin-keys": "Scopes, keys of one organization, and who did what.",
            "portal": "The console for operators, and links for IT administrators.",
        ],
    },
    Shelf {
        title: "Connect directories",
        about: "For those who bring people in.",
        guides: guides![
            "connect-entra": "Connect Microsoft Entra ID, step by step.",
            "pull-from-graph": "Read people from Microsoft Graph, in place of waiting for SCIM requests.",
            "single-sign-on": "Let people log in to your apps with their account at work.",
            "directories": "What a directory accepts, and how to change that.",
            "people": "Read and change users and groups with the API.",
            "protection": "What keeps a mistake from becoming a disaster.",
            "credentials": "What ends when, and how to rotate it in time.",
        ],
    },
    Shelf {
        title: "Build apps",
        about: "For developers of apps that follow a directory.",
        guides: guides![
            "webhooks": "Receive events, and verify who sent them.",
            "filter": "Get only the events and attributes that you want.",
            "catch-up": "Get the past, and go on without a gap.",
            "failed-deliveries": "When an app was away or refused an event.",
            "erase": "Forget a person, everywhere.",
        ],
    },
];

fn all() -> impl Iterator<Item = &'static Guide> {
    SHELVES.iter().flat_map(|shelf| shelf.guides)
}

impl Guide {
    fn href(&self) -> String {
        format!("{GUIDES}/{}", self.name)
    }

    /// Its first heading, as it is written.
    fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches('#').trim()
    }
}

/// Links of a guide: to files of other guides, and to the operations that it names.
struct GuideLinks<'a>(&'a Reference);

impl Links for GuideLinks<'_> {
    fn target(&self, written: &str) -> String {
        let (file, anchor) = written
            .split_once('#')
            .map_or((written, None), |(file, anchor)| (file, Some(anchor)));
        let Some(guide) = all().find(|guide| file.strip_suffix(".md") == Some(guide.name)) else {
            return written.to_owned();
        };
        match anchor {
            Some(anchor) => format!("{}#{anchor}", guide.href()),
            None => guide.href(),
        }
    }

    fn about_code(&self, code: &str) -> Option<String> {
        // What is a page of this server is a link here, and only a name where the guide is read elsewhere.
        let is_page = [REFERENCE, GUIDES].contains(&code);
        let place = self.0.place(code).or(is_page.then_some(code));
        place.map(str::to_owned)
    }
}

#[derive(Template)]
#[template(path = "guides.html")]
struct Overview {
    shelves: &'static [Shelf],
}

#[derive(Template)]
#[template(path = "guide.html")]
struct GuideContent<'a> {
    rendered: &'a Rendered,
    source: String,
    previous: Option<&'static Guide>,
    next: Option<&'static Guide>,
}

fn nav(here: &str) -> Vec<NavGroup> {
    let shelf = |shelf: &Shelf| NavGroup {
        title: shelf.title.into(),
        links: shelf
            .guides
            .iter()
            .map(|guide| Link::new(guide.href(), guide.title()).current(guide.href() == here))
            .collect(),
    };
    std::iter::once(start(here)).chain(SHELVES.iter().map(shelf)).collect()
}

/// Adds the pages, and each guide as it was written.
///
/// # Errors
/// When a template cannot be written.
pub(super) fn pages(reference: &Reference, pages: &mut HashMap<String, Fixed>) -> Result<(), askama::Error> {
    let about = "How to run Rollcall, connect directories and build apps that follow them.";
    let overview = framed("Guides", about, &nav(GUIDES), &[], Overview { shelves: SHELVES })?;
    pages.insert(GUIDES.to_owned(), Fixed::page(overview));
    let guides: Vec<_> = all().collect();
    for (index, guide) in guides.iter().enumerate() {
        let rendered = markdown::render(guide.text, &GuideLinks(reference));
        let content = GuideContent {
            rendered: &rendered,
            source: format!("{}.md", guide.href()),
            previous: index.checked_sub(1).map(|before| guides[before]),
            next: guides.get(index + 1).copied(),
        };
        let href = guide.href();
        let page = framed(
            guide.title(),
            guide.about,
            &nav(&href),
            &[Link::new(GUIDES, "Guides")],
            content,
        )?;
        pages.insert(
            format!("{href}.md"),
            Fixed::new("text/markdown; charset=utf-8", guide.text),
        );
        pages.insert(href, Fixed::page(page));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_on_a_shelf_and_begins_with_its_title() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/guides")).unwrap();
        let files: BTreeSet<_> = folder
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let shown: BTreeSet<_> = all().map(|guide| format!("{}.md", guide.name)).collect();
        assert_eq!(files, shown);
        for guide in all() {
            assert!(guide.text.starts_with("# "), "{}", guide.name);
            let reference = Reference::new(&crate::openapi(), "https://rollcall.example");
            let rendered = markdown::render(guide.text, &GuideLinks(&reference));
            assert_eq!(rendered.title, guide.title());
        }
    }

    #[test]
    fn links_between_guides_lead_to_a_guide_and_a_heading_of_it() {
        let reference = Reference::new(&crate::openapi(), "https://rollcall.example");
        let mut pages = HashMap::new();
        super::pages(&reference, &mut pages).unwrap();
        let rendered: HashMap<_, _> = all()
            .map(|guide| (guide.href(), markdown::render(guide.text, &GuideLinks(&reference))))
            .collect();
        let mut count = 0;
        for (href, guide) in &rendered {
            for link in guide.html.split("href=\"").skip(1) {
                let link = link.split('"').next().unwrap();
                let (page, anchor) = link.split_once('#').unwrap_or((link, ""));
                assert!(!page.ends_with(".md"), "{href}: {link}");
                if let Some(other) = rendered.get(page) {
                    assert!(
                        anchor.is_empty() || other.sections.iter().any(|section| section.id == anchor),
                        "{href}: {link}"
                    );
                    count += 1;
                } else {
                    let is_known = page.is_empty()
                        || page.starts_with("https://")
                        || page.starts_with("/api/docs")
                        || page == GUIDES;
                    assert!(is_known, "{href}: {link}");
                }
            }
        }
        assert!(count > 5, "{count} links between guides");
    }
}
