//! The OpenAPI document of the management API, made from the table of routes.

mod common;
mod headers;
mod links;
mod lists;
mod refusals;
pub(crate) mod texts;

use crate::v1::{PREFIX, operations};
use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use common::completed;
use links::Target;
use pages::Fixed;
use runtime::http::read_only;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::openapi::tag::Tag;
use utoipa::openapi::{
    Components, ComponentsBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Schema,
};
use utoipa::{PartialSchema, ToSchema};

/// Where the document is. It is open to everybody: it says nothing of this installation.
const PATH: &str = "/api/v1/openapi.json";
/// The name of the way of authentication.
const ADMIN_KEY: &str = "admin_key";

/// The groups of operations, in the order of the document.
const TAGS: &[(&str, &str)] = &[
    ("Organizations", "The customer companies whose people are synced."),
    ("Directories", "The sources of users and groups of an organization."),
    ("Directory keys", "The bearer tokens that identity providers carry."),
    (
        "OAuth clients",
        "Ids and secrets that identity providers exchange for short-lived access tokens.",
    ),
    ("Federation", "Workloads that get access tokens without a secret."),
    ("Graph", "Directories that are pulled from Microsoft Graph."),
    ("Credentials", "Everything that ends: keys, secrets and certificates."),
    (
        "Connections",
        "Single sign-on: the identity providers that people prove themselves to.",
    ),
    ("SSO clients", "Single sign-on: the apps that people log in to."),
    ("SSO sessions", "Single sign-on: who is logged in to what."),
    (
        "SSO streams",
        "Single sign-on: what apps hear of their people by Shared Signals.",
    ),
    ("Users", "The people of a directory."),
    ("Groups", "The groups of a directory."),
    (
        "Requests",
        "What identity providers sent, how it was answered, and the cycles that it formed.",
    ),
    ("Endpoints", "The webhook URLs that apps subscribed."),
    ("Deliveries", "What was sent to the endpoints, and how it went."),
    ("Events", "The log of everything that was committed."),
    (
        "Portal links",
        "Links that IT administrators of customers and teams of apps open without an account.",
    ),
    ("Admin keys", "The bearer tokens of this API, each with its scopes."),
    ("Audit log", "Who did what in this API, and who was refused."),
    ("Activity", "How much is done, over all."),
    ("Dead letters", "Messages that could not be processed."),
];

/// The document: OpenAPI 3.1.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut schemas = BTreeMap::from([
        (api::Problem::name().into_owned(), api::Problem::schema()),
        (api::Fault::name().into_owned(), api::Fault::schema()),
    ]);
    let mut described: Vec<_> = operations().collect();
    for operation in &mut described {
        schemas.extend(operation.schemas.drain(..));
    }
    schemas.values_mut().for_each(texts::say);
    lists::refer(&mut schemas);
    let targets: Vec<_> = described.iter().map(Target::of).collect();
    for operation in described {
        let mut documented = completed(operation.documented, &operation.method, &operation.path);
        links::add(&mut documented, &operation.method, &operation.path, &targets, &schemas);
        documented.security = Some(vec![SecurityRequirement::new(
            ADMIN_KEY,
            [operation.access.scope.as_str()],
        )]);
        paths = paths.path(
            format!("{PREFIX}{}", operation.path),
            PathItem::from_http_methods(method_of(&operation.method), documented),
        );
    }
    let tags = TAGS.iter().map(|(name, description)| {
        let mut tag = Tag::new(*name);
        tag.description = Some((*description).to_owned());
        tag
    });
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Rollcall management API")
                .version(env!("CARGO_PKG_VERSION"))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .servers(Some([Server::new("/")]))
        .security(Some([SecurityRequirement::new(ADMIN_KEY, Vec::<String>::new())]))
        .tags(Some(tags.collect::<Vec<_>>()))
        .paths(paths)
        .components(Some(components(schemas)))
        .build()
}

/// The document as it is served, made when somebody first asks for it.
static DOCUMENT: LazyLock<Fixed> = LazyLock::new(|| {
    let text = openapi().to_json().unwrap_or_else(|error| {
        tracing::error!(error = %telemetry::chain(&error), "the OpenAPI document cannot be written");
        String::new()
    });
    Fixed::new("application/json", text)
});

/// Mounts the document.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let route = web::get().to(async |request: HttpRequest| DOCUMENT.answer(&request));
    config.service(read_only(PATH).route(route));
}

fn components(schemas: BTreeMap<String, RefOr<Schema>>) -> Components {
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An admin key; `rollcall keys create` makes one. Each operation names the scope that the key must have: \
             `read`, `directories`, `connections`, `admin`, or one that begins with `endpoints:`. The scope `endpoints` includes all of \
             those, and `read` includes `endpoints:view`. A key of one organization sees and changes only what belongs to \
             it; for anything else it gets the same answer as for what is not there.",
        ))
        .build();
    let mut components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .responses_from_iter(refusals::responses())
        .security_scheme(ADMIN_KEY, SecurityScheme::Http(key))
        .build();
    components.headers.extend(headers::described());
    components
}

/// In a list, as a path may be served by several.
fn method_of(method: &Method) -> Vec<HttpMethod> {
    let known = match method.as_str() {
        "PUT" => HttpMethod::Put,
        "POST" => HttpMethod::Post,
        "DELETE" => HttpMethod::Delete,
        "PATCH" => HttpMethod::Patch,
        _ => HttpMethod::Get,
    };
    vec![known]
}
