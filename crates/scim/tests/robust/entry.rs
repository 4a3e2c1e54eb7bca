//! What is called with bytes from outside. Shared with the fuzz targets, so that both try the same.
//!
//! Nothing here may panic, and what holds for every input is asserted.

use scim::filter::Filter;
use scim::patch::Patch;
use scim::patch::PatchPath;
use scim::path::AttributePath;
use scim::query::ListQuery;
use scim::resource::{Mode, parse};
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

fn types() -> [&'static ResourceType; 2] {
    [ResourceType::user(), ResourceType::group()]
}

/// A filter that parses prints as a filter that parses to the same.
pub(crate) fn filter(text: &str) {
    for rt in types() {
        if let Ok(filter) = Filter::parse(text, rt) {
            let printed = filter.to_string();
            let again = Filter::parse(&printed, rt);
            assert!(
                again.is_ok_and(|again| again == filter),
                "{text:?} printed as {printed:?}"
            );
        }
    }
}

/// Paths of PATCH, of `sortBy` and of `attributes`.
pub(crate) fn path(text: &str) {
    for rt in types() {
        let _ = PatchPath::parse(text, rt);
        let _ = AttributePath::parse(text, rt);
    }
}

/// A PATCH body, on a resource with some values; what is applied twice is applied without a panic.
pub(crate) fn patch(text: &str) {
    let Ok(body) = serde_json::from_str::<Value>(text) else {
        return;
    };
    for rt in types() {
        if let Ok(patch) = Patch::parse(rt, &body) {
            let mut attributes = some_attributes();
            if patch.apply(rt, &mut attributes).is_ok() {
                let _ = patch.apply(rt, &mut attributes);
            }
        }
    }
}

/// A body of POST and PUT: what was read once is read again as the same.
pub(crate) fn resource(text: &str) {
    let Ok(body) = serde_json::from_str::<Value>(text) else {
        return;
    };
    for rt in types() {
        for mode in [Mode::Create, Mode::Replace] {
            if let Ok(attributes) = parse(rt, &body, mode) {
                let again = parse(rt, &Value::Object(attributes.clone()), mode);
                assert!(again.is_ok_and(|again| again == attributes), "{text}");
            }
        }
    }
}

/// A query string, and the same text as the body of a search.
pub(crate) fn query(text: &str) {
    let _ = ListQuery::from_query(text);
    if let Ok(body) = serde_json::from_str::<Value>(text) {
        let _ = ListQuery::from_search_request(&body);
    }
}

fn some_attributes() -> Map<String, Value> {
    let value = json!({
        "userName": "ada", "displayName": "Ada", "active": true, "name": { "givenName": "Ada" },
        "emails": [{ "type": "work", "value": "a@b", "primary": true }, { "type": "home", "value": "c@d" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "1" } },
        "urn:acme:params:1.0:User": { "badge": [1, "x"] },
    });
    value.as_object().cloned().unwrap_or_default()
}
