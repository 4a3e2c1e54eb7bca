//! The tab Groups, and one group with its members.

use super::users::{filter, names};
use super::{Tab, crumbs, directory, tab};
use crate::api::query;
use crate::console::{PAGE, id, next, nothing};
use crate::fault::Fault;
use crate::filters;
use crate::frame::{Section, console};
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, Query, ServiceConfig};
use api::{Group, HistoryEntry, List, Member, MemberType, Problem};
use askama::Template;
use events::{DirectoryId, EndpointId, ResourceId};
use std::collections::HashMap;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}/groups").get(list))
        .service(web::resource("/directories/{id}/groups/{group}").get(show));
}

#[derive(Template)]
#[template(path = "console/directory/groups.html")]
struct GroupsPage {
    directory: DirectoryId,
    groups: List<Group>,
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
    let filter = filter(&search, &["displayName"]);
    let parameters = [
        ("filter", Some(filter.as_str())),
        ("cursor", wanted.get("cursor").map(String::as_str)),
        ("limit", Some(PAGE)),
    ];
    let path = query(&format!("/directories/{}/groups", directory.id), parameters);
    let (groups, problem) = match operator.api.get(&path).await {
        Ok(groups) => (groups, None),
        Err(Fault::Api(problem)) if (400..500).contains(&problem.status) => (nothing(), Some(problem)),
        Err(fault) => return Err(fault),
    };
    let here = format!("/console/directories/{}/groups", directory.id);
    let page = GroupsPage {
        directory: directory.id,
        next: next(&here, &groups, [("q", Some(search.as_str()))]),
        groups,
        search,
        problem,
    };
    tab(StatusCode::OK, &operator, &directory, Tab::Groups, &page)
}

#[derive(Template)]
#[template(path = "console/directory/group.html")]
struct GroupPage {
    group: Group,
    members: List<Member>,
    /// The groups that this one is a member of.
    within: List<Group>,
    /// The role that it gives its direct members.
    role: Option<String>,
    history: List<HistoryEntry>,
    /// What the endpoints of the history are called.
    endpoints: HashMap<EndpointId, String>,
    next: Option<String>,
}

async fn show(
    operator: Operator,
    path: Path<(String, String)>,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let (of, group) = path.into_inner();
    let (of, group): (DirectoryId, ResourceId) = (id(&of)?, id(&group)?);
    let directory = directory(&operator, of).await?;
    let here = format!("/directories/{of}/groups/{group}");
    let cursor = wanted.get("cursor").map(String::as_str);
    let members = query(&format!("{here}/members"), [("cursor", cursor), ("limit", Some(PAGE))]);
    let members: List<Member> = operator.api.get(&members).await?;
    let history: List<HistoryEntry> = operator.api.get(&format!("{here}/history?limit=10")).await?;
    let next = members
        .next_cursor
        .as_deref()
        .map(|cursor| query(&format!("/console{here}"), [("cursor", Some(cursor))]));
    let filter = format!("members.value eq \"{group}\"");
    let parameters = [("filter", Some(filter.as_str())), ("limit", Some(PAGE))];
    let settings = directory.settings.as_ref();
    let mut rules = settings.into_iter().flat_map(|settings| &settings.group_roles);
    let page = GroupPage {
        within: operator
            .api
            .get(&query(&format!("/directories/{of}/groups"), parameters))
            .await?,
        role: rules.find(|rule| rule.group_id == group).map(|rule| rule.role.clone()),
        group: operator.api.get(&here).await?,
        endpoints: names(&operator, &history.data).await?,
        members,
        history,
        next,
    };
    let title = page.group.display_name.clone();
    console(&operator, Section::Directories, &title, &crumbs(&directory), &page)
}
