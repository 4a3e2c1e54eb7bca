//! What the pages of the console have around them, and those of a link.

use crate::brand::way_back;
use crate::door::Door;
use crate::fault::Fault;
use crate::session::Operator;
use crate::texts::{Text, language, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use api::Scope;
use askama::Template;
use pages::{Account, Link, Look, Mark, NavGroup, Page, Words};
use std::fmt::Display;
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
    SingleSignOn,
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
    title: impl Into<String>,
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
    title: impl Into<String>,
    crumbs: &[Link],
    body: &B,
) -> Result<HttpResponse, Fault> {
    let title = title.into();
    let nav = nav(operator, section);
    let page = Page {
        title: &title,
        description: "",
        words: words(),
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
    title: impl Into<String>,
    crumbs: &[Link],
    body: &B,
) -> Result<HttpResponse, Fault> {
    let title = title.into();
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
        ..plain(&title, body.render()?)
    };
    Ok(html(status, page.render()?))
}

/// A page for somebody who is not logged in.
pub(crate) fn plain<B: Display>(title: &str, body: B) -> Page<'_, B> {
    Page {
        words: words(),
        ..Page::plain(title, body)
    }
}

/// What is around a page, in the language that is spoken.
fn words() -> Words {
    Words {
        language: language().into(),
        skip: text("frame-skip").to_string().into(),
        main: text("frame-main").to_string().into(),
        way: text("frame-way").to_string().into(),
        search_label: text("frame-search-label").to_string().into(),
        search: text("frame-search").to_string().into(),
        log_out: text("frame-log-out").to_string().into(),
        copied: text("frame-copied").to_string().into(),
        just_now: text("time-just-now").to_string().into(),
    }
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
    let link = |section: Section, path: &str, label: Text, icon| {
        Link::new(format!("{CONSOLE}{path}"), label)
            .with_icon(icon)
            .current(section == here)
    };
    let mut groups = vec![NavGroup {
        title: "".into(),
        links: vec![
            link(Section::Overview, "", text("nav-overview"), "pulse"),
            link(
                Section::Organizations,
                "/organizations",
                text("nav-organizations"),
                "people",
            ),
            link(
                Section::Directories,
                "/directories",
                text("nav-directories"),
                "directory",
            ),
            link(Section::Endpoints, "/endpoints", text("nav-endpoints"), "hook"),
            link(
                Section::SingleSignOn,
                "/connections",
                text("nav-single-sign-on"),
                "lock",
            ),
            link(Section::Events, "/events", text("nav-events"), "clock"),
            link(Section::Credentials, "/credentials", text("nav-credentials"), "key"),
        ],
    }];
    if operator.may(Scope::Admin) {
        groups.push(NavGroup {
            title: text("nav-operations").to_string().into(),
            links: vec![
                link(Section::DeadLetters, "/dead-letters", text("nav-dead-letters"), "warn"),
                link(Section::AuditLog, "/audit-log", text("nav-audit-log"), "document"),
                link(Section::AdminKeys, "/admin-keys", text("nav-admin-keys"), "lock"),
            ],
        });
    }
    groups.push(NavGroup {
        title: text("nav-help").to_string().into(),
        links: vec![
            Link::new("/docs", text("nav-guides")).with_icon("book"),
            Link::new("/api/docs", text("nav-api-reference")).with_icon("api"),
        ],
    });
    groups
}
