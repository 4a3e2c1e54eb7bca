//! The settings of a directory that shape SCIM, roles and grants: members of `PATCH /directories/{id}`.
//!
//! `null` brings a default back. What equals the default is not stored, so that a change to it is no change.

use crate::context::AdminContext;
use crate::problem::Problem;
use ::directory::{BrakeSettings, GRANTS, Policy, RoleRule, SchemaDeclaration};
use ::events::{DirectoryId, ResourceId};
use api::{DirectoryPatch, DirectorySettings, Fault, Reading};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use store::Directory;

/// The members, in the order in which they are shown.
pub(super) const NAMES: [&str; 11] = [
    "groups_enabled",
    REQUIRED,
    "unique_emails",
    ROLES,
    GRANTED,
    "group_roles",
    SCHEMAS,
    MAP,
    "rate_limit",
    BRAKE,
    PEOPLE,
];

const REQUIRED: &str = "required_attributes";
const ROLES: &str = "roles";
const GRANTED: &str = "default_grants";
const SCHEMAS: &str = "schemas";
const MAP: &str = "attribute_map";
const BRAKE: &str = "mass_change_brake";
const PEOPLE: &str = "people_of";

/// What a request changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// By name; `None` brings the default back.
    values: Vec<(&'static str, Option<Value>)>,
    group_ids: Vec<ResourceId>,
}

/// Adds the faults that lie between members.
pub(super) fn check(reading: &mut Reading<DirectoryPatch>) {
    api::schema_faults(reading);
    check_names(reading);
    let rules: Vec<api::RoleRule> = reading.sound(ROLES).unwrap_or_default();
    let mut seen = HashSet::new();
    for (index, rule) in rules.iter().enumerate() {
        if !seen.insert(scim::fold(&rule.value)) {
            let detail = format!(
                "There is another rule for \"{}\"; roles are compared without regard to case.",
                rule.value
            );
            reading.fault(&format!("/{ROLES}/{index}/value"), detail);
        }
    }
}

/// Names that the attribute map may have.
const MOST_NAMES: usize = 50;
/// Characters that such a name may have.
const LONGEST_NAME: usize = 64;

/// Adds the faults of names in the attribute map.
fn check_names(reading: &mut Reading<DirectoryPatch>) {
    let map = reading.member(MAP).and_then(Value::as_object);
    let names: Vec<String> = map.into_iter().flat_map(Map::keys).cloned().collect();
    if names.len() > MOST_NAMES {
        reading.fault(&format!("/{MAP}"), format!("Must have 0 to {MOST_NAMES} names."));
        return;
    }
    for name in &names {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        if !begins || !name.bytes().all(fits) || name.len() > LONGEST_NAME {
            let detail = format!(
                "A name has 1 to {LONGEST_NAME} lower-case letters, digits and underscores, and begins with a letter."
            );
            reading.fault(&format!("/{MAP}{}", api::pointer(name)), detail);
        }
    }
}

impl Changes {
    /// The settings of a request, in the form in which they are stored.
    ///
    /// # Errors
    /// 500 when the wire and the rules do not agree on the shape of a setting.
    pub(super) fn of(patch: &DirectoryPatch) -> Result<Self, Problem> {
        let Value::Object(mut members) = json!(patch) else {
            return Ok(Self::default());
        };
        let named = NAMES.iter().filter_map(|name| Some((*name, members.remove(*name)?)));
        let values: Result<_, Problem> = named
            .map(|(name, value)| {
                let value = Some(value).filter(|value| !value.is_null());
                Ok((name, value.map(|value| stored(name, value)).transpose()?))
            })
            .collect();
        let rules = patch.group_roles.iter().flatten().flatten();
        Ok(Self {
            values: values?,
            group_ids: rules.map(|rule| rule.group_id).collect(),
        })
    }

    /// Whether the groups that are named are there.
    ///
    /// # Errors
    /// 404 without the directory, 422 with a fault for each rule whose group is missing.
    pub(super) async fn check_groups(&self, context: &AdminContext, id: DirectoryId) -> Result<(), Problem> {
        if self.group_ids.is_empty() {
            return Ok(());
        }
        let store = context.store();
        if store.directories().by_id(id).await?.is_none() {
            return Err(Problem::not_found("directory", &id.to_string()));
        }
        let mut faults = Vec::new();
        for (index, group) in self.group_ids.iter().enumerate() {
            if store.groups(id).by_id(*group, false).await?.is_none() {
                faults.push(Fault::at(
                    format!("#/group_roles/{index}/group_id"),
                    format!("There is no group {group} in this directory; take the \"id\" that SCIM shows of it."),
                ));
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(faults))
        }
    }

