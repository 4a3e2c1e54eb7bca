//! The table of routes. What it says of an operation feeds the router and the OpenAPI document alike, so the two cannot
//! differ: method and path stand in the documentation of the handler, and nowhere else.

use actix_web::Route;
use actix_web::http::Method;
use utoipa::__dev::SchemaReferences;
use utoipa::Path;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{RefOr, Schema, path};

/// Schemas by the names under which others refer to them.
pub(crate) type Schemas = Vec<(String, RefOr<Schema>)>;

/// One operation of the API.
pub(crate) struct Operation {
    /// Its method.
    pub(crate) method: Method,
    /// Its path below the prefix, with `{…}` where an id goes.
    pub(crate) path: String,
    /// What the document says of it.
    pub(crate) documented: path::Operation,
    /// The schemas that this refers to.
    pub(crate) schemas: Schemas,
    /// What answers.
    pub(crate) handler: fn(Route) -> Route,
}

impl Operation {
    /// The operation that `P` documents.
    pub(super) fn new<P: Path + SchemaReferences>(handler: fn(Route) -> Route) -> Self {
        let mut schemas = Schemas::new();
        P::schemas(&mut schemas);
        Self {
            method: P::methods().first().map(method).unwrap_or_default(),
            path: P::path(),
            documented: P::operation(),
            schemas,
            handler,
        }
    }
}

const fn method(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

/// A table of handlers, each named by its module.
macro_rules! routes {
    ($($($module:ident)::+),+ $(,)?) => {
        [$(|| $crate::v1::table::Operation::new::<$($module)::+::__path_handler>(|route| {
            route.to($($module)::+::handler)
        })),+]
    };
}
pub(super) use routes;
