//! The table of routes. What it says of an operation feeds the router and the OpenAPI document alike, so the two cannot
//! differ: method and path stand in the documentation of the handler, and nowhere else.

use crate::access::{Access, Reach};
use actix_web::Route;
use actix_web::http::Method;
use api::Scope;
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
    /// Whom it is for.
    pub(crate) access: Access,
    /// What answers.
    pub(crate) handler: fn(Route) -> Route,
}

impl Operation {
    /// The operation of a document that describes no other one. Where the row says nothing of its reach, a key of one
    /// organization reaches the object in the path, or nothing where the path has none.
    pub(super) fn new(document: OpenApi, scope: Scope, reach: Option<Reach>, handler: fn(Route) -> Route) -> Self {
        let (path, item) = document.paths.paths.into_iter().next().unwrap_or_default();
        let (method, documented) = only(item).unwrap_or_default();
        let schemas = document.components.map(|components| components.schemas);
        let implied = if path.contains('{') {
            Reach::Object
        } else {
            Reach::Nothing
        };
        Self {
            method,
            path,
            documented,
            schemas: schemas.into_iter().flatten().collect(),
            access: Access {
                scope,
                reach: reach.unwrap_or(implied),
            },
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

/// A table of handlers, each named by its module, with the scope that it needs; and with `narrowed`, if it narrows what a
/// key of one organization sees by itself. A document for each of them says its method and path, and brings the schemas
/// that it refers to.
macro_rules! routes {
    ($($scope:ident: $($module:ident)::+ $($narrowed:ident)?),+ $(,)?) => {
        [$(|| {
            #[derive(utoipa::OpenApi)]
            #[openapi(paths($($module)::+::handler))]
            struct Documented;
            $crate::v1::table::Operation::new(
                <Documented as utoipa::OpenApi>::openapi(),
                ::api::Scope::$scope,
                $crate::v1::table::routes!(@reach $($narrowed)?),
                |route| route.to($($module)::+::handler),
            )
        }),+]
    };
    (@reach) => { None };
    (@reach narrowed) => { Some($crate::access::Reach::Narrowed) };
}
pub(super) use routes;
