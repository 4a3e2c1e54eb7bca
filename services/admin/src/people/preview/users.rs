//! The users of a list.

use super::{Listed, changes};
use crate::context::AdminContext;
use crate::people::People;
use crate::problem::Problem;
use ::events::ResourceId;
use api::{MatchedBy, PreviewEffect, UserPreview};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use store::UserRow;

/// Users who are looked at because of their addresses: several may have one address.
const MOST_BY_ADDRESS: u32 = 2_000;

/// What would become of the users of a list.
pub(super) struct UsersPreview {
    pub(super) users: Vec<UserPreview>,
    /// How many of the active users here are in the list.
    pub(super) matched_active: i64,
}

/// The users here that the list may mean.
struct KnownUsers {
    by_external_id: HashMap<String, ResourceId>,
    by_name: HashMap<String, ResourceId>,
    by_address: HashMap<String, ResourceId>,
    users: HashMap<ResourceId, Map<String, Value>>,
}

pub(super) async fn preview(people: &People, context: &AdminContext, list: &[Listed]) -> Result<UsersPreview, Problem> {
    let known = known(people, context, list).await?;
    let (mut seen, mut matched_active, mut users) = (HashSet::new(), 0, Vec::with_capacity(list.len()));
    for listed in list {
        let shown = match &listed.read {
            Err(detail) => refused(listed, detail.clone()),
            Ok(attributes) => one(people, &known, listed, attributes),
        };
        if let Some(id) = shown.id
            && !seen.insert(id)
        {
            users.push(refused(listed, format!("the list has the user {id} twice")));
            continue;
        }
        let was = shown.id.and_then(|id| known.users.get(&id));
        matched_active += i64::from(was.is_some_and(is_active));
        users.push(shown);
    }
    Ok(UsersPreview { users, matched_active })
}

fn one(people: &People, known: &KnownUsers, listed: &Listed, attributes: &Map<String, Value>) -> UserPreview {
    let Some((id, matched_by, current)) = known.find(listed) else {
        let missing: Vec<String> = people.policy.missing(attributes).map(ToString::to_string).collect();
        if !missing.is_empty() {
            let detail = format!("{} is required in this directory and has no value", missing.join(", "));
            return refused(listed, detail);
        }
        return UserPreview {
            effect: PreviewEffect::Created,
            ..unmatched(listed)
        };
    };
    let changes = changes(current, attributes);
    let becomes = attributes.get("active").and_then(Value::as_bool);
    let effect = match (is_active(current), becomes) {
        (true, Some(false)) => PreviewEffect::Deactivated,
        (false, Some(true)) => PreviewEffect::Reactivated,
        _ if changes.is_empty() => PreviewEffect::Unchanged,
        _ => PreviewEffect::Changed,
    };
    UserPreview {
        effect,
        id: Some(id),
        matched_by: Some(matched_by),
        changes,
        ..unmatched(listed)
    }
}

fn unmatched(listed: &Listed) -> UserPreview {
    UserPreview {
        user_name: listed.name.clone(),
        effect: PreviewEffect::Refused,
        id: None,
        matched_by: None,
        changes: Vec::new(),
        detail: None,
    }
}

fn refused(listed: &Listed, detail: String) -> UserPreview {
    UserPreview {
        detail: Some(detail),
        ..unmatched(listed)
    }
}

fn is_active(attributes: &Map<String, Value>) -> bool {
    attributes.get("active").and_then(Value::as_bool).unwrap_or_default()
}

/// The addresses of a user, folded.
fn addresses(attributes: &Map<String, Value>) -> impl Iterator<Item = String> {
    let emails = attributes.get("emails").and_then(Value::as_array);
    let values = emails
        .into_iter()
        .flatten()
        .filter_map(|email| email.get("value")?.as_str());
    values.map(scim::fold)
}

async fn known(people: &People, context: &AdminContext, list: &[Listed]) -> Result<KnownUsers, Problem> {
    let texts = |name: &str| {
        list.iter()
            .filter_map(|listed| listed.text(name).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let names: Vec<String> = texts("userName").iter().map(|name| scim::fold(name)).collect();
    let read = list.iter().filter_map(|listed| listed.read.as_ref().ok());
    let wanted: Vec<String> = read.flat_map(addresses).collect();
    let users = context.store().users(people.directory.id);
    let mut rows = users.by_external_ids(&texts("externalId")).await?;
    rows.extend(users.by_names(&names).await?);
    rows.extend(users.by_addresses(&wanted, MOST_BY_ADDRESS).await?);
    KnownUsers::of(rows)
}

impl KnownUsers {
    fn of(rows: Vec<UserRow>) -> Result<Self, Problem> {
        let mut known = Self {
            by_external_id: HashMap::new(),
            by_name: HashMap::new(),
            by_address: HashMap::new(),
            users: HashMap::new(),
        };
        for row in rows {
            let (id, attributes) = (row.id, row.into_stored()?.attributes);
            let text = |name: &str| attributes.get(name).and_then(Value::as_str);
            if let Some(external_id) = text("externalId") {
                known.by_external_id.entry(external_id.to_owned()).or_insert(id);
            }
            if let Some(name) = text("userName") {
                known.by_name.insert(scim::fold(name), id);
            }
            for address in addresses(&attributes) {
                known.by_address.entry(address).or_insert(id);
            }
            known.users.insert(id, attributes);
        }
        Ok(known)
    }

    /// The user that is meant: by the identity provider's own id, else by name, else by address.
    fn find(&self, listed: &Listed) -> Option<(ResourceId, MatchedBy, &Map<String, Value>)> {
        let attributes = listed.read.as_ref().ok()?;
        let by_external_id = || listed.text("externalId").and_then(|id| self.by_external_id.get(id));
        let by_name = || {
            listed
                .text("userName")
                .and_then(|name| self.by_name.get(&scim::fold(name)))
        };
        let by_address = || addresses(attributes).find_map(|address| self.by_address.get(&address));
        let (id, matched_by) = by_external_id()
            .map(|id| (*id, MatchedBy::ExternalId))
            .or_else(|| by_name().map(|id| (*id, MatchedBy::UserName)))
            .or_else(|| by_address().map(|id| (*id, MatchedBy::Email)))?;
        Some((id, matched_by, self.users.get(&id)?))
    }
}
