//! Links from the answer that makes something to the operations on it (OpenAPI 3.1 §4.8.20).

use actix_web::http::Method;
use std::collections::BTreeMap;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{RefOr, Schema};

/// An operation that a link may lead to.
pub(super) struct Target {
    /// Its path.
    pub(super) path: String,
    /// Its id.
    pub(super) id: String,
}

impl Target {
    /// An operation of the table.
    pub(super) fn of(operation: &crate::v1::Operation) -> Self {
        Self {
            path: operation.path.clone(),
            id: operation.documented.operation_id.clone().unwrap_or_default(),
        }
    }
}

/// Adds the links of an operation.
pub(super) fn add(
    operation: &mut Operation,
    method: &Method,
    path: &str,
    targets: &[Target],
    schemas: &BTreeMap<String, RefOr<Schema>>,
) {
    if *method != Method::POST {
        return;
    }
    let Some(RefOr::T(made)) = operation.responses.responses.get_mut("201") else {
        return;
    };
    let body = made.content.values().find_map(|content| match content {
        RefOr::T(content) => content.schema.as_ref(),
        RefOr::Ref(_) => None,
    });
    let Some(body) = body.cloned() else { return };
    for target in targets {
        let below = target.path.strip_prefix(path).and_then(|rest| rest.strip_prefix("/{"));
        // Further down there are ids that this answer has not.
        let Some((own, rest)) = below.and_then(|rest| rest.split_once('}')) else {
            continue;
        };
        if rest.contains('{') {
            continue;
        }
        let member = if has_member(&body, own, schemas) { own } else { "id" };
        if !has_member(&body, member, schemas) {
            continue;
        }
        let mut link = Link::builder()
            .operation_id(&target.id)
            .parameter(own, format!("$response.body#/{member}"));
        for name in path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        {
            link = link.parameter(name, format!("$request.path.{name}"));
        }
        made.links.insert(target.id.clone(), RefOr::T(link.build()));
    }
}

/// Whether an object has a member, itself or in a part of it.
fn has_member(schema: &RefOr<Schema>, name: &str, schemas: &BTreeMap<String, RefOr<Schema>>) -> bool {
    match schema {
        RefOr::Ref(reference) => {
            let referred = reference
                .ref_location
                .rsplit('/')
                .next()
                .and_then(|name| schemas.get(name));
            // References of this document end after a step: a schema is its own type.
            referred.is_some_and(|referred| matches!(referred, RefOr::T(_)) && has_member(referred, name, schemas))
        }
        RefOr::T(Schema::Object(object)) => object.properties.contains_key(name),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter().any(|part| has_member(part, name, schemas)),
        RefOr::T(_) => false,
    }
}
