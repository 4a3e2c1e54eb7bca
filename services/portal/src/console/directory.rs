//! `/console/directories/{id}`: one directory, in tabs.

mod activity;
mod danger;
mod events;
mod graph;
mod groups;
mod keys;
mod mapping;
mod preview;
mod settings;
mod setup;
pub(super) mod users;

use super::directories::{HERE, crumb};
use crate::fault::Fault;
use crate::filters;
use crate::form::Errors;
use crate::frame::{Section, console_with};
use crate::session::Operator;
use crate::texts::{Text, text};
use ::events::DirectoryId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use api::{Directory, HealthState, QuarantineOutlook};
use askama::Template;
use pages::Link;

pub(super) fn configure(config: &mut ServiceConfig) {
    activity::configure(config);
    setup::configure(config);
    graph::configure(config);
    users::configure(config);
    groups::configure(config);
    events::configure(config);
    mapping::configure(config);
    preview::configure(config);
    keys::configure(config);
    settings::configure(config);
    danger::configure(config);
}

/// The tabs of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Activity,
    Setup,
    Graph,
    Users,
    Groups,
    Events,
    Mapping,
    Preview,
    Keys,
    Settings,
    Danger,
}

impl Tab {
    const ALL: [Self; 11] = [
        Self::Activity,
        Self::Setup,
        Self::Graph,
        Self::Users,
        Self::Groups,
        Self::Events,
        Self::Mapping,
        Self::Preview,
        Self::Keys,
        Self::Settings,
        Self::Danger,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Activity => "",
            Self::Setup => "/setup",
            Self::Graph => "/graph",
            Self::Users => "/users",
            Self::Groups => "/groups",
            Self::Events => "/events",
            Self::Mapping => "/mapping",
            Self::Preview => "/preview",
            Self::Keys => "/keys",
            Self::Settings => "/settings",
            Self::Danger => "/danger",
        }
    }

    fn label(self) -> Text {
        match self {
            Self::Activity => text("directory-tab-activity"),
            Self::Setup => text("directory-tab-setup"),
            Self::Graph => text("directory-tab-graph"),
            Self::Users => text("directory-tab-people"),
            Self::Groups => text("directory-tab-groups"),
            Self::Events => text("directory-tab-events"),
            Self::Mapping => text("directory-tab-mapping"),
            Self::Preview => text("directory-tab-preview"),
            Self::Keys => text("directory-tab-keys"),
            Self::Settings => text("directory-tab-settings"),
            Self::Danger => text("directory-tab-danger"),
        }
    }
}

/// Where a directory is in the console.
fn here(id: DirectoryId) -> String {
    format!("{HERE}/{id}")
}

/// The status of a page with a form.
const fn status(errors: &Errors) -> StatusCode {
    match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// What all tabs have above them: the state in a sentence, and the figures.
#[derive(Template)]
#[template(path = "console/directory/head.html")]
struct Head<'a> {
    directory: &'a Directory,
    tab: Tab,
    /// Whether the sentence is good news, or something to look after.
    kind: &'static str,
}

/// The directory of a path, if this operator may see it.
async fn directory(operator: &Operator, id: DirectoryId) -> Result<Directory, Fault> {
    operator.api.get(&format!("/directories/{id}")).await
}

/// A tab in its frame.
fn tab<B: Template>(
    status: StatusCode,
    operator: &Operator,
    directory: &Directory,
    tab: Tab,
    body: &B,
) -> Result<HttpResponse, Fault> {
    let page = TabPage {
        head: Head {
            directory,
            tab,
            kind: kind(directory),
        },
        body: body.render()?,
    };
    let title = match tab {
        Tab::Activity => directory.name.clone(),
        other => text("directory-page-title")
            .with("directory", &directory.name)
            .with("tab", other.label())
            .into(),
    };
    console_with(status, operator, Section::Directories, &title, &[crumb()], &page)
}

#[derive(Template)]
#[template(source = "{{ head|safe }}\n{{ body|safe }}", ext = "html")]
struct TabPage<'a> {
    head: Head<'a>,
    body: String,
}

/// The way to a page below a tab.
fn crumbs(directory: &Directory) -> [Link; 2] {
    [crumb(), Link::new(here(directory.id), &directory.name)]
}

const fn kind(directory: &Directory) -> &'static str {
    match directory.health.state {
        HealthState::Active | HealthState::Testing => "",
        HealthState::Waiting | HealthState::Silent | HealthState::Paused => "warn",
        HealthState::Failing | HealthState::Held => "bad",
    }
}
