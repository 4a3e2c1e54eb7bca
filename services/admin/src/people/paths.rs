//! The attribute paths that the users of a directory really have, found in a sample.
//!
//! The sample is bounded, however many users there are: the oldest, and a stretch of users from each of some moments evenly
//! spread from the first creation to now. So it has both a first import and what came after.

use super::People;
use crate::context::AdminContext;
use crate::problem::Problem;
use ::events::{ResourceId, Timestamp};
use api::{AttributeKind, AttributePathSeen, AttributePaths};
use scim::urn;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use store::{Position, Query, UserRow};
use uuid::Uuid;

/// Users looked at from the oldest on.
const OLDEST: u32 = 200;
/// Moments from which more are looked at, and how many from each.
const MOMENTS: i64 = 10;
const OF_EACH: u32 = 30;
/// How many paths are listed; those that most people have come first.
const MOST_PATHS: usize = 500;

impl People {
    /// The paths in a sample of the users.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn attribute_paths(&self, context: &AdminContext) -> Result<AttributePaths, Problem> {
        let mut rows = self.users_after(context, None, OLDEST).await?;
        if let Some(first) = rows.first().map(|row| row.created_at.millis())
            && rows.len() >= usize::try_from(OLDEST).unwrap_or(usize::MAX)
        {
            let step = (context.now.millis() - first).max(0) / (MOMENTS + 1);
            for moment in 1..=MOMENTS {
                let after = Position {
                    created_at: Timestamp::from_millis(first + moment * step),
                    id: ResourceId::from(Uuid::nil()),
                };
                rows.extend(self.users_after(context, Some(after), OF_EACH).await?);
            }
        }
        let (mut seen, mut paths) = (HashSet::new(), BTreeMap::new());
        for row in rows {
            if seen.insert(row.id) {
                let mut own = BTreeMap::new();
                collect(&row.into_stored()?.attributes, "", &mut own);
                for (path, kind) in own {
                    paths.entry(path).or_insert((0_u32, kind)).0 += 1;
                }
            }
        }
        let mut data: Vec<AttributePathSeen> = paths
            .into_iter()
            .map(|(path, (users, kind))| AttributePathSeen {
                suggested_name: suggested(&path),
                is_mapped: self.policy.attribute_map.values().any(|mapped| *mapped == path),
                r#type: kind,
                path,
                users,
            })
            .collect();
        data.sort_by_key(|seen| std::cmp::Reverse(seen.users));
        data.truncate(MOST_PATHS);
        Ok(AttributePaths {
            data,
            sampled: u32::try_from(seen.len()).unwrap_or(u32::MAX),
        })
    }

    async fn users_after(
        &self,
        context: &AdminContext,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<UserRow>, Problem> {
        let query = Query {
            after,
            limit,
            ..Query::default()
        };
        Ok(context.store().users(self.directory.id).list(&query).await?.rows)
    }
}

/// Adds the paths of the values in an object: `[urn:]attribute` or `[urn:]attribute.sub`, each with the kind of a value there.
fn collect(members: &Map<String, Value>, prefix: &str, paths: &mut BTreeMap<String, AttributeKind>) {
    for (name, value) in members {
        match value {
            Value::Object(inner) if prefix.is_empty() && name.starts_with("urn:") => {
                collect(inner, &format!("{name}:"), paths);
            }
            Value::Object(parts) => add_parts(parts, &format!("{prefix}{name}"), paths),
            Value::Array(elements) => {
                let parts = elements.iter().filter_map(Value::as_object);
                parts.for_each(|parts| add_parts(parts, &format!("{prefix}{name}"), paths));
                if let Some(element) = elements.iter().find(|element| !element.is_object()) {
                    paths.insert(format!("{prefix}{name}"), kind(element));
                }
            }
            Value::Null => {}
            value => drop(paths.insert(format!("{prefix}{name}"), kind(value))),
        }
    }
}

fn add_parts(parts: &Map<String, Value>, path: &str, paths: &mut BTreeMap<String, AttributeKind>) {
    let subs = parts.iter().filter(|(_, value)| !value.is_null());
    paths.extend(subs.map(|(sub, value)| (format!("{path}.{sub}"), kind(value))));
}

/// What kind of value this is, in the words of SCIM.
fn kind(value: &Value) -> AttributeKind {
    match value {
        Value::Bool(_) => AttributeKind::Boolean,
        Value::Number(number) if number.is_f64() => AttributeKind::Decimal,
        Value::Number(_) => AttributeKind::Integer,
        Value::Array(_) | Value::Object(_) => AttributeKind::Complex,
        Value::String(_) | Value::Null => AttributeKind::String,
    }
}

/// A name for a path: the last parts of it, in lower case with underscores.
fn suggested(path: &str) -> String {
    let short = path.strip_prefix(urn::ENTERPRISE_USER).unwrap_or(path);
    let last = if short.starts_with("urn:") {
        short.rsplit(':').next().unwrap_or_default()
    } else {
        short.trim_start_matches(':')
    };
    let mut name = String::with_capacity(last.len() + 4);
    for character in last.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        let is_kept = character.is_ascii_alphanumeric();
        name.push(if is_kept { character.to_ascii_lowercase() } else { '_' });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_those_of_the_values_that_there_are() {
        let user = json!({
            "userName": "ada", "active": true, "name": { "givenName": "Ada", "familyName": null },
            "emails": [{ "value": "a" }, { "value": "b", "type": "work" }],
            urn::ENTERPRISE_USER: { "costCenter": "7", "manager": { "value": "x" } },
            "urn:x:User": { "badge": "B", "rooms": ["1"] },
        });
        let mut paths = BTreeMap::new();
        collect(user.as_object().unwrap(), "", &mut paths);
        let enterprise = |path: &str| format!("{}:{path}", urn::ENTERPRISE_USER);
        let mut expected: Vec<String> = [
            "userName",
            "active",
            "name.givenName",
            "emails.value",
            "emails.type",
            "urn:x:User:badge",
            "urn:x:User:rooms",
        ]
        .map(str::to_owned)
        .to_vec();
        expected.extend([enterprise("costCenter"), enterprise("manager.value")]);
        expected.sort_unstable();
        assert_eq!(paths["active"], AttributeKind::Boolean);
        assert_eq!(paths["emails.value"], AttributeKind::String);
        assert_eq!(paths.into_keys().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn names_are_suggested_from_the_ends_of_paths() {
        for (path, name) in [
            ("nickName", "nick_name"),
            ("name.givenName", "name_given_name"),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
                "cost_center",
            ),
            ("urn:x:y:User:badge.number", "badge_number"),
        ] {
            assert_eq!(suggested(path), name);
        }
    }
}
