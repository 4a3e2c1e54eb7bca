//! Schemas of the API's document as trees for people, and an example of each.

use super::json::escaped;
use super::markdown;
use crate::openapi::texts;
use askama::Template;
use serde_json::{Map, Value, json};

/// Where a schema is, within the document, that another one refers to.
const NAMED: &str = "#/components/schemas/";

/// The schemas of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schemas<'a>(pub(super) &'a Value);

/// A value: a parameter, a body, or a member of one.
#[derive(Debug, Default, Template)]
#[template(path = "field.html")]
pub(super) struct Field {
    /// Its name; empty for a body.
    pub(super) name: String,
    /// What it is, in words: `string`, `list of Endpoint`.
    pub(super) kind: String,
    /// Whether it must be there.
    pub(super) is_required: bool,
    /// What it means, as HTML.
    pub(super) about: String,
    /// What it must keep to, as HTML.
    pub(super) limits: Vec<String>,
    /// What it consists of.
    pub(super) members: Vec<Field>,
}

/// A schema with what it refers to.
struct Resolved<'a> {
    schema: &'a Value,
    /// The names of the schemas on the way, the last one first.
    names: Vec<&'a str>,
    may_be_null: bool,
    /// What is said of it here, or else of all of its kind.
    about: &'a str,
}

impl<'a> Schemas<'a> {
    /// The schema behind references, and of alternatives the one that is not `null`.
    fn resolve(self, schema: &'a Value) -> Resolved<'a> {
        let mut resolved = Resolved {
            schema,
            names: Vec::new(),
            may_be_null: false,
            about: "",
        };
        // Each step goes to another schema; a document in which references go round has none that ends.
        for _ in 0..16 {
            let schema = resolved.schema;
            if resolved.about.is_empty() {
                resolved.about = schema["description"].as_str().unwrap_or_default();
            }
            if let Some(name) = schema["$ref"].as_str().and_then(|to| to.strip_prefix(NAMED)) {
                resolved.names.insert(0, name);
                resolved.schema = &self.0["components"]["schemas"][name];
                continue;
            }
            let alternatives = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
            let (none, others): (Vec<_>, Vec<_>) = alternatives.iter().partition(|one| one["type"] == "null");
            resolved.may_be_null |= !none.is_empty();
            match others[..] {
                [only] => resolved.schema = only,
                _ => break,
            }
        }
        resolved
    }

    /// A schema as a tree. `trail` has the names of the schemas that it is in: one that holds itself is shown once.
    pub(super) fn field(self, name: &str, schema: &'a Value, is_required: bool, trail: &mut Vec<&'a str>) -> Field {
        let resolved = self.resolve(schema);
        let mut kind = self.kind(&resolved);
        let is_inside_itself = resolved.names.iter().any(|name| trail.contains(name));
        if is_inside_itself {
            kind.push_str(", as above");
        }
        let depth = trail.len();
        trail.extend(&resolved.names);
        let members = if is_inside_itself {
            Vec::new()
        } else {
            self.members(resolved.schema, trail)
        };
        trail.truncate(depth);
        Field {
            name: name.to_owned(),
            kind,
            is_required,
            about: markdown::short(resolved.about),
            limits: self.limits(schema, resolved.schema),
            members,
        }
    }

    fn members(self, schema: &'a Value, trail: &mut Vec<&'a str>) -> Vec<Field> {
        if !schema["items"].is_null() {
            return self.field("", &schema["items"], false, trail).members;
        }
        let mut members = Vec::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let part = self.resolve(part).schema;
            members.extend(self.members(part, trail));
        }
        let required = schema["required"].as_array();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let is_required = required.is_some_and(|required| required.iter().any(|one| one == name));
            members.push(self.field(name, member, is_required, trail));
        }
        if members.is_empty() && schema["additionalProperties"].is_object() {
            return self.field("", &schema["additionalProperties"], false, trail).members;
        }
        members
    }

    fn kind(self, resolved: &Resolved<'a>) -> String {
        let schema = resolved.schema;
        let types = types(schema);
        let mut kind = if let Some(one_of) = schema["oneOf"].as_array() {
            let kinds: Vec<_> = one_of.iter().map(|one| self.kind(&self.resolve(one))).collect();
            kinds.join(" or ")
        } else if let (Some(name), true) = (
            resolved.names.first(),
            types.contains(&"object") || !schema["allOf"].is_null(),
        ) {
            (*name).to_owned()
        } else if types.contains(&"array") {
            format!("list of {}", self.kind(&self.resolve(&schema["items"])))
        } else if types.contains(&"object") && schema["additionalProperties"].is_object() {
            let each = self.kind(&self.resolve(&schema["additionalProperties"]));
            format!("object of names and {each}")
        } else {
            let plain = types.iter().find(|one| **one != "null").copied().unwrap_or("any value");
            match schema["format"].as_str().and_then(format_name) {
                Some(format) => format!("{plain}, {format}"),
                None => plain.to_owned(),
            }
        };
        if resolved.may_be_null || types.contains(&"null") && types.len() > 1 {
            kind.push_str(" or null");
        }
        kind
    }

    fn limits(self, outer: &'a Value, inner: &'a Value) -> Vec<String> {
        limits(outer, inner, self.resolve(&inner["items"]).schema)
    }

    /// A value that the schema allows: the example that it has, or one made of those of its parts.
    pub(super) fn example(self, schema: &'a Value) -> Value {
        self.example_within(schema, &mut Vec::new())
    }

    fn example_within(self, schema: &'a Value, trail: &mut Vec<&'a str>) -> Value {
        let resolved = self.resolve(schema);
        let known = [schema, resolved.schema]
            .into_iter()
            .find_map(|schema| schema["examples"].get(0).or_else(|| schema.get("example")));
        if let Some(example) = known {
            return example.clone();
        }
        if resolved.names.iter().any(|name| trail.contains(name)) {
            return Value::Null;
        }
        let depth = trail.len();
        trail.extend(&resolved.names);
        let made = self.made_example(resolved.schema, trail);
        trail.truncate(depth);
        made
    }

    fn made_example(self, schema: &'a Value, trail: &mut Vec<&'a str>) -> Value {
        if let Some(word) = schema["enum"].get(0).or_else(|| schema.get("default")) {
            return word.clone();
        }
        if let Some(one) = schema["oneOf"].get(0) {
            return self.example_within(one, trail);
        }
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let mut members: Map<String, Value> = Map::new();
        for part in parts {
            if let Value::Object(more) = self.example_within(part, trail) {
                members.extend(more);
            }
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            members.insert(name.clone(), self.example_within(member, trail));
        }
        let types = types(schema);
        match types.first().copied() {
            _ if !members.is_empty() => Value::Object(members),
            // What may be null often is.
            _ if types.contains(&"null") => Value::Null,
            Some("array") => json!([self.example_within(&schema["items"], trail)]),
            Some("string") => match schema["format"].as_str() {
                Some("uuid") => json!("0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f"),
                Some("date-time") => json!("2026-11-20T12:00:00.000Z"),
                _ => json!("…"),
            },
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            Some("boolean") => json!(true),
            _ => json!({}),
        }
    }
}

