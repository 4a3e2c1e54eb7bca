//! The settings of a directory that shape SCIM, roles and grants: members of `PATCH /directories/{id}`.
//!
//! `null` brings a default back. What equals the default is not stored, so that a change to it is no change.

use super::schemas;
use crate::context::Context;
use crate::fields::{Fields, Wrong, flag, id, integer, list, object, text, word};
use crate::problem::{Fault, Problem};
use ::directory::{BrakeSettings, GRANTS, GroupRole, Policy, RoleRule, SchemaDeclaration};
use ::events::{DirectoryId, ResourceId};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use store::Directory;

/// The members, in the order in which they are shown.
pub(super) const NAMES: [&str; 9] = [
    "groups_enabled",
    REQUIRED,
    "unique_emails",
    "roles",
    "default_grants",
    "group_roles",
    SCHEMAS,
    RATE_LIMIT,
    BRAKE,
];

const REQUIRED: &str = "required_attributes";
const SCHEMAS: &str = "schemas";
const RATE_LIMIT: &str = "rate_limit";
const BRAKE: &str = "mass_change_brake";

/// Entra asks of every SCIM server that it takes 25 requests per second, and quarantines one that keeps refusing.
const LOWEST_RATE: i64 = 25;
const HIGHEST_RATE: i64 = 100_000;

const GRANT_WORDS: &[(&str, &str)] = &[(GRANTS[0], GRANTS[0]), (GRANTS[1], GRANTS[1])];

/// What a request changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// By name; `None` brings the default back.
    values: Vec<(&'static str, Option<Value>)>,
    group_ids: Vec<ResourceId>,
}

/// Reads the members of a request; faults stay with `fields`.
pub(super) fn read(fields: &mut Fields) -> Changes {
    let mut changes = Changes::default();
    changes.put("groups_enabled", fields.change_or_clear("groups_enabled", flag));
    changes.put(REQUIRED, fields.change_or_clear(REQUIRED, list(0..=50, text(1..=300))));
    changes.put("unique_emails", fields.change_or_clear("unique_emails", flag));
    changes.put("roles", fields.change_or_clear("roles", roles));
    changes.put("default_grants", fields.change_or_clear("default_grants", grants));
    let group_roles = fields.change_or_clear("group_roles", list(0..=100, group_role));
    let ids = group_roles.iter().flatten().flatten().map(|rule| rule.group_id);
    changes.group_ids = ids.collect();
    changes.put("group_roles", group_roles);
    changes.put(SCHEMAS, fields.change_or_clear(SCHEMAS, schemas::read));
    changes.put(RATE_LIMIT, fields.change_or_clear(RATE_LIMIT, rate_limit));
    changes.put(BRAKE, fields.change_or_clear(BRAKE, brake));
    changes
}

impl Changes {
    fn put<T: Serialize>(&mut self, name: &'static str, change: Option<Option<T>>) {
        if let Some(value) = change {
            self.values.push((name, value.map(|value| json!(value))));
        }
    }

    /// Whether the groups that are named are there.
    ///
    /// # Errors
    /// 404 without the directory, 422 with a fault for each rule whose group is missing.
    pub(super) async fn check_groups(&self, context: &Context, id: DirectoryId) -> Result<(), Problem> {
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
        let defaults = shown(&Policy::default());
        for (name, value) in &self.values {
            let value = value.clone().filter(|value| defaults.get(*name) != Some(value));
            directory.set_setting(name, value)?;
        }
        if self.values.is_empty() {
            return Ok(());
        }
        let required = self.required(&directory.policy()?)?;
        let required = (!required.is_empty()).then(|| json!(required));
        Ok(directory.set_setting(REQUIRED, required)?)
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

/// The settings as they are in force, defaults included.
pub(super) fn shown(policy: &Policy) -> Map<String, Value> {
    let mut all = match json!(policy) {
        Value::Object(all) => all,
        _ => Map::new(),
    };
    NAMES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), all.remove(*name)?)))
        .collect()
}

/// The URNs whose data is searched in another way after a change of schemas.
pub(super) fn searched_anew<'a>(before: &'a Policy, after: &'a Policy) -> Vec<&'a str> {
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

fn roles(value: &Value) -> Result<Vec<RoleRule>, Wrong> {
    let rule = object(&["value", "grants"], |fields| {
        let value = fields.required("value", text(1..=200));
        let grants = fields.required("grants", grants);
        Some(RoleRule {
            value: value?,
            grants: grants?.into_iter().map(str::to_owned).collect(),
        })
    });
    let rules = list(0..=100, rule)(value)?;
    let mut seen = HashSet::new();
    let repeated = rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| !seen.insert(scim::fold(&rule.value)));
    let faults: Vec<_> = repeated
        .map(|(index, rule)| {
            let detail = format!(
                "There is another rule for \"{}\"; roles are compared without regard to case.",
                rule.value
            );
            (format!("/{index}/value"), detail)
        })
        .collect();
    if faults.is_empty() {
        Ok(rules)
    } else {
        Err(Wrong::below(faults))
    }
}

fn grants(value: &Value) -> Result<Vec<&'static str>, Wrong> {
    let named = list(0..=GRANTS.len(), word(GRANT_WORDS))(value)?;
    Ok(GRANTS.into_iter().filter(|grant| named.contains(grant)).collect())
}

/// Requests per second.
fn rate_limit(value: &Value) -> Result<i64, Wrong> {
    match value.as_i64() {
        Some(rate) if rate < LOWEST_RATE => Err(format!(
            "Must be at least {LOWEST_RATE} requests per second: Entra requires that much, and an identity provider that is \
             throttled stops the whole synchronisation (quarantine). Use null for no limit."
        )
        .into()),
        Some(rate) if rate <= HIGHEST_RATE => Ok(rate),
        _ => Err(format!("Must be a whole number from {LOWEST_RATE} to {HIGHEST_RATE}, or null for no limit.").into()),
    }
}

/// Members that are missing have their defaults.
fn brake(value: &Value) -> Result<BrakeSettings, Wrong> {
    const KNOWN: &[&str] = &["enabled", "percent", "minimum", "window_minutes", "new_user_hours"];
    let read = object(KNOWN, |fields| {
        let default = BrakeSettings::default();
        let percent = fields.optional("percent", integer(0..=100));
        let minimum = fields.optional("minimum", integer(0..=1_000_000));
        let window = fields.optional("window_minutes", integer(1..=24 * 60));
        let new = fields.optional("new_user_hours", integer(0..=30 * 24));
        Some(BrakeSettings {
            enabled: fields.optional("enabled", flag).unwrap_or(default.enabled),
            percent: percent.and_then(|n| u8::try_from(n).ok()).unwrap_or(default.percent),
            minimum: minimum.map_or(default.minimum, i32::unsigned_abs),
            window_minutes: window.map_or(default.window_minutes, i32::unsigned_abs),
            new_user_hours: new.map_or(default.new_user_hours, i32::unsigned_abs),
        })
    });
    read(value)
}

fn group_role(value: &Value) -> Result<GroupRole, Wrong> {
    let read = object(&["group_id", "role"], |fields| {
        let group_id = fields.required("group_id", id::<ResourceId>);
        let role = fields.required("role", text(1..=200));
        Some(GroupRole {
            group_id: group_id?,
            role: role?,
        })
    });
    read(value)
}
