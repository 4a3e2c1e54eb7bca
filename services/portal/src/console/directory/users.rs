//! The tab People, and one person.

use super::{Tab, crumbs, directory, tab};
use crate::api::query;
use crate::console::{PAGE, id, next, nothing};
use crate::fault::Fault;
use crate::filters;
use crate::frame::{Section, console};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, Query, ServiceConfig};
use api::{Endpoint, HistoryDelivery, HistoryEntry, List, Problem, Scope, User, UserState};
use askama::Template;
use events::{DirectoryId, EndpointId, ResourceId};
use std::collections::HashMap;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}/users").get(list))
        .service(web::resource("/directories/{id}/users/{user}").get(show));
}

#[derive(Template)]
#[template(path = "console/directory/users.html")]
struct UsersPage {
    directory: DirectoryId,
    users: List<User>,
    next: Option<String>,
    search: String,
    /// Why the search cannot be done.
    problem: Option<Problem>,
}

async fn list(
    operator: Operator,
    path: Path<String>,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    let search = wanted.get("q").cloned().unwrap_or_default();
    let filter = filter(&search, &["userName", "displayName", "emails.value"]);
    let parameters = [
        ("filter", Some(filter.as_str())),
        ("cursor", wanted.get("cursor").map(String::as_str)),
        ("limit", Some(PAGE)),
    ];
    let path = query(&format!("/directories/{}/users", directory.id), parameters);
    let (users, problem) = match operator.api.get(&path).await {
        Ok(users) => (users, None),
        Err(Fault::Api(problem)) if (400..500).contains(&problem.status) => (nothing(), Some(problem)),
        Err(fault) => return Err(fault),
    };
    let here = format!("/console/directories/{}/users", directory.id);
    let page = UsersPage {
        directory: directory.id,
        next: next(&here, &users, [("q", Some(search.as_str()))]),
        users,
        search,
        problem,
    };
    tab(StatusCode::OK, &operator, &directory, Tab::Users, &page)
}

/// What was typed into a search as a SCIM filter: as it is where it is one already.
pub(in crate::console) fn filter(search: &str, attributes: &[&str]) -> String {
    filter_by(search, attributes, "co")
}

/// The same for what names begin with, which an index finds.
pub(in crate::console) fn beginning(search: &str, attributes: &[&str]) -> String {
    filter_by(search, attributes, "sw")
}

fn filter_by(search: &str, attributes: &[&str], operator: &str) -> String {
    const OPERATORS: [&str; 10] = [
        " eq ", " ne ", " co ", " sw ", " ew ", " gt ", " ge ", " lt ", " le ", " pr",
    ];
    let search = search.trim();
    if search.is_empty() || OPERATORS.iter().any(|operator| search.contains(operator)) {
        return search.to_owned();
    }
    // A JSON string, as filters have them (RFC 7644 §3.4.2.2).
    let value = serde_json::Value::from(search).to_string();
    let parts = attributes
        .iter()
        .map(|attribute| format!("{attribute} {operator} {value}"));
    parts.collect::<Vec<_>>().join(" or ")
}

#[derive(Template)]
#[template(path = "console/directory/user.html")]
struct UserPage {
    user: User,
    history: List<HistoryEntry>,
    /// What the endpoints of the history are called.
    endpoints: HashMap<EndpointId, String>,
    /// As of when the person is shown; empty for now.
    at: String,
    next: Option<String>,
}

async fn show(
    operator: Operator,
    path: Path<(String, String)>,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let (of, user) = path.into_inner();
    let (of, user): (DirectoryId, ResourceId) = (id(&of)?, id(&user)?);
    let directory = directory(&operator, of).await?;
    let at = wanted.get("at").cloned().unwrap_or_default();
    let here = format!("/directories/{of}/users/{user}");
    let cursor = wanted.get("cursor").map(String::as_str);
    let history = query(&format!("{here}/history"), [("cursor", cursor), ("limit", Some("20"))]);
    let history: List<HistoryEntry> = operator.api.get(&history).await?;
    let next = history.next_cursor.as_deref().map(|cursor| {
        query(
            &format!("/console{here}"),
            [("cursor", Some(cursor)), ("at", Some(at.as_str()))],
        )
    });
    let page = UserPage {
        user: operator.api.get(&query(&here, [("at", Some(at.as_str()))])).await?,
        endpoints: names(&operator, &history.data).await?,
        history,
        at,
        next,
    };
    let title = page
        .user
        .display_name
        .clone()
        .unwrap_or_else(|| page.user.user_name.clone());
    console(&operator, Section::Directories, &title, &crumbs(&directory), &page)
}

/// What the endpoints of a history are called; only those on the page are asked for.
pub(super) async fn names(operator: &Operator, history: &[HistoryEntry]) -> Result<HashMap<EndpointId, String>, Fault> {
    let told = history.iter().flat_map(|entry| &entry.told);
    endpoint_names(operator, told.map(|told| told.endpoint_id)).await
}

/// What endpoints are called.
pub(in crate::console) async fn endpoint_names(
    operator: &Operator,
    ids: impl Iterator<Item = EndpointId>,
) -> Result<HashMap<EndpointId, String>, Fault> {
    let mut names = HashMap::new();
    if !operator.may(Scope::Read) {
        return Ok(names);
    }
    for id in ids {
        if names.contains_key(&id) {
            continue;
        }
        let endpoint: Option<Endpoint> = operator.api.find(&format!("/endpoints/{id}")).await?;
        let name = endpoint.map(|endpoint| endpoint.description.unwrap_or(endpoint.url_origin));
        names.insert(id, name.unwrap_or_else(|| text("user-told-somebody-else").into()));
    }
    Ok(names)
}

/// That an endpoint was sent an event about somebody, as a line of a table.
struct Line<'a> {
    entry: &'a HistoryEntry,
    told: &'a HistoryDelivery,
    endpoint: &'a str,
}

impl UserPage {
    /// Who was told what, of the events on the page, the newest first.
    fn told(&self) -> Vec<Line<'_>> {
        let entries = self.history.data.iter();
        let lines = entries.flat_map(|entry| entry.told.iter().map(move |told| (entry, told)));
        lines
            .map(|(entry, told)| Line {
                entry,
                told,
                endpoint: self.endpoints.get(&told.endpoint_id).map_or("", String::as_str),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_word_is_looked_for_and_a_filter_stays_one() {
        assert_eq!(filter(" ada ", &["userName"]), "userName co \"ada\"");
        assert_eq!(filter("a\"b", &["a", "b"]), "a co \"a\\\"b\" or b co \"a\\\"b\"");
        assert_eq!(filter("title pr", &["a"]), "title pr");
        assert_eq!(filter("", &["a"]), "");
    }
}
