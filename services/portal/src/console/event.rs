//! `/console/events/{id}`: one event, what it changed, and who was told of it.

use super::directory::users::endpoint_names;
use super::id;
use crate::fault::Fault;
use crate::filters;
use crate::frame::{Section, console};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Event, EventDetail, HistoryChange, User};
use askama::Template;
use events::{DirectoryId, EndpointId, EventId};
use pages::Link;
use serde_json::Value;
use std::collections::HashMap;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/events/{id}").get(show));
}

/// Whom or what an event is about.
pub(super) struct About {
    pub(super) name: String,
    pub(super) href: String,
}

impl About {
    /// A person of a directory.
    pub(super) fn user(directory: DirectoryId, user: &User) -> Self {
        let name = user.display_name.as_ref().unwrap_or(&user.user_name);
        Self {
            name: name.clone(),
            href: format!("/console/directories/{directory}/users/{}", user.id),
        }
    }

    /// A group of a directory, as an event shows it.
    pub(super) fn group(directory: DirectoryId, group: &Value) -> Option<Self> {
        Self::of(directory, "groups", group, &["display_name"])
    }

    fn of(directory: DirectoryId, collection: &str, shown: &Value, names: &[&str]) -> Option<Self> {
        let id = shown.get("id")?.as_str()?;
        let name = names.iter().find_map(|name| shown.get(name)?.as_str());
        Some(Self {
            name: name.unwrap_or(id).to_owned(),
            href: format!("/console/directories/{directory}/{collection}/{id}"),
        })
    }
}

/// Whom or what an event is about: of a membership the group; nothing where it is about the directory itself.
pub(super) fn about(event: &Event) -> Option<About> {
    let part = |name: &str| event.data.get(name);
    part("group")
        .and_then(|group| About::group(event.directory_id, group))
        .or_else(|| {
            let user = part("user")?;
            About::of(event.directory_id, "users", user, &["display_name", "user_name"])
        })
}

#[derive(Template)]
#[template(path = "console/event.html")]
struct EventPage {
    detail: EventDetail,
    about: Option<About>,
    /// Of a membership, who joined or left.
    member: Option<About>,
    changes: Vec<HistoryChange>,
    /// What the endpoints that were told are called.
    endpoints: HashMap<EndpointId, String>,
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let event: EventId = id(&path)?;
    let detail: EventDetail = operator.api.get(&format!("/events/{event}")).await?;
    let event = &detail.event;
    let changes = event.data.get("changes").cloned().unwrap_or_default();
    let member = event.data.get("group").and_then(|_| {
        let user = event.data.get("user");
        let of = |shown, collection| About::of(event.directory_id, collection, shown, &["display_name", "user_name"]);
        user.and_then(|user| of(user, "users"))
            .or_else(|| of(event.data.get("member")?, "groups"))
    });
    let page = EventPage {
        about: about(event),
        member,
        changes: serde_json::from_value(changes).unwrap_or_default(),
        endpoints: endpoint_names(&operator, detail.told.iter().map(|told| told.endpoint_id)).await?,
        detail,
    };
    let title = page.detail.event.r#type.to_string();
    let crumbs = [Link::new("/console/events", text("events-title"))];
    console(&operator, Section::Events, &title, &crumbs, &page)
}
