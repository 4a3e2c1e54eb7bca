//! The management API: every operation on one screen, and a file for each.

mod cycles;
mod deliveries;
mod directories;
mod endpoints;
mod event_types;
mod events;
mod federation;
mod groups;
mod keys;
mod oauth_clients;
mod organizations;
mod preview;
mod requests;
mod table;
mod users;

use actix_web::http::Method;
use api::List;
pub(crate) use table::Operation;
use table::routes;

/// Where the operations are.
pub(crate) const PREFIX: &str = "/api/v1";

/// All operations below [`PREFIX`]. Those of one path stand together.
const ROUTES: &[fn() -> Operation] = &routes![
    organizations::create,
    organizations::list,
    organizations::get,
    directories::create,
    directories::list,
    directories::get,
    directories::update,
    directories::delete,
    directories::release,
    directories::attribute_paths,
    requests::list,
    requests::get,
    cycles::list,
    keys::create,
    keys::list,
    keys::update,
    keys::revoke,
    keys::token,
    oauth_clients::create,
    oauth_clients::list,
    oauth_clients::revoke,
    federation::set,
    federation::get,
    federation::delete,
    endpoints::create,
    endpoints::list,
    endpoints::get,
    endpoints::update,
    endpoints::delete,
    endpoints::secret,
    endpoints::rotate_secret,
    endpoints::replay,
    endpoints::enable,
    endpoints::stats,
    deliveries::list,
    deliveries::get,
    deliveries::retry,
    deliveries::cancel,
    endpoints::test,
    preview::create,
    users::create,
    users::list,
    users::get,
    users::update,
    users::delete,
    users::history,
    groups::create,
    groups::list,
    groups::get,
    groups::update,
    groups::delete,
    groups::members,
    groups::history,
    events::stream,
    events::list,
    event_types::list,
];

/// Every route as method and full path, with `{…}` where an id goes.
pub fn routes() -> impl Iterator<Item = (Method, String)> {
    operations().map(|operation| (operation.method, format!("{PREFIX}{}", operation.path)))
}

/// The operations of the table.
pub(crate) fn operations() -> impl Iterator<Item = Operation> {
    ROUTES.iter().map(|operation| operation())
}

/// A page of a list as the API shows it.
fn page<R, T>(list: store::List<R>, shown: impl FnMut(R) -> T) -> List<T> {
    List {
        data: list.data.into_iter().map(shown).collect(),
        next_cursor: list.next_cursor,
    }
}
