//! The management API: every operation on one screen, and a file for each.

mod activity;
mod admin_keys;
mod audit_log;
mod connections;
mod contacts;
mod credentials;
mod cycles;
mod dead_letters;
mod deliveries;
mod directories;
mod endpoints;
mod event_types;
mod events;
mod federation;
mod graph;
mod groups;
mod keys;
mod oauth_clients;
mod organizations;
mod portal_links;
mod preview;
mod requests;
mod sample_people;
mod sso_clients;
mod sso_sessions;
mod sso_streams;
mod table;
mod users;

pub(crate) use admin_keys::shown as about_admin_key;

use actix_web::http::Method;
use api::List;
pub(crate) use table::Operation;
use table::routes;

/// Where the operations are.
pub(crate) const PREFIX: &str = "/api/v1";

/// All operations below [`PREFIX`], each with the scope that it needs. Those of one path stand together.
const ROUTES: &[fn() -> Operation] = &routes![
    Directories: organizations::create,
    Read: organizations::list narrowed,
    Read: organizations::get,
    Directories: organizations::update,
    Directories: organizations::delete,
    Directories: organizations::verify,
    Directories: directories::create narrowed,
    Read: directories::list narrowed,
    Read: directories::get,
    Directories: directories::update,
    Directories: directories::delete,
    Directories: directories::release,
    Read: directories::attribute_paths,
    Directories: sample_people::send,
    Directories: sample_people::remove,
    Read: requests::list,
    Read: requests::get,
    Read: cycles::list,
    Directories: keys::create,
    Read: keys::list,
    Directories: keys::update,
    Directories: keys::revoke,
    Directories: keys::token,
    Directories: keys::rotate,
    Directories: oauth_clients::create,
    Read: oauth_clients::list,
    Directories: oauth_clients::revoke,
    Directories: federation::set,
    Read: federation::get,
    Directories: federation::delete,
    Directories: graph::create,
    Read: graph::get,
    Directories: graph::update,
    Directories: graph::delete,
    Directories: graph::pause,
    Directories: graph::resume,
    Directories: graph::release,
    Read: graph::certificate,
    Directories: graph::credentials::create,
    Directories: graph::credentials::activate,
    Directories: graph::credentials::delete,
    Directories: graph::test,
    Directories: graph::sync,
    Read: graph::status,
    Read: graph::drift,
    Connections: connections::create narrowed,
    Read: connections::list narrowed,
    Read: connections::get,
    Connections: connections::update,
    Connections: connections::delete,
    Connections: connections::key,
    Read: connections::certificate,
    Connections: connections::client_secret,
    Read: connections::bindings::get,
    Connections: connections::bindings::delete,
    Admin: connections::console_access::set,
    Admin: connections::console_access::get,
    Admin: connections::console_access::delete,
    Read: sso_sessions::list,
    Connections: sso_sessions::end,
    Connections: sso_clients::create narrowed,
    Read: sso_clients::list narrowed,
    Read: sso_clients::get,
    Connections: sso_clients::update,
    Connections: sso_clients::delete,
    Connections: sso_clients::rotate_secret,
    Read: sso_streams::list,
    Connections: sso_streams::delete,
    ManageEndpoints: endpoints::create narrowed,
    ViewEndpoints: endpoints::list narrowed,
    Read: endpoints::preview_filter narrowed,
    ViewEndpoints: endpoints::get,
    ManageEndpoints: endpoints::update,
    ManageEndpoints: endpoints::delete,
    RevealEndpoints: endpoints::secret,
    ManageEndpoints: endpoints::rotate_secret,
    ResendDeliveries: endpoints::replay,
    ManageEndpoints: endpoints::enable,
    ViewEndpoints: endpoints::stats,
    ViewEndpoints: deliveries::list narrowed,
    ViewEndpoints: deliveries::get,
    ResendDeliveries: deliveries::retry,
    ResendDeliveries: deliveries::cancel,
    ManageEndpoints: endpoints::test,
    ManageEndpoints: endpoints::receivers::create narrowed,
    ViewEndpoints: endpoints::receivers::list narrowed,
    ManageEndpoints: endpoints::receivers::get,
    ManageEndpoints: endpoints::receivers::delete,
    Read: preview::create,
    Read: preview::group_roles,
    Directories: users::create,
    Read: users::list,
    Read: users::get,
    Directories: users::update,
    Directories: users::delete,
    Read: users::history,
    Directories: groups::create,
    Read: groups::list,
    Read: groups::get,
    Directories: groups::update,
    Directories: groups::delete,
    Read: groups::members,
    Read: groups::history,
    Read: events::stream narrowed,
    Read: events::list narrowed,
    Read: events::get,
    ViewEndpoints: event_types::list narrowed,
    Directories: portal_links::create narrowed,
    Read: portal_links::list narrowed,
    Directories: portal_links::revoke,
    Admin: admin_keys::create narrowed,
    Admin: admin_keys::list narrowed,
    Admin: admin_keys::get,
    Admin: admin_keys::delete,
    Admin: audit_log::list narrowed,
    Read: credentials::list narrowed,
    Read: activity::get,
    Admin: dead_letters::list,
    Admin: dead_letters::redrive,
    Admin: dead_letters::discard,
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
