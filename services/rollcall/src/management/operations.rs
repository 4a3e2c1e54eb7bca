//! The operations of the API, read from its OpenAPI document.

use super::fields::{Field, fields, only_alternative, resolved};
use client::Method;
use serde_json::Value;
use std::sync::OnceLock;

/// Below this path everything is.
const PREFIX: &str = "/api/v1/";
/// What the names of schemas of pages begin with.
const LIST: &str = "List_";
/// Query parameters of which the program takes care itself.
const OWN_PARAMETERS: [&str; 1] = ["format"];

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// As it stands there.
    Literal(String),
    /// An id: the name of the argument, and whether it is given by place or by flag.
    Id { name: String, by_place: bool },
}

/// One operation as a command.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// The group of commands, of its tag: `directory-keys`.
    pub(crate) group: String,
    /// The command, of its operation id: `rotate-secret`.
    pub(crate) verb: String,
    pub(super) method: Method,
    pub(super) path: Vec<Part>,
    pub(super) about: String,
    pub(super) more: Option<String>,
    pub(super) parameters: Vec<Field>,
    /// The members of its body; `None` where it has none.
    pub(super) body: Option<Vec<Field>>,
    /// The parameter that says where a page begins, of a list in pages.
    pub(super) cursor: Option<&'static str>,
    /// Whether the answer is a list.
    pub(super) is_list: bool,
    /// The name of the schema of the answer, or of the elements of a list.
    pub(super) shows: Option<String>,
    /// The scope that the key must have.
    pub(super) scope: Option<String>,
}

/// The document of this version, as JSON.
pub(super) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::to_value(admin::openapi()).unwrap_or_default())
}

/// All operations, in the order of the document.
pub(crate) fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| read(document()))
}

fn read(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let method = match method.as_str() {
                "get" => Method::Get,
                "post" => Method::Post,
                "put" => Method::Put,
                "patch" => Method::Patch,
                "delete" => Method::Delete,
                _ => continue,
            };
            if !is_stream_or_file(operation) {
                operations.push(one(document, method, path, id, operation));
            }
        }
    }
    operations
}

/// Whether a good answer is something else than JSON: a stream has a command of its own, and of a certificate the object that it
/// belongs to has the text.
fn is_stream_or_file(operation: &Value) -> bool {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let mut good = responses.filter(|(status, _)| status.starts_with('2'));
    good.any(|(_, response)| {
        let contents = response["content"].as_object();
        contents.is_some_and(|contents| !contents.is_empty() && !contents.contains_key("application/json"))
    })
}

fn one(document: &Value, method: Method, path: &str, id: &str, operation: &Value) -> Operation {
    let tag = operation["tags"][0].as_str().unwrap_or_default();
    let group = tag.to_ascii_lowercase().replace(' ', "-");
    let parameters: Vec<Field> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query")
        .filter(|parameter| !OWN_PARAMETERS.iter().any(|own| parameter["name"] == *own))
        .map(|parameter| Field::of_parameter(document, parameter))
        .collect();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let body = (!body.is_null()).then(|| fields(document, body));
    let (is_list, shows) = shown(document, operation);
    let has = |name: &str| parameters.iter().any(|parameter| parameter.name == name);
    let cursors: &[&'static str] = if is_list { &["cursor", "after"] } else { &[] };
    Operation {
        verb: verb(id, &group),
        method,
        path: parts(path, &group),
        about: operation["summary"].as_str().unwrap_or_default().to_owned(),
        more: operation["description"].as_str().map(str::to_owned),
        cursor: cursors.iter().copied().find(|name| has(name)),
        parameters,
        body,
        is_list,
        shows,
        scope: operation["security"][0]["admin_key"][0].as_str().map(str::to_owned),
        group,
    }
}

/// The parts of a path. Where it begins with what its group is about, all ids are given by place; else the first one is that
/// of what it belongs to, and is given by a flag: `directory-keys list --directory ID`.
fn parts(path: &str, group: &str) -> Vec<Part> {
    let path = path.strip_prefix(PREFIX).unwrap_or(path);
    let belongs = path.split('/').next() != Some(group);
    let mut before = "";
    let mut parts = Vec::new();
    for segment in path.split('/') {
        let part = match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            None => Part::Literal(segment.to_owned()),
            Some(name) => {
                let is_owner = belongs && !parts.iter().any(|part| matches!(part, Part::Id { .. }));
                let name = if name == "id" {
                    singular(before)
                } else {
                    name.replace('_', "-")
                };
                Part::Id {
                    name,
                    by_place: !is_owner,
                }
            }
        };
        before = segment;
        parts.push(part);
    }
    parts
}

