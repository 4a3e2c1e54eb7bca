//! What is served below a base URL: every endpoint on one screen.

use crate::{State, bulk, discovery, groups, nowhere, oauth, path, root, usage, users};
use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Resource, Route, Scope, guard, web};
use runtime::http;

/// The two forms of a base URL, in the spelling that requests are brought to.
const BASES: [&str; 2] = ["/directories/{directory_id}/scim/v2", "/org/{domain}/scim/v2"];

/// What is done at a path, as actix registers it.
type Handler = fn() -> Route;

/// What is served at one path.
pub(crate) struct RouteSpec {
    /// Below the base URL.
    pub(crate) path: &'static str,
    /// Its name in spans and measurements: few names, and none that holds an id.
    name: &'static str,
    /// What the methods do. A HEAD arrives as a GET: the server of every program sees to that.
    methods: &'static [(Method, Handler)],
    /// What all other methods do.
    other: Handler,
}

/// `endpoint!(path, name; METHOD handler, …)`, and `else handler` where other methods are no mistake of the client's, or
/// are answered in another form.
macro_rules! endpoint {
    ($path:literal, $name:literal; $($method:ident $handler:path),*) => {
        endpoint!($path, $name; $($method $handler),*; else nowhere::not_allowed)
    };
    ($path:literal, $name:literal; $($method:ident $handler:path),*; else $other:path) => {
        RouteSpec {
            path: $path,
            name: $name,
            methods: &[$((Method::$method, || web::method(Method::$method).to($handler))),*],
            other: || web::to($other),
        }
    };
}

/// Everything below a base URL. Words are understood in any case (R6).
#[rustfmt::skip]
pub(crate) const ENDPOINTS: &[RouteSpec] = &[
    endpoint!("/Users", "/Users"; GET users::list, POST users::create),
    endpoint!("/Users/.search", "/Users/.search"; POST users::search),
    endpoint!("/Users/{id}", "/Users/{id}";
              GET users::get, PUT users::replace, PATCH users::patch, DELETE users::delete),
    endpoint!("/Groups", "/Groups"; GET groups::list, POST groups::create),
    endpoint!("/Groups/.search", "/Groups/.search"; POST groups::search),
    endpoint!("/Groups/{id}", "/Groups/{id}";
              GET groups::get, PUT groups::replace, PATCH groups::patch, DELETE groups::delete),
    endpoint!("/Bulk", "/Bulk"; POST bulk::bulk),
    endpoint!("", "/other"; GET root::list),
    endpoint!("/.search", "/.search"; POST root::search),
    endpoint!("/oauth/token", "/oauth/token"; POST oauth::token; else oauth::not_allowed),
    endpoint!("/ServiceProviderConfig", "/discovery"; GET discovery::config),
    // Some clients use a plural (R55).
    endpoint!("/ServiceProviderConfigs", "/discovery"; GET discovery::config),
    endpoint!("/ResourceTypes", "/discovery"; GET discovery::resource_types),
    endpoint!("/ResourceTypes/{name}", "/discovery"; GET discovery::resource_type),
    endpoint!("/ResourceTypes/{name}/{below}*", "/discovery"; GET discovery::nothing),
    endpoint!("/Schemas", "/discovery"; GET discovery::schemas),
    endpoint!("/Schemas/{urn}", "/discovery"; GET discovery::schema),
    endpoint!("/Schemas/{urn}/{below}*", "/discovery"; GET discovery::nothing),
    // Not supported, whatever the method (R45).
    endpoint!("/Me", "/other"; ; else nowhere::me),
    endpoint!("/Me/{below}*", "/other"; ; else nowhere::me),
];

/// What a path takes, as the header `Allow` says it (RFC 9110 §10.2.1).
#[derive(Clone, Debug)]
pub(crate) struct Allow(HeaderValue);

impl Allow {
    /// What the path of a request takes.
    pub(crate) fn of(request: &HttpRequest) -> HeaderValue {
        let allow = request.app_data::<Self>().map(|Self(value)| value.clone());
        allow.unwrap_or_else(|| HeaderValue::from_static("OPTIONS"))
    }
}

impl RouteSpec {
    fn allow(&self) -> Allow {
        let mut methods = Vec::new();
        for (method, _) in self.methods {
            methods.push(method.as_str());
            if method == Method::GET {
                methods.push("HEAD");
            }
        }
        methods.push("OPTIONS");
        // Names of methods are such as a header may hold.
        Allow(HeaderValue::try_from(methods.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS")))
    }

    fn resource(&self) -> Resource {
        let mut resource = web::resource(self.path)
            .app_data(http::Route(self.name))
            .app_data(self.allow());
        for (_, handler) in self.methods {
            resource = resource.route(handler());
        }
        resource.default_service((self.other)())
    }
}

/// Every route as method and path below a base URL, with `{…}` where an id goes.
pub fn routes() -> impl Iterator<Item = (Method, &'static str)> {
    let of = |endpoint: &'static RouteSpec| {
        endpoint
            .methods
            .iter()
            .map(|(method, _)| (method.clone(), endpoint.path))
    };
    ENDPOINTS.iter().flat_map(of)
}

/// The SCIM routes: everything under `/directories/` and `/org/`, and an answer for every other path.
pub(crate) fn configure(state: State) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    move |config| {
        let mut scim = web::scope("").guard(guard::fn_guard(|request| path::is_scim(request.head().uri.path())));
        for base in BASES {
            scim = scim.service(below(base));
        }
        config
            .app_data(web::Data::new(state.clone()))
            .default_service(web::to(nowhere::elsewhere))
            .service(
                scim.default_service(web::to(nowhere::misaddressed))
                    .wrap(from_fn(usage::note_use))
                    .wrap(from_fn(path::normalise)),
            );
    }
}

fn below(base: &str) -> Scope {
    let mut scope = web::scope(base).app_data(http::Route("/other"));
    for endpoint in ENDPOINTS {
        scope = scope.service(endpoint.resource());
    }
    scope.default_service(web::to(nowhere::no_endpoint))
}
