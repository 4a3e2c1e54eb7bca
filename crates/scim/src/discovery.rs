//! Discovery (RFC 7643 §5–7, R55–R58): what the server can do, which resources it has, what their attributes are.
//!
//! Everything is printed from the facts the server itself works by, and [`Features`] is filled by the code that switches them
//! on, so that nothing is advertised that is not there (B28).

use serde_json::{Map, Value, json};

use crate::schema::{Attribute, ResourceType, Schema};
use crate::urn;
use crate::{Error, Limits};

/// What the server can do besides what this crate always does (PATCH, filters, entity tags).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// Bulk requests and their limits; `None` when there are none.
    pub bulk: Option<BulkLimits>,
    /// Whether `sortBy` is obeyed.
    pub sort: bool,
    /// Whether users' passwords can be changed.
    pub change_password: bool,
    /// The most resources one query returns.
    pub max_results: u64,
    /// How pages are turned (RFC 9865); `None` leaves the member out.
    pub pagination: Option<Pagination>,
    /// The URIs of the SCIM events that receivers can get (RFC 9967 §5, S6); `None` leaves the member out.
    pub security_events: Option<&'static [&'static str]>,
    /// Where people read about this server; `None` leaves the member out.
    pub documentation_uri: Option<String>,
    /// How much one resource may hold and one request ask for; `None` leaves the member out. No schema has a place for
    /// it, and strict clients refuse what they do not know, so it is shown only to clients that ask for it by name.
    pub limits: Option<Limits>,
}

/// Limits of bulk requests (RFC 7644 §3.7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkLimits {
    /// Most operations in one request.
    pub max_operations: u64,
    /// Most bytes in one request.
    pub max_payload_size: u64,
}

/// How pages are turned (RFC 9865 §4, R42).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pagination {
    /// Whether `cursor` is understood; `startIndex` always is, and is the default (R41).
    pub cursor: bool,
    /// Resources in a page when the client does not say.
    pub default_page_size: u64,
    /// Most resources in a page.
    pub max_page_size: u64,
    /// Seconds a cursor lives; only said when there are cursors.
    pub cursor_timeout: Option<u64>,
}

impl Default for Features {
    /// No optional feature, and pages of at most [`MAX_PAGE`](crate::query::MAX_PAGE).
    fn default() -> Self {
        Self {
            bulk: None,
            sort: false,
            change_password: false,
            max_results: crate::query::MAX_PAGE,
            pagination: None,
            security_events: None,
            documentation_uri: None,
            limits: None,
        }
    }
}

/// `/ServiceProviderConfig` (R55). `base_url` is the SCIM base without trailing slash, here as in all of this module.
#[must_use]
pub fn service_provider_config(base_url: &str, features: &Features) -> Value {
    let bulk = features.bulk.unwrap_or(BulkLimits {
        max_operations: 0,
        max_payload_size: 0,
    });
    let mut config = json!({
        "schemas": [urn::SERVICE_PROVIDER_CONFIG],
        "patch": { "supported": true },
        "bulk": {
            "supported": features.bulk.is_some(),
            "maxOperations": bulk.max_operations,
            "maxPayloadSize": bulk.max_payload_size,
        },
        "filter": { "supported": true, "maxResults": features.max_results },
        "changePassword": { "supported": features.change_password },
        "sort": { "supported": features.sort },
        "etag": { "supported": true },
        "authenticationSchemes": authentication_schemes(),
    });
    if let Some(pagination) = features.pagination {
        config["pagination"] = pagination_json(pagination);
    }
    if let Some(uris) = features.security_events {
        // Every answer is synchronous (S5): `Prefer: respond-async` is not honoured.
        config["securityEvents"] = json!({ "asyncRequest": "none", "eventUris": uris });
    }
    if let Some(uri) = &features.documentation_uri {
        config["documentationUri"] = uri.as_str().into();
    }
    if let Some(limits) = features.limits {
        config["limits"] = json!({
            "maxElements": limits.elements,
            "maxPatchOperations": limits.operations,
            "maxKeys": limits.keys,
            "maxResourceSize": limits.resource,
        });
    }
    config["meta"] = meta(base_url, "ServiceProviderConfig", "/ServiceProviderConfig");
    config
}

