//! The table of routes. What it says of an operation feeds the router and the OpenAPI document alike, so the two cannot
//! differ: method and path stand in the documentation of the handler, and nowhere else.

use actix_web::Route;
use actix_web::http::Method;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{OpenApi, RefOr, Schema, path};

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
    /// The operation of a document that describes no other one.
    pub(super) fn new(document: OpenApi, handler: fn(Route) -> Route) -> Self {
        let (path, item) = document.paths.paths.into_iter().next().unwrap_or_default();
        let (method, documented) = only(item).unwrap_or_default();
        let schemas = document.components.map(|components| components.schemas);
        Self {
            method,
            path,
            documented,
            schemas: schemas.into_iter().flatten().collect(),
            handler,
        }
    }
}

/// The one operation of a path, and its method.
fn only(item: PathItem) -> Option<(Method, path::Operation)> {
    let operations = [
        (Method::GET, item.get),
        (Method::PUT, item.put),
        (Method::POST, item.post),
        (Method::DELETE, item.delete),
        (Method::PATCH, item.patch),
    ];
    let mut operations = operations.into_iter().filter_map(|(method, one)| Some((method, one?)));
    operations.next()
}

/// A table of handlers, each named by its module. A document for each of them says its method and path, and brings the
/// schemas that it refers to.
macro_rules! routes {
    ($($($module:ident)::+),+ $(,)?) => {
        [$(|| {
            #[derive(utoipa::OpenApi)]
            #[openapi(paths($($module)::+::handler))]
            struct Documented;
            $crate::v1::table::Operation::new(<Documented as utoipa::OpenApi>::openapi(), |route| {
                route.to($($module)::+::handler)
            })
        }),+]
    };
}
pub(super) use routes;