/// The names of the types that a schema allows.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn format_name(format: &str) -> Option<&str> {
    Some(match format {
        "uuid" => "UUID",
        "date-time" => "RFC 3339 time",
        "uri" => "URL",
        "email" => "e-mail address",
        "pem" => "PEM",
        "user-filter" => "SCIM filter",
        "event-type" => "type of events",
        "event-pattern" => "type of events or glob",
        "user-field" => "attribute",
        "schema-urn" => "URN",
        "attribute-name" => "name of an attribute",
        "hostname" => "domain",
        "organization" => "UUID or domain",
        _ => return None,
    })
}

/// What a value must keep to. A schema beside a reference adds to what it refers to; `items` is that of the elements.
fn limits(outer: &Value, inner: &Value, items: &Value) -> Vec<String> {
    let get = |name: &str| {
        [outer, inner]
            .into_iter()
            .find_map(|schema| schema.get(name))
            .filter(|value| !value.is_null())
    };
    let mut limits = Vec::new();
    let words = inner["enum"].as_array().or_else(|| items["enum"].as_array());
    if let Some(words) = words {
        let words: Vec<_> = words
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("<code>{}</code>", escaped(word)))
            .collect();
        limits.push(format!("one of {}", words.join(", ")));
    }
    for (least, most, what) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " elements"),
        ("minProperties", "maxProperties", " members"),
    ] {
        match (get(least), get(most)) {
            (Some(least), Some(most)) => limits.push(format!("{least} to {most}{what}")),
            (None, Some(most)) => limits.push(format!("at most {most}{what}")),
            (Some(least), None) => limits.push(format!("at least {least}{what}")),
            (None, None) => {}
        }
    }
    let pattern = get("pattern").and_then(Value::as_str);
    // That texts have no control characters is said once, in the overview.
    if let Some(pattern) = pattern.filter(|pattern| !texts::is_of_all(pattern)) {
        limits.push(format!("matches <code>{}</code>", escaped(pattern)));
    }
    if let Some(default) = get("default") {
        limits.push(format!("default <code>{}</code>", escaped(&default.to_string())));
    }
    limits
}