fn authentication_schemes() -> Value {
    json!([
        {
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "The directory's token, or an OAuth access token, in the Authorization header.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        },
        {
            "type": "httpbasic",
            "name": "HTTP Basic",
            "description": "The directory's token as password; any user name.",
            "specUri": "https://www.rfc-editor.org/info/rfc7617",
            "primary": false,
        },
        {
            "type": "oauth2",
            "name": "OAuth 2.0 client credentials",
            "description": "An access token from /oauth/token below the base URL, for a client's secret or for an assertion \
                            of a federated workload.",
            "specUri": "https://www.rfc-editor.org/info/rfc6749",
            "primary": false,
        },
    ])
}

fn pagination_json(pagination: Pagination) -> Value {
    let mut object = json!({
        "cursor": pagination.cursor,
        "index": true,
        "defaultPaginationMethod": "index",
        "defaultPageSize": pagination.default_page_size,
        "maxPageSize": pagination.max_page_size,
    });
    if pagination.cursor
        && let Some(seconds) = pagination.cursor_timeout
    {
        object["cursorTimeout"] = seconds.into();
    }
    object
}

/// `/ResourceTypes` (R56, R57).
#[must_use]
pub fn resource_types(base_url: &str, types: &[&ResourceType]) -> Value {
    list(
        &types
            .iter()
            .map(|rt| resource_type_json(base_url, rt))
            .collect::<Vec<_>>(),
    )
}

/// `/ResourceTypes/{name}`, the name in any case.
///
/// # Errors
/// 404 for another name.
pub fn resource_type(base_url: &str, types: &[&ResourceType], name: &str) -> Result<Value, Error> {
    let found = types.iter().find(|rt| rt.name.eq_ignore_ascii_case(name));
    found
        .map(|rt| resource_type_json(base_url, rt))
        .ok_or_else(|| Error::not_found("ResourceType", name))
}

/// `/Schemas` (R56, R58): the core schemas and their extensions, each once.
#[must_use]
pub fn schemas(base_url: &str, types: &[&ResourceType]) -> Value {
    list(
        &all_schemas(types)
            .into_iter()
            .map(|schema| schema_json(base_url, schema))
            .collect::<Vec<_>>(),
    )
}

/// `/Schemas/{urn}`, the URN decoded and in any case.
///
/// # Errors
/// 404 for another URN.
pub fn schema(base_url: &str, types: &[&ResourceType], urn: &str) -> Result<Value, Error> {
    let found = all_schemas(types)
        .into_iter()
        .find(|schema| schema.id.eq_ignore_ascii_case(urn));
    found
        .map(|schema| schema_json(base_url, schema))
        .ok_or_else(|| Error::not_found("Schema", urn))
}

fn all_schemas<'a>(types: &[&'a ResourceType]) -> Vec<&'a Schema> {
    let mut all: Vec<&Schema> = Vec::new();
    for schema in types
        .iter()
        .flat_map(|rt| std::iter::once(&rt.core).chain(&rt.extensions))
    {
        if !all.iter().any(|known| known.id.eq_ignore_ascii_case(&schema.id)) {
            all.push(schema);
        }
    }
    all
}

fn list(resources: &[Value]) -> Value {
    json!({
        "schemas": [urn::LIST_RESPONSE],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn meta(base_url: &str, resource_type: &str, path: &str) -> Value {
    json!({ "resourceType": resource_type, "location": format!("{base_url}{path}") })
}

fn resource_type_json(base_url: &str, rt: &ResourceType) -> Value {
    let extension = |schema: &Schema| json!({ "schema": schema.id, "required": false });
    json!({
        "schemas": [urn::RESOURCE_TYPE],
        "id": rt.name,
        "name": rt.name,
        "endpoint": rt.endpoint,
        "description": rt.description,
        "schema": rt.core.id,
        "schemaExtensions": rt.extensions.iter().map(extension).collect::<Vec<_>>(),
        "meta": meta(base_url, "ResourceType", &format!("/ResourceTypes/{}", rt.name)),
    })
}

fn schema_json(base_url: &str, schema: &Schema) -> Value {
    json!({
        "schemas": [urn::SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute_json).collect::<Vec<_>>(),
        "meta": meta(base_url, "Schema", &format!("/Schemas/{}", schema.id)),
    })
}

/// Every characteristic, none of them null (R58).
fn attribute_json(attribute: &Attribute) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("name", attribute.name.as_str().into());
    put("type", attribute.kind.as_str().into());
    put("multiValued", attribute.multi_valued.into());
    put("description", attribute.description.as_str().into());
    put("required", attribute.required.into());
    put("caseExact", attribute.case_exact.into());
    put("mutability", attribute.mutability.as_str().into());
    put("returned", attribute.returned.as_str().into());
    put("uniqueness", attribute.uniqueness.as_str().into());
    if !attribute.canonical_values.is_empty() {
        put("canonicalValues", attribute.canonical_values.clone().into());
    }
    if !attribute.reference_types.is_empty() {
        put("referenceTypes", attribute.reference_types.clone().into());
    }
    if !attribute.sub_attributes.is_empty() {
        put(
            "subAttributes",
            attribute.sub_attributes.iter().map(attribute_json).collect(),
        );
    }
    Value::Object(object)
}