    /// Makes the changes.
    ///
    /// # Errors
    /// 422 when settings do not go together.
    pub(super) fn apply(&self, directory: &mut Directory) -> Result<(), Problem> {
        let defaults = in_force(&Policy::default());
        for (name, value) in &self.values {
            let value = value.clone().filter(|value| defaults.get(*name) != Some(value));
            directory.set_setting(name, value)?;
        }
        if self.values.is_empty() {
            return Ok(());
        }
        self.map_paths(&directory.policy()?)?;
        let required = self.required(&directory.policy()?)?;
        let required = (!required.is_empty()).then(|| json!(required));
        Ok(directory.set_setting(REQUIRED, required)?)
    }

    /// Whether all paths of the attribute map lead to attributes, by the schemas as they are now.
    fn map_paths(&self, policy: &Policy) -> Result<(), Problem> {
        let is_named = self.values.iter().any(|(name, _)| *name == MAP);
        let mut faults = Vec::new();
        for (name, path) in &policy.attribute_map {
            match policy.mappable(path) {
                Err(detail) if is_named => faults.push(Fault::at(format!("#/{MAP}{}", api::pointer(name)), detail)),
                _ => {}
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(faults))
        }
    }

    /// The required attributes in canonical form, each once, checked against the schemas as they are now.
    fn required(&self, policy: &Policy) -> Result<Vec<String>, Problem> {
        let is_named = self.values.iter().any(|(name, _)| *name == REQUIRED);
        let (mut paths, mut faults) = (Vec::new(), Vec::new());
        for (index, text) in policy.required_attributes().iter().enumerate() {
            match policy.requirable(text) {
                Ok(path) => {
                    let path = path.to_string();
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
                Err(detail) if is_named => faults.push(Fault::at(format!("#/{REQUIRED}/{index}"), detail)),
                Err(_) => faults.push(Fault::at(
                    format!("#/{SCHEMAS}"),
                    format!("\"{text}\" is required by required_attributes; take it out there in the same request."),
                )),
            }
        }
        if faults.is_empty() {
            Ok(paths)
        } else {
            Err(Problem::invalid(faults))
        }
    }
}

/// A setting as the rules write it: members that are missing have their defaults, grants stand in one order, each once.
fn stored(name: &str, value: Value) -> Result<Value, Problem> {
    match name {
        ROLES => {
            let mut rules: Vec<RoleRule> = read(value)?;
            for rule in &mut rules {
                rule.grants = in_order(&rule.grants);
            }
            written(&rules)
        }
        GRANTED => written(&in_order(&read::<Vec<String>>(value)?)),
        SCHEMAS => written(&read::<Vec<SchemaDeclaration>>(value)?),
        BRAKE => written(&read::<BrakeSettings>(value)?),
        _ => Ok(value),
    }
}

fn in_order(grants: &[String]) -> Vec<String> {
    let given = GRANTS.into_iter().filter(|grant| grants.iter().any(|one| one == grant));
    given.map(str::to_owned).collect()
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| Problem::internal(&error))
}

fn written<T: Serialize>(value: &T) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| Problem::internal(&error))
}

/// The settings as they are in force, defaults included.
pub(super) fn in_force(policy: &Policy) -> Map<String, Value> {
    let mut all = match json!(policy) {
        Value::Object(all) => all,
        _ => Map::new(),
    };
    NAMES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), all.remove(*name)?)))
        .collect()
}

/// The same as the API shows them.
pub(super) fn shown(policy: &Policy) -> Option<DirectorySettings> {
    serde_json::from_value(Value::Object(in_force(policy))).ok()
}

/// The URNs whose data is searched in another way after a change of schemas.
pub(super) fn to_reindex<'a>(before: &'a Policy, after: &'a Policy) -> Vec<&'a str> {
    let differing = |some: &'a [SchemaDeclaration], others: &'a [SchemaDeclaration]| {
        some.iter()
            .filter(|one| !others.iter().any(|other| one.searches_like(other)))
            .map(|one| one.id.as_str())
    };
    let mut urns: Vec<&str> = differing(&before.schemas, &after.schemas)
        .chain(differing(&after.schemas, &before.schemas))
        .collect();
    urns.sort_unstable();
    urns.dedup();
    urns
}
