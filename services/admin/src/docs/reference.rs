//! The reference of the management API, a page for each tag of its document.

mod operation;

use super::frame::{framed, start};
use super::markdown::{self, slug};
use super::schema::Schemas;
use super::{GUIDES, REFERENCE};
use askama::Template;
use operation::OperationView;
use pages::{Fixed, Link, NavGroup};
use serde_json::Value;
use std::collections::HashMap;
use utoipa::openapi::OpenApi;

/// The document as it is shown.
#[derive(Debug)]
pub(super) struct Reference {
    title: String,
    version: String,
    public_url: String,
    about_keys: String,
    tags: Vec<TagView>,
    /// Where each operation is, by its method and path with the names of ids left out.
    places: HashMap<String, String>,
}

/// A group of operations.
#[derive(Debug)]
struct TagView {
    name: String,
    about: String,
    href: String,
    operations: Vec<OperationView>,
}

#[derive(Template)]
#[template(path = "reference.html")]
struct Overview<'a> {
    reference: &'a Reference,
}

#[derive(Template)]
#[template(path = "tag.html")]
struct TagContent<'a> {
    tag: &'a TagView,
}

impl Reference {
    /// Makes it of the document.
    pub(super) fn new(document: &OpenApi, public_url: &str) -> Self {
        let document = serde_json::to_value(document).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut reference = Self {
            title: text(&document["info"]["title"]),
            version: text(&document["info"]["version"]),
            public_url: public_url.to_owned(),
            about_keys: markdown::short(&text(
                &document["components"]["securitySchemes"]["admin_key"]["description"],
            )),
            tags: Vec::new(),
            places: HashMap::new(),
        };
        for tag in document["tags"].as_array().into_iter().flatten() {
            let name = text(&tag["name"]);
            reference.tags.push(TagView {
                about: text(&tag["description"]),
                href: format!("{REFERENCE}/{}", slug(&name)),
                operations: operations(&document, &name, public_url),
                name,
            });
        }
        for tag in &reference.tags {
            for operation in &tag.operations {
                let place = format!("{}#{}", tag.href, operation.id);
                reference
                    .places
                    .insert(nameless(operation.method, &operation.path), place);
            }
        }
        reference
    }

    /// Where an operation is that is written as `GET /api/v1/endpoints/{id}`.
    pub(super) fn place(&self, written: &str) -> Option<&str> {
        let (method, path) = written.split_once(' ')?;
        self.places.get(&nameless(method, path)).map(String::as_str)
    }

    fn nav(&self, here: &str) -> [NavGroup; 2] {
        let links = self
            .tags
            .iter()
            .map(|tag| Link::new(&tag.href, &tag.name).current(tag.href == here));
        let tags = NavGroup {
            title: "API reference".into(),
            links: links.collect(),
        };
        [start(here), tags]
    }
}

/// The operations of a tag, in the order of the document.
fn operations(document: &Value, tag: &str, public_url: &str) -> Vec<OperationView> {
    let mut views = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if operation["tags"][0] == tag {
                views.push(OperationView::new(
                    Schemas(document),
                    method,
                    path,
                    operation,
                    public_url,
                ));
            }
        }
    }
    views
}

/// A method and path in which ids have no names.
fn nameless(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut key = method.to_ascii_uppercase();
    for part in path.split('/').skip(1) {
        key.push('/');
        key.push_str(if part.starts_with('{') { "{}" } else { part });
    }
    key
}

/// Adds the pages.
///
/// # Errors
/// When a template cannot be written.
pub(super) fn pages(reference: &Reference, pages: &mut HashMap<String, Fixed>) -> Result<(), askama::Error> {
    let overview = framed(
        "API reference",
        "All operations of the Rollcall management API.",
        &reference.nav(REFERENCE),
        &[],
        Overview { reference },
    )?;
    pages.insert(REFERENCE.to_owned(), Fixed::page(overview));
    let crumbs = [
        Link::new(GUIDES, "Documentation"),
        Link::new(REFERENCE, "API reference"),
    ];
    for tag in &reference.tags {
        let page = framed(
            &tag.name,
            &tag.about,
            &reference.nav(&tag.href),
            &crumbs,
            TagContent { tag },
        )?;
        pages.insert(tag.href.clone(), Fixed::page(page));
    }
    Ok(())
}
