//! What the pages of the console have around them, and those of a link.

use crate::brand::way_back;
use crate::door::Door;
use crate::fault::Fault;
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use api::Scope;
use askama::Template;
use pages::{Account, Link, Look, Mark, NavGroup, Page};
use store::PortalLink;

/// Where the console is.
pub(crate) const CONSOLE: &str = "/console";

/// The part of the console that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Organizations,
    Directories,
    Endpoints,
    Events,
    Credentials,
    DeadLetters,
    AuditLog,
    AdminKeys,
    Search,
}

/// A page of the console.
///
/// # Errors
/// When a template cannot be written.
pub(crate) fn console<B: Template>(
    operator: &Operator,
    section: Section,
    title: &str,
    crumbs: &[Link],
    body: &B,
) -> Result<HttpResponse, Fault> {
    console_with(StatusCode::OK, operator, section, title, crumbs, body)
}

/// The same under another status, such as a form that was not taken.
///
/// # Errors
/// When a template cannot be written.
pub(crate) fn console_with<B: Template>(
    status: StatusCode,
    operator: &Operator,
    section: Section,
    title: &str,
    crumbs: &[Link],
    body: &B,
) -> Result<HttpResponse, Fault> {
    let nav = nav(operator, section);
    let page = Page {
        title,
        description: "",
        look: Look::ROLLCALL,
        home: CONSOLE,
        nav: &nav,
        crumbs,
        account: Some(Account {
            name: &operator.name,
            logout: "/console/logout",
        }),
        search: Some("/console/search"),
        has_script: true,
        body: body.render()?,
    };
    Ok(html(status, page.render()?))
}

/// A page for the holder of a link, in the name that the link says.
///
/// # Errors
/// When a template cannot be written.
pub(crate) fn guest<B: Template>(
    door: Door,
    link: &PortalLink,
    status: StatusCode,
    title: &str,
    crumbs: &[Link],
    body: &B,
) -> Result<HttpResponse, Fault> {
    let (style, logo) = (format!("{}/brand.css", door.path()), format!("{}/logo", door.path()));
    let back = way_back(link);
    let look = match &link.brand {
        None => Look::ROLLCALL,
        Some(brand) => Look {
            brand: &brand.name,
            mark: brand.logo.map_or(Mark::Nothing, |_| Mark::Picture(&logo)),
            style: brand.colour.as_ref().map(|_| style.as_str()),
            back: None,
        },
    };
    let page = Page {
        look: Look {
            back: back.as_ref(),
            ..look
        },
        home: door.first_page(),
        crumbs,
        ..Page::plain(title, body.render()?)
    };
    Ok(html(status, page.render()?))
}

/// An answer with a page.
pub(crate) fn html(status: StatusCode, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(html)
}

/// After a form: on to a page that may be read again.
pub(crate) fn to(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

fn nav(operator: &Operator, here: Section) -> Vec<NavGroup> {
    let link = |section: Section, path: &str, label: &str, icon| {
        Link::new(format!("{CONSOLE}{path}"), label)
            .with_icon(icon)
            .current(section == here)
    };
    let mut groups = vec![NavGroup {
        title: "",
        links: vec![
            link(Section::Overview, "", "Overview", "pulse"),
            link(Section::Organizations, "/organizations", "Organizations", "people"),
            link(Section::Directories, "/directories", "Directories", "directory"),
            link(Section::Endpoints, "/endpoints", "Endpoints", "hook"),
            link(Section::Events, "/events", "Events", "clock"),
            link(Section::Credentials, "/credentials", "Credentials", "key"),
        ],
    }];
    if operator.may(Scope::Admin) {
        groups.push(NavGroup {
            title: "Operations",
            links: vec![
                link(Section::DeadLetters, "/dead-letters", "Dead letters", "warn"),
                link(Section::AuditLog, "/audit-log", "Audit log", "document"),
                link(Section::AdminKeys, "/admin-keys", "Admin keys", "lock"),
            ],
        });
    }
    groups.push(NavGroup {
        title: "Help",
        links: vec![
            Link::new("/docs", "Guides").with_icon("book"),
            Link::new("/api/docs", "API reference").with_icon("api"),
        ],
    });
    groups
}
