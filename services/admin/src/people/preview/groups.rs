//! The groups of a list.

use super::{Listed, changes};
use crate::context::AdminContext;
use crate::people::People;
use crate::problem::Problem;
use ::events::ResourceId;
use api::{GroupPreview, MatchedBy, PreviewEffect};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Members that are compared, of all groups of a list together.
const MOST_MEMBERS: u32 = 20_000;
const MEMBERS: &str = "members";

/// The groups here that the list may mean, with their members as far as they are known.
struct KnownGroups {
    by_external_id: HashMap<String, ResourceId>,
    by_name: HashMap<String, ResourceId>,
    groups: HashMap<ResourceId, Map<String, Value>>,
    members: HashMap<ResourceId, HashSet<ResourceId>>,
    /// There are more members than are compared.
    is_cut: bool,
}

pub(super) async fn preview(
    people: &People,
    context: &AdminContext,
    list: &[Listed],
) -> Result<Vec<GroupPreview>, Problem> {
    if !people.policy.groups_enabled {
        let off = |listed: &Listed| refused(listed, "groups are switched off for this directory".to_owned());
        return Ok(list.iter().map(off).collect());
    }
    let known = KnownGroups::load(people, context, list).await?;
    let mut seen = HashSet::new();
    let shown = list.iter().map(|listed| {
        let shown = match &listed.read {
            Err(detail) => refused(listed, detail.clone()),
            Ok(attributes) => known.preview(listed, attributes),
        };
        match shown.id {
            Some(id) if !seen.insert(id) => refused(listed, format!("the list has the group {id} twice")),
            _ => shown,
        }
    });
    Ok(shown.collect())
}

fn unmatched(listed: &Listed) -> GroupPreview {
    GroupPreview {
        display_name: listed.name.clone(),
        effect: PreviewEffect::Refused,
        id: None,
        matched_by: None,
        changes: Vec::new(),
        emptied: false,
        joining: Some(0),
        leaving: Some(0),
        detail: None,
    }
}

fn refused(listed: &Listed, detail: String) -> GroupPreview {
    GroupPreview {
        detail: Some(detail),
        ..unmatched(listed)
    }
}

/// The members that a group of the list has, where it says so.
fn listed_members(attributes: &Map<String, Value>) -> Option<HashSet<ResourceId>> {
    let members = attributes.get(MEMBERS)?.as_array()?;
    let ids = members
        .iter()
        .filter_map(|member| member.get("value")?.as_str()?.parse().ok());
    Some(ids.collect())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl KnownGroups {
    async fn load(people: &People, context: &AdminContext, list: &[Listed]) -> Result<Self, Problem> {
        let texts = |name: &str| {
            list.iter()
                .filter_map(|listed| listed.text(name).map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let names: Vec<String> = texts("displayName").iter().map(|name| scim::fold(name)).collect();
        let groups = context.store().groups(people.directory.id);
        let mut rows = groups.by_external_ids(&texts("externalId")).await?;
        rows.extend(groups.by_names(&names).await?);
        let mut known = Self {
            by_external_id: HashMap::new(),
            by_name: HashMap::new(),
            groups: HashMap::new(),
            members: HashMap::new(),
            is_cut: false,
        };
        for row in rows {
            let (id, attributes) = (row.id, row.into_stored()?.attributes);
            let text = |name: &str| attributes.get(name).and_then(Value::as_str);
            if let Some(external_id) = text("externalId") {
                known.by_external_id.entry(external_id.to_owned()).or_insert(id);
            }
            if let Some(name) = text("displayName") {
                known.by_name.insert(scim::fold(name), id);
            }
            known.groups.insert(id, attributes);
        }
        let ids: Vec<ResourceId> = known.groups.keys().copied().collect();
        let (members, is_cut) = groups.members_of(&ids, MOST_MEMBERS).await?;
        for (group, member) in members {
            known.members.entry(group).or_default().insert(member);
        }
        known.is_cut = is_cut;
        Ok(known)
    }

    fn preview(&self, listed: &Listed, attributes: &Map<String, Value>) -> GroupPreview {
        let wanted = listed_members(attributes);
        let by_external_id = listed.text("externalId").and_then(|id| self.by_external_id.get(id));
        let by_name = listed
            .text("displayName")
            .and_then(|name| self.by_name.get(&scim::fold(name)));
        let found = by_external_id
            .map(|id| (*id, MatchedBy::ExternalId))
            .or_else(|| by_name.map(|id| (*id, MatchedBy::DisplayName)));
        let Some((id, matched_by)) = found else {
            return GroupPreview {
                effect: PreviewEffect::Created,
                joining: Some(wanted.map_or(0, |wanted| count(wanted.len()))),
                ..unmatched(listed)
            };
        };
        let none = (Map::new(), HashSet::new());
        let current = self.groups.get(&id).unwrap_or(&none.0);
        let members = self.members.get(&id).unwrap_or(&none.1);
        let mut named = attributes.clone();
        named.shift_remove(MEMBERS);
        let changes = changes(current, &named);
        let wanted = wanted.as_ref().unwrap_or(members);
        let emptied = wanted.is_empty() && !members.is_empty();
        let (joining, leaving) = (wanted.difference(members).count(), members.difference(wanted).count());
        let is_same = changes.is_empty() && joining + leaving == 0;
        GroupPreview {
            effect: if is_same {
                PreviewEffect::Unchanged
            } else {
                PreviewEffect::Changed
            },
            id: Some(id),
            matched_by: Some(matched_by),
            changes,
            emptied,
            joining: (!self.is_cut).then_some(count(joining)),
            leaving: (!self.is_cut).then_some(count(leaving)),
            ..unmatched(listed)
        }
    }
}
