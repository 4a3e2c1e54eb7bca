//! Attributes that a directory shows under names of its own, in `custom` of the normalized user.

use crate::User;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

/// One entry of the attribute map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    name: String,
    path: AttributePath,
}

impl Mapped {
    /// # Errors
    /// One sentence that says what is wrong with the path.
    pub(crate) fn parse(name: &str, path: &str, users: &ResourceType) -> Result<Self, String> {
        let path =
            AttributePath::parse(path, users).map_err(|error| format!("Names no attribute: {}.", error.detail))?;
        let by_server = path.urn.is_none() && ["id", "meta", "schemas", "groups"].contains(&path.attribute.as_str());
        if by_server {
            return Err(format!(
                "\"{path}\" is not an attribute that the identity provider sets."
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            path,
        })
    }

    pub(crate) const fn path(&self) -> &AttributePath {
        &self.path
    }

    /// The value of a user; of a multi-valued attribute, a list. `None` where there is none.
    fn value(&self, attributes: &Map<String, Value>) -> Option<Value> {
        let container = match &self.path.urn {
            None => attributes,
            Some(urn) => member(attributes, urn)?.as_object()?,
        };
        let value = member(container, &self.path.attribute)?;
        let Some(sub) = &self.path.sub else {
            return Some(value.clone());
        };
        match value {
            Value::Array(elements) => {
                let values = elements.iter().filter_map(|element| member(element.as_object()?, sub));
                let values: Vec<Value> = values.cloned().collect();
                (!values.is_empty()).then(|| values.into())
            }
            single => member(single.as_object()?, sub).cloned(),
        }
    }
}

/// What the map makes of a user: a value for each name that has one.
pub(crate) fn mapped(map: &[Mapped], attributes: &Map<String, Value>) -> Map<String, Value> {
    let values = map
        .iter()
        .filter_map(|one| Some((one.name.clone(), one.value(attributes)?)));
    values.collect()
}

/// The changes of a user when a directory's map changes; empty where nothing does.
pub(crate) fn map_changes(user: &User, before: &[Mapped], after: &[Mapped]) -> Vec<Value> {
    let (old, new) = (mapped(before, &user.attributes), mapped(after, &user.attributes));
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    let differing = names.filter(|name| old.get(*name) != new.get(*name));
    differing
        .map(|name| json!({ "path": format!("custom.{name}"), "before": old.get(name), "after": new.get(name) }))
        .collect()
}

/// A member in any case: data may be older than the schema that declares it.
fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let by_case = || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    members.get(name).or_else(|| by_case().map(|(_, value)| value))
}
