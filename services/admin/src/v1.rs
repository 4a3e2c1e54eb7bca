//! The management API: every route on one screen.

mod deliveries;
mod directories;
mod endpoints;
mod event_types;
mod events;
mod federation;
mod keys;
mod oauth_clients;
mod organizations;
mod users;

pub(crate) use self::events::stream::Streams;
pub(crate) use keys::about as about_key;

use crate::auth::authenticate;
use crate::problem::{Kind, Problem};
use crate::state::State;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route, guard};
use api::List;

/// Where the routes are.
const PREFIX: &str = "/api/v1";

type Routes = &'static [(Method, &'static str, fn() -> Route)];

/// All routes below [`PREFIX`]. Those of one path stand together.
const ROUTES: Routes = &[
    (Method::POST, "/organizations", || {
        web::post().to(organizations::create::handler)
    }),
    (Method::GET, "/organizations", || {
        web::get().to(organizations::list::handler)
    }),
    (Method::GET, "/organizations/{id}", || {
        web::get().to(organizations::get::handler)
    }),
    (Method::POST, "/directories", || {
        web::post().to(directories::create::handler)
    }),
    (Method::GET, "/directories", || {
        web::get().to(directories::list::handler)
    }),
    (Method::GET, "/directories/{id}", || {
        web::get().to(directories::get::handler)
    }),
    (Method::PATCH, "/directories/{id}", || {
        web::patch().to(directories::update::handler)
    }),
    (Method::DELETE, "/directories/{id}", || {
        web::delete().to(directories::delete::handler)
    }),
    (Method::POST, "/directories/{id}/release", || {
        web::post().to(directories::release::handler)
    }),
    (Method::POST, "/directories/{id}/keys", || {
        web::post().to(keys::create::handler)
    }),
    (Method::GET, "/directories/{id}/keys", || {
        web::get().to(keys::list::handler)
    }),
    (Method::PATCH, "/directories/{id}/keys/{key_id}", || {
        web::patch().to(keys::update::handler)
    }),
    (Method::DELETE, "/directories/{id}/keys/{key_id}", || {
        web::delete().to(keys::revoke::handler)
    }),
    (Method::GET, "/directories/{id}/keys/{key_id}/token", || {
        web::get().to(keys::token::handler)
    }),
    (Method::POST, "/directories/{id}/oauth-clients", || {
        web::post().to(oauth_clients::create::handler)
    }),
    (Method::GET, "/directories/{id}/oauth-clients", || {
        web::get().to(oauth_clients::list::handler)
    }),
    (Method::DELETE, "/directories/{id}/oauth-clients/{client_id}", || {
        web::delete().to(oauth_clients::revoke::handler)
    }),
    (Method::PUT, "/directories/{id}/federation", || {
        web::put().to(federation::set::handler)
    }),
    (Method::GET, "/directories/{id}/federation", || {
        web::get().to(federation::get::handler)
    }),
    (Method::DELETE, "/directories/{id}/federation", || {
        web::delete().to(federation::delete::handler)
    }),
    (Method::POST, "/endpoints", || {
        web::post().to(endpoints::create::handler)
    }),
    (Method::GET, "/endpoints", || web::get().to(endpoints::list::handler)),
    (Method::GET, "/endpoints/{id}", || {
        web::get().to(endpoints::get::handler)
    }),
    (Method::PATCH, "/endpoints/{id}", || {
        web::patch().to(endpoints::update::handler)
    }),
    (Method::DELETE, "/endpoints/{id}", || {
        web::delete().to(endpoints::delete::handler)
    }),
    (Method::GET, "/endpoints/{id}/secret", || {
        web::get().to(endpoints::secret::handler)
    }),
    (Method::POST, "/endpoints/{id}/rotate-secret", || {
        web::post().to(endpoints::rotate_secret::handler)
    }),
    (Method::POST, "/endpoints/{id}/replay", || {
        web::post().to(endpoints::replay::handler)
    }),
    (Method::POST, "/endpoints/{id}/enable", || {
        web::post().to(endpoints::enable::handler)
    }),
    (Method::GET, "/endpoints/{id}/stats", || {
        web::get().to(endpoints::stats::handler)
    }),
    (Method::GET, "/deliveries", || web::get().to(deliveries::list::handler)),
    (Method::GET, "/deliveries/{id}", || {
        web::get().to(deliveries::get::handler)
    }),
    (Method::POST, "/deliveries/{id}/retry", || {
        web::post().to(deliveries::retry::handler)
    }),
    (Method::POST, "/deliveries/{id}/cancel", || {
        web::post().to(deliveries::cancel::handler)
    }),
    (Method::POST, "/endpoints/{id}/test", || {
        web::post().to(endpoints::test::handler)
    }),
    (Method::DELETE, "/directories/{id}/users/{user_id}", || {
        web::delete().to(users::delete::handler)
    }),
    (Method::GET, "/events/stream", || web::get().to(events::stream::handler)),
    (Method::GET, "/events", || web::get().to(events::list::handler)),
    (Method::GET, "/event-types", || {
        web::get().to(event_types::list::handler)
    }),
];

/// Every route as method and full path, with `{…}` where an id goes.
pub fn routes() -> impl Iterator<Item = (Method, String)> {
    ROUTES
        .iter()
        .map(|(method, path, _)| (method.clone(), format!("{PREFIX}{path}")))
}

/// Mounts the management API: everything below `/api` belongs to it.
pub fn configure(state: State) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let data = web::Data::new(state);
    move |config| {
        crate::well_known::configure(data.as_ref().clone(), config);
        let mut v1 = web::scope("/v1").app_data(data.clone()).wrap(from_fn(authenticate));
        for path in ROUTES.chunk_by(|(_, a, _), (_, b, _)| a == b) {
            v1 = v1.service(resource(path));
        }
        let v1 = v1.default_service(web::to(unknown_path));
        config.service(web::scope("/api").service(v1).default_service(web::to(unknown_path)));
    }
}

/// One path with its methods; any other method is told which there are.
fn resource(routes: Routes) -> Resource {
    let path = routes.first().map_or("", |(_, path, _)| *path);
    let allowed = allowed(routes);
    let mut resource = web::resource(path);
    for (_, _, handler) in routes {
        resource = resource.route(handler());
    }
    let told = allowed.clone();
    let options = move || std::future::ready(runtime::http::options(&told));
    resource = resource.route(web::route().guard(guard::Options()).to(options));
    resource.default_service(web::to(move || {
        let allowed = allowed.clone();
        async move { Err::<HttpResponse, _>(method_not_allowed(&allowed)) }
    }))
}

/// What a path takes, as `Allow` tells it: HEAD wherever there is GET (the server of every program sees to that), and
/// OPTIONS.
fn allowed(routes: Routes) -> String {
    let mut methods = Vec::with_capacity(routes.len() + 2);
    for (method, ..) in routes {
        methods.push(method.as_str());
        if *method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

fn method_not_allowed(allowed: &str) -> Problem {
    let problem = Problem::new(Kind::MethodNotAllowed, format!("This path takes {allowed} only."));
    match HeaderValue::from_str(allowed) {
        Ok(value) => problem.with_header(header::ALLOW, value),
        Err(_) => problem,
    }
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        Kind::NotFound,
        "There is nothing at this path of the management API.",
    ))
}

/// A page of a list as the API shows it.
fn page<R, T>(list: store::List<R>, shown: impl FnMut(R) -> T) -> List<T> {
    List {
        data: list.data.into_iter().map(shown).collect(),
        next_cursor: list.next_cursor,
    }
}
