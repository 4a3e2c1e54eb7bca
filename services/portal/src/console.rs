//! The console, for operators.

mod connections;
mod directories;
mod directory;
mod event;
mod filter;
mod links;
mod live;
mod names;
mod operations;
mod organizations;
mod overview;
mod receivers;
mod search;
mod sso_apps;
mod trace;

pub(crate) use connections::{certificate_file, end_of_secret};
pub(crate) use directories::PROVIDERS;
pub(crate) use sso_apps::authentication;

use crate::endpoints;
use crate::entry::missing;
use crate::fault::Fault;
use crate::frame::CONSOLE;
use crate::guard::guarded;
use crate::session::Operator;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use std::str::FromStr;

/// Elements of a page of a list.
pub(crate) const PAGE: &str = "50";

pub(crate) fn configure(config: &mut ServiceConfig) {
    let scope = web::scope(CONSOLE)
        .wrap(from_fn(guarded))
        .configure(overview::configure)
        .configure(organizations::configure)
        .configure(directories::configure)
        .configure(directory::configure)
        .configure(links::configure)
        // Before the endpoints: its name would be taken for the id of one.
        .configure(filter::configure)
        .configure(receivers::configure)
        .configure(endpoints::configure::<Operator>)
        .configure(connections::configure)
        .configure(sso_apps::configure)
        .configure(event::configure)
        .configure(operations::configure)
        .configure(trace::configure)
        .configure(search::configure)
        .configure(live::configure)
        .default_service(web::to(missing));
    config.service(scope);
}

/// The address of the next page of a list, with what it is narrowed to.
pub(crate) fn next<'a, T>(
    path: &str,
    list: &'a api::List<T>,
    narrowed: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> Option<String> {
    let cursor = list.next_cursor.as_deref()?;
    let parameters = narrowed.into_iter().chain([("cursor", Some(cursor))]);
    Some(crate::api::query(path, parameters))
}

/// A list with nothing in it.
pub(crate) const fn nothing<T>() -> api::List<T> {
    api::List {
        data: Vec::new(),
        next_cursor: None,
    }
}

/// An id in a path. What is no id names nothing.
///
/// # Errors
/// That there is no such page.
pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::Missing)
}
