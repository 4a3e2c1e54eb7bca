//! `/console/connections`: the identity providers that people prove themselves to, and the apps that they log in to.

mod acts;
mod make;
mod people;
mod show;

pub(crate) use acts::certificate_file;
pub(crate) use make::end_of_secret;

use super::names::names;
use super::next;
use crate::api::query;
use crate::fault::Fault;
use crate::filters;
use crate::frame::{Section, console};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::{self, Query, ServiceConfig};
use api::{Connection, List, Scope, SsoClient};
use askama::Template;
use pages::Link;
use std::collections::HashMap;

pub(super) const HERE: &str = "/console/connections";
/// Elements of a page of a list here: each is looked up by its id elsewhere.
const ROWS: &str = "20";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/connections").get(list).post(make::create))
        .service(web::resource("/connections/new").get(make::new))
        .service(web::resource("/connections/{id}").get(show::show).post(acts::update))
        .service(web::resource("/connections/{id}/provider").post(acts::provider))
        .service(web::resource("/connections/{id}/state").post(acts::switch))
        .service(web::resource("/connections/{id}/check").post(acts::check))
        .service(web::resource("/connections/{id}/secret").post(acts::set_secret))
        .service(web::resource("/connections/{id}/key").post(acts::make_key))
        .service(web::resource("/connections/{id}/certificate").get(acts::certificate))
        .service(web::resource("/connections/{id}/sessions/{session}/end").post(acts::end_session))
        .service(web::resource("/connections/{id}/console-access").post(people::set))
        .service(web::resource("/connections/{id}/console-access/delete").post(people::close))
        .service(web::resource("/connections/{id}/delete").post(acts::delete));
}

#[derive(Template)]
#[template(path = "console/connections.html")]
struct ConnectionsPage {
    connections: List<Connection>,
    next: Option<String>,
    /// The apps, where the list is not of one organization or directory.
    apps: Option<List<SsoClient>>,
    next_apps: Option<String>,
    organizations: HashMap<String, String>,
    directories: HashMap<String, String>,
    /// Where one is made, for what the list is narrowed to.
    new: String,
    may_change: bool,
}

impl ConnectionsPage {
    /// What an organization or a directory is called; the end of its id, where that is not known.
    fn name(names: &HashMap<String, String>, id: &impl ToString) -> String {
        let id = id.to_string();
        let end = || id.chars().skip(id.chars().count().saturating_sub(8)).collect();
        names.get(&id).cloned().unwrap_or_else(end)
    }
}

async fn list(operator: Operator, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let wanted = |name: &str| wanted.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let (organization, directory) = (wanted("organization"), wanted("directory"));
    let parameters = [
        ("organization_id", organization),
        ("directory_id", directory),
        ("cursor", wanted("cursor")),
        ("limit", Some(ROWS)),
    ];
    let connections: List<Connection> = operator.api.get(&query("/connections", parameters)).await?;
    let apps: Option<List<SsoClient>> = match (organization, directory) {
        (None, None) => {
            let parameters = [("cursor", wanted("apps")), ("limit", Some(ROWS))];
            Some(operator.api.get(&query("/sso-clients", parameters)).await?)
        }
        _ => None,
    };
    let narrowed = [("organization", organization), ("directory", directory)];
    let owners = connections.data.iter().map(|connection| connection.organization_id);
    let own_apps = apps.iter().flat_map(|apps| &apps.data);
    let owners = owners.chain(own_apps.filter_map(|app| app.organization_id));
    let page = ConnectionsPage {
        next: next(HERE, &connections, narrowed),
        next_apps: apps.as_ref().and_then(|apps| {
            let cursor = apps.next_cursor.as_deref()?;
            Some(query(HERE, [("apps", Some(cursor))]))
        }),
        organizations: names(&operator, "/organizations", owners).await?,
        directories: names(
            &operator,
            "/directories",
            connections.data.iter().map(|connection| connection.directory_id),
        )
        .await?,
        connections,
        apps,
        new: query(&format!("{HERE}/new"), narrowed),
        may_change: operator.may(Scope::Connections),
    };
    console(&operator, Section::SingleSignOn, text("connections-title"), &[], &page)
}

pub(super) fn crumb() -> Link {
    Link::new(HERE, text("connections-title"))
}
