//! `/console/search`: from a word or an id to the page about it.

use super::nothing;
use super::trace::is_trace_id;
use crate::api::query;
use crate::console::directory::users::{beginning, filter};
use crate::fault::Fault;
use crate::filters;
use crate::frame::{Section, console, to};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::{self, Query, ServiceConfig};
use api::{Delivery, Directory, Endpoint, Event, Group, List, Organization, User};
use askama::Template;
use futures_util::future::try_join_all;
use std::collections::HashMap;
use uuid::Uuid;

/// Directories whose people and groups are looked through, and elements of each that are shown.
const DIRECTORIES: &str = "20";
const EACH: &str = "5";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/search").get(search));
}

#[derive(Template)]
#[template(path = "console/search.html")]
struct SearchPage {
    search: String,
    organizations: Vec<Organization>,
    directories: Vec<Directory>,
    endpoints: Vec<Endpoint>,
    users: Vec<User>,
    groups: Vec<Group>,
    /// Whether there are directories that were not looked through.
    is_partial: bool,
}

impl SearchPage {
    fn is_empty(&self) -> bool {
        self.organizations.is_empty()
            && self.directories.is_empty()
            && self.endpoints.is_empty()
            && self.users.is_empty()
            && self.groups.is_empty()
    }
}

async fn search(operator: Operator, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let search = wanted.get("q").map(|text| text.trim().to_owned()).unwrap_or_default();
    if let Ok(id) = search.parse::<Uuid>()
        && let Some(place) = place(&operator, id).await?
    {
        return Ok(to(&place));
    }
    if is_trace_id(&search) {
        return Ok(to(&format!("/console/traces/{}", search.to_ascii_lowercase())));
    }
    let word = search.to_lowercase();
    let directories: List<Directory> = operator
        .api
        .get(&query("/directories", [("limit", Some(DIRECTORIES))]))
        .await?;
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    if !search.is_empty() {
        let ways = |names: &[&str]| [beginning(&search, names), filter(&search, names)];
        let (people, named) = (ways(&["userName", "displayName"]), ways(&["displayName"]));
        // Of all directories at once: one that is slow keeps no other waiting.
        let asked = directories.data.iter().map(async |directory| {
            let users = found::<User>(&operator, directory, "users", &people);
            let groups = found::<Group>(&operator, directory, "groups", &named);
            futures_util::try_join!(users, groups)
        });
        for (more_users, more_groups) in try_join_all(asked).await? {
            users.extend(more_users);
            groups.extend(more_groups);
        }
    }
    let organizations: List<Organization> = operator.api.get("/organizations?limit=100").await?;
    let endpoints: List<Endpoint> = operator.api.get("/endpoints?limit=100").await?;
    let has = |text: &str| !word.is_empty() && text.to_lowercase().contains(&word);
    let is_partial = [
        &directories.next_cursor,
        &organizations.next_cursor,
        &endpoints.next_cursor,
    ]
    .iter()
    .any(|next| next.is_some());
    let page = SearchPage {
        is_partial,
        organizations: organizations
            .data
            .into_iter()
            .filter(|organization| has(&organization.name) || organization.domains.iter().any(|domain| has(domain)))
            .collect(),
        directories: directories
            .data
            .into_iter()
            .filter(|directory| has(&directory.name))
            .collect(),
        endpoints: endpoints
            .data
            .into_iter()
            .filter(|endpoint| has(&endpoint.url_origin) || endpoint.description.as_deref().is_some_and(has))
            .collect(),
        users,
        groups,
        search,
    };
    console(&operator, Section::Search, text("search-title"), &[], &page)
}

/// The first matches in a directory: what begins with the word, which an index finds, or else what has it anywhere, for
/// which all names are read. A search that the directory refuses, or that takes too long there, finds nothing.
async fn found<T: serde::de::DeserializeOwned>(
    operator: &Operator,
    directory: &Directory,
    what: &str,
    ways: &[String; 2],
) -> Result<Vec<T>, Fault> {
    for filter in ways {
        let path = query(
            &format!("/directories/{}/{what}", directory.id),
            [("filter", Some(filter.as_str())), ("limit", Some(EACH))],
        );
        match operator.api.get::<List<T>>(&path).await {
            Ok(list) if list.data.is_empty() => {}
            Ok(list) => return Ok(list.data),
            Err(Fault::Api(_)) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(nothing().data)
}

/// The page about what has an id.
async fn place(operator: &Operator, id: Uuid) -> Result<Option<String>, Fault> {
    let api = &operator.api;
    if api.find::<Directory>(&format!("/directories/{id}")).await?.is_some() {
        return Ok(Some(format!("/console/directories/{id}")));
    }
    if api
        .find::<Organization>(&format!("/organizations/{id}"))
        .await?
        .is_some()
    {
        return Ok(Some(format!("/console/organizations/{id}")));
    }
    if api.find::<Endpoint>(&format!("/endpoints/{id}")).await?.is_some() {
        return Ok(Some(format!("/console/endpoints/{id}")));
    }
    if api.find::<Delivery>(&format!("/deliveries/{id}")).await?.is_some() {
        return Ok(Some(format!("/console/deliveries/{id}")));
    }
    if api.find::<Event>(&format!("/events/{id}")).await?.is_some() {
        return Ok(Some(format!("/console/events/{id}")));
    }
    Ok(None)
}
