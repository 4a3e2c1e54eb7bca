//! What is served below a base URL: every endpoint on one screen.

use crate::allow::Allow;
use crate::{bulk, discovery, groups, nowhere, oauth, root, users};
use actix_web::http::Method;
use actix_web::{Resource, Route, web};
use runtime::http;

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
        Allow::new(&methods)
    }

    /// The path as actix serves it.
    pub(crate) fn resource(&self) -> Resource {
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
