//! Groups as requests name them, in SCIM.

use super::People;
use crate::body::Body;
use crate::context::AdminContext;
use crate::problem::Problem;
use ::events::ResourceId;
use api::{GroupCreate, GroupPatch};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The attributes of a group to be made.
pub(crate) fn to_create(group: &GroupCreate) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.insert("displayName".to_owned(), group.display_name.as_str().into());
    if let Some(external_id) = &group.external_id {
        attributes.insert("externalId".to_owned(), external_id.as_str().into());
    }
    if let Some(members) = group.members.as_deref().filter(|members| !members.is_empty()) {
        attributes.insert("members".to_owned(), listed(members));
    }
    attributes
}

/// The PATCH that makes the changes of a request; `None` when it names none.
pub(crate) fn to_patch(patch: &GroupPatch) -> Option<Value> {
    let mut operations = Vec::new();
    if let Some(name) = &patch.display_name {
        operations.push(json!({ "op": "replace", "path": "displayName", "value": name }));
    }
    match &patch.external_id {
        None => {}
        Some(None) => operations.push(json!({ "op": "remove", "path": "externalId" })),
        Some(Some(id)) => operations.push(json!({ "op": "replace", "path": "externalId", "value": id })),
    }
    let some = |members: &Option<Vec<ResourceId>>| members.clone().filter(|members| !members.is_empty());
    if let Some(members) = some(&patch.remove_members) {
        operations.push(json!({ "op": "remove", "path": "members", "value": listed(&members) }));
    }
    if let Some(members) = some(&patch.add_members) {
        operations.push(json!({ "op": "add", "path": "members", "value": listed(&members) }));
    }
    (!operations.is_empty()).then(|| json!({ "Operations": operations }))
}

/// Adds a fault for each member that is to join and is neither a user nor a group of the directory.
///
/// # Errors
/// As the store.
pub(crate) async fn check_members<T: api::Body>(
    context: &AdminContext,
    people: &People,
    body: &mut Body<T>,
    member: &str,
) -> Result<(), Problem> {
    let ids: Vec<ResourceId> = body.sound(member).unwrap_or_default();
    let users = context.store().users(people.directory.id).by_ids(&ids, false).await?;
    let mut known: HashSet<ResourceId> = users.into_iter().map(|user| user.id).collect();
    let others: Vec<ResourceId> = ids.iter().filter(|id| !known.contains(id)).copied().collect();
    let groups = context.store().groups(people.directory.id).by_ids(&others).await?;
    known.extend(groups.into_iter().map(|group| group.id));
    for (index, id) in ids.iter().enumerate().filter(|(_, id)| !known.contains(id)) {
        let detail = format!("There is neither a user nor a group {id} in this directory.");
        body.fault(&format!("/{member}/{index}"), detail);
    }
    Ok(())
}

fn listed(members: &[ResourceId]) -> Value {
    members.iter().map(|id| json!({ "value": id })).collect()
}
