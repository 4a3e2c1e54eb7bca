//! The OpenAPI document of the management API, made from the table of routes.

use crate::v1::{PREFIX, operations};
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Bytes, ServiceConfig};
use runtime::http::read_only;
use std::collections::BTreeMap;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::openapi::tag::Tag;
use utoipa::openapi::{
    Components, ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, KnownFormat, LicenseBuilder, ObjectBuilder,
    OpenApi, OpenApiBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

/// Where the document is. It is open to everybody: it says nothing of this installation.
const PATH: &str = "/api/v1/openapi.json";
/// The name of the way of authentication.
const ADMIN_KEY: &str = "admin_key";
/// The name of the answer that every refusal is.
const REFUSAL: &str = "Refusal";

/// The groups of operations, in the order of the document.
const TAGS: [(&str, &str); 15] = [
    ("Organizations", "The customer companies whose people are synced."),
    ("Directories", "The sources of users and groups of an organization."),
    ("Directory keys", "The bearer tokens that identity providers carry."),
    (
        "OAuth clients",
        "Ids and secrets that identity providers exchange for short-lived access tokens.",
    ),
    ("Federation", "Workloads that get access tokens without a secret."),
    ("Credentials", "Everything that ends: keys, secrets and certificates."),
    ("Users", "The people of a directory."),
    ("Groups", "The groups of a directory."),
    ("Endpoints", "The webhook URLs that apps subscribed."),
    ("Deliveries", "What was sent to the endpoints, and how it went."),
    ("Events", "The log of everything that was committed."),
    (
        "Portal links",
        "Links that IT administrators of customers open without an account.",
    ),
    ("Admin keys", "The bearer tokens of this API, each with its scopes."),
    ("Audit log", "Who did what in this API, and who was refused."),
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
    for operation in operations() {
        let mut documented = completed(operation.documented, &operation.method, &operation.path);
        documented.security = Some(vec![SecurityRequirement::new(
            ADMIN_KEY,
            [operation.access.scope.as_str()],
        )]);
        paths = paths.path(
            format!("{PREFIX}{}", operation.path),
            PathItem::from_http_methods(method_of(&operation.method), documented),
        );
        schemas.extend(operation.schemas);
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

/// Mounts the document, made once.
pub(crate) fn configure(document: Bytes, config: &mut ServiceConfig) {
    let route = web::get().to(move || {
        let document = document.clone();
        async move { HttpResponse::Ok().content_type("application/json").body(document) }
    });
    config.service(read_only(PATH).route(route));
}

/// The document as it is served.
pub(crate) fn document() -> Bytes {
    match openapi().to_json() {
        Ok(text) => Bytes::from(text),
        Err(error) => {
            tracing::error!(error = %telemetry::chain(&error), "the OpenAPI document cannot be written");
            Bytes::new()
        }
    }
}

/// Adds what all operations have in common: the ids of their path, the idempotency key of a POST, and refusals.
fn completed(mut operation: Operation, method: &Method, path: &str) -> Operation {
    let mut parameters: Vec<RefOr<Parameter>> = ids(path).map(RefOr::T).collect();
    parameters.extend(operation.parameters.take().unwrap_or_default());
    if *method == Method::POST {
        parameters.push(RefOr::T(idempotency_key()));
    }
    operation.parameters = (!parameters.is_empty()).then_some(parameters);
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        without_null(body);
    }
    let refusal = || RefOr::Ref(Ref::from_response_name(REFUSAL));
    operation.responses.responses.insert("4XX".to_owned(), refusal());
    operation.responses.responses.insert("5XX".to_owned(), refusal());
    operation
}

/// utoipa says of a body that may be missing that it may also be `null`, which is refused.
fn without_null(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(alternatives))) = &content.schema else {
            continue;
        };
        let own = alternatives
            .items
            .iter()
            .find(|one| matches!(one, RefOr::Ref(_)))
            .cloned();
        content.schema = own;
        body.required = Some(Required::False);
    }
}

/// The ids in a path, each named by what stands before it.
fn ids(path: &str) -> impl Iterator<Item = Parameter> {
    let parts = path.split('/').zip(path.split('/').skip(1));
    parts.filter_map(|(before, part)| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let id = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(format!("One of the {}.", before.replace('-', " "))))
            .schema(Some(id));
        Some(parameter.build())
    })
}

fn idempotency_key() -> Parameter {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A request that is sent again with the same key within 24 hours gets the first answer and changes nothing.",
        ))
        .schema(Some(key))
        .build()
}

fn components(schemas: BTreeMap<String, RefOr<Schema>>) -> Components {
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An admin key; `rollcall keys create` makes one. Each operation names the scope that the key must have: \
             `read`, `directories`, `endpoints` or `admin`. A key of one organization sees and changes only what belongs \
             to it; for anything else it gets the same answer as for what is not there.",
        ))
        .build();
    ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .response(REFUSAL, refusal())
        .security_scheme(ADMIN_KEY, SecurityScheme::Http(key))
        .build()
}

fn refusal() -> Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(api::Problem::name())));
    ResponseBuilder::new()
        .description("Refused: what is wrong, and how to mend it (RFC 9457).")
        .content("application/problem+json", problem.build())
        .build()
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