/// What a command is called: the operation's id without the words of its group. `list_user_history` in `users` is `history`,
/// and `rotate_endpoint_secret` in `endpoints` is `rotate-secret`.
fn verb(id: &str, group: &str) -> String {
    let mut words = id.split('_');
    let verb = words.next().unwrap_or_default();
    let nouns: Vec<&str> = group.split('-').collect();
    let of_group = |word: &&str| nouns.iter().any(|noun| noun == word || singular(noun) == **word);
    let rest: Vec<&str> = words.filter(|word| !of_group(word)).collect();
    match (verb, rest.as_slice()) {
        (verb, []) => verb.to_owned(),
        ("get" | "list", rest) => rest.join("-"),
        (verb, rest) => format!("{verb}-{}", rest.join("-")),
    }
}

/// One of several.
pub(super) fn singular(plural: &str) -> String {
    match (plural.strip_suffix("ies"), plural.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) => stem.to_owned(),
        (None, None) => plural.to_owned(),
    }
}

/// Whether the answer is a list, and the name of what it shows.
fn shown(document: &Value, operation: &Value) -> (bool, Option<String>) {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let mut good = responses.filter(|(status, _)| status.starts_with('2'));
    let Some(schema) = good.find_map(|(_, response)| response["content"]["application/json"].get("schema")) else {
        return (false, None);
    };
    let schema = only_alternative(schema);
    let whole = resolved(document, schema);
    let elements = &whole["properties"]["data"]["items"];
    let is_list = !elements.is_null() && whole["properties"].get("next_cursor").is_some();
    let name = |before: &'static str, of: &Value| {
        let name = of["$ref"].as_str()?.rsplit('/').next()?;
        name.strip_prefix(before).map(str::to_owned)
    };
    // The elements of a page may stand in the schema of the page itself, which has their name.
    let shown = if is_list {
        name("", elements).or_else(|| name(LIST, schema))
    } else {
        name("", schema)
    };
    (is_list, shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_operation_has_a_command_of_its_own() {
        let mut names = HashSet::new();
        for operation in operations() {
            let name = format!("{} {}", operation.group, operation.verb);
            assert!(!operation.about.is_empty(), "{name} says nothing");
            assert!(names.insert(name.clone()), "{name} is there twice");
        }
        for expected in [
            "organizations list",
            "directories create",
            "directory-keys create",
            "directory-keys token",
            "endpoints rotate-secret",
            "endpoints stats",
            "endpoints test",
            "deliveries retry",
            "users history",
            "groups members",
            "events list",
            "events types",
            "audit-log list",
            "requests cycles",
            "admin-keys create",
            "directories preview",
            "portal-links create",
            "connections create",
            "connections create-key",
            "connections set-client-secret",
            "connections delete-binding",
            "graph create",
            "graph get",
            "graph update",
            "graph delete",
            "graph test",
            "graph resume",
            "graph pause",
            "graph release",
            "graph sync",
            "graph status",
            "graph drift",
            "graph certificate",
            "graph create-credential",
            "graph activate-credential",
            "graph delete-credential",
            "sso-clients rotate-secret",
            "sso-sessions list",
            "sso-sessions end",
            "sso-streams list",
            "sso-streams delete",
        ] {
            assert!(names.contains(expected), "{expected} is not among {names:?}");
        }
    }

    #[test]
    fn ids_of_owners_are_flags_and_others_are_given_by_place() {
        let id = |name: &str, by_place| Part::Id {
            name: name.to_owned(),
            by_place,
        };
        let literal = |text: &str| Part::Literal(text.to_owned());
        assert_eq!(
            parts("/api/v1/directories/{id}/users/{user_id}", "users"),
            [
                literal("directories"),
                id("directory", false),
                literal("users"),
                id("user-id", true)
            ]
        );
        assert_eq!(
            parts("/api/v1/endpoints/{id}/test", "endpoints"),
            [literal("endpoints"), id("endpoint", true), literal("test")]
        );
    }
}
