//! All people of a small directory, within a change of its settings.

use crate::{AdminTx, StoreError};
use ::events::{DirectoryId, GroupRef, ResourceId};
use db::entity::column::Id;
use db::entity::{group_members, groups, users};
use db::expr::checked;
use db::send::fetch_all;
use directory::User;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use std::collections::HashMap;

impl AdminTx {
    /// All users of a directory with the groups they are in, in order of creation; `None` where there are more than `most`.
    ///
    /// # Errors
    /// As any query.
    pub async fn everybody(
        &self,
        directory: DirectoryId,
        most: usize,
    ) -> Result<Option<Vec<(User, Vec<GroupRef>)>>, StoreError> {
        let query = users::Entity::find()
            .filter(users::Column::DirectoryId.eq(Id(directory)))
            .order_by_asc(users::Column::CreatedAt)
            .order_by_asc(users::Column::Id)
            .limit(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1));
        let rows: Vec<users::Model> = fetch_all(&self.tx, query.as_query()).await?;
        if rows.len() > most {
            return Ok(None);
        }
        let mut groups_of = self.groups_of(directory, &rows).await?;
        let mut people = Vec::with_capacity(rows.len());
        for row in rows {
            let user = User {
                id: row.id.0,
                attributes: serde_json::from_str(&row.resource).map_err(StoreError::corrupt)?,
                version: row.version,
                created_at: row.created_at.into(),
                updated_at: row.updated_at.into(),
            };
            let groups = groups_of.remove(&user.id).unwrap_or_default();
            people.push((user, groups));
        }
        Ok(Some(people))
    }

    async fn groups_of(
        &self,
        directory: DirectoryId,
        people: &[users::Model],
    ) -> Result<HashMap<ResourceId, Vec<GroupRef>>, StoreError> {
        if people.is_empty() {
            return Ok(HashMap::new());
        }
        let query = group_members::Entity::find()
            .filter(group_members::Column::MemberId.is_in(people.iter().map(|user| user.id)))
            // Checked in each row, and sorted here: a walk in the order of groups would go through those of all.
            .filter(checked(group_members::Column::DirectoryId.eq(Id(directory))));
        let mut members: Vec<group_members::Model> = fetch_all(&self.tx, query.as_query()).await?;
        members.sort_unstable_by_key(|member| member.group_id.0);
        let mut ids: Vec<ResourceId> = members.iter().map(|member| member.group_id.0).collect();
        ids.dedup();
        let named = groups::Entity::find()
            .filter(groups::Column::DirectoryId.eq(Id(directory)))
            .filter(groups::Column::Id.is_in(ids.into_iter().map(Id)));
        let named: Vec<groups::Model> = fetch_all(&self.tx, named.as_query()).await?;
        let names: HashMap<ResourceId, String> = named
            .into_iter()
            .map(|group| (group.id.0, group.display_name))
            .collect();
        let mut groups_of: HashMap<ResourceId, Vec<GroupRef>> = HashMap::new();
        for member in members {
            let id = member.group_id.0;
            if let Some(display_name) = names.get(&id).cloned() {
                groups_of
                    .entry(member.member_id.0)
                    .or_default()
                    .push(GroupRef { id, display_name });
            }
        }
        Ok(groups_of)
    }
}
