//! `/directories/{id}/groups`: groups and who is in them.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod get;
pub(super) mod history;
pub(super) mod list;
pub(super) mod members;
pub(super) mod update;

use crate::context::{AdminContext, path_id};
use crate::people::People;
use crate::problem::Problem;
use ::events::ResourceId;
use store::GroupRow;

/// The group that a path names; there is none where groups are switched off.
///
/// # Errors
/// 404 without it; otherwise as the store.
async fn found(context: &AdminContext, people: &People, group: &str) -> Result<GroupRow, Problem> {
    let id: ResourceId = path_id("group", group)?;
    let groups = context.store().groups(people.directory.id);
    let found = groups.by_id(id, false).await?;
    found
        .filter(|_| people.policy.groups_enabled)
        .ok_or_else(|| Problem::not_found("group", group))
}
