//! The users and groups of one directory that somebody's list may mean: found by what matches them, all of a list at once.

use crate::{GroupRow, Groups, StoreError, UserRow, Users};
use ::events::ResourceId;
use db::entity::column::Id;
use db::entity::{group_members, groups, user_emails, users};
use db::send::fetch_all;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _, QueryTrait as _,
};

#[derive(Clone, Copy, Debug, FromQueryResult)]
struct UserId {
    user_id: Id<ResourceId>,
}

impl Users<'_> {
    /// Those with one of these ids of the identity provider, without their groups, in no order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_external_ids(&self, external_ids: &[String]) -> Result<Vec<UserRow>, StoreError> {
        if external_ids.is_empty() {
            return Ok(Vec::new());
        }
        let (store, directory) = self.of();
        let query = users::Entity::find()
            .filter(users::Column::DirectoryId.eq(Id(directory)))
            .filter(users::Column::ExternalId.is_in(external_ids));
        let rows: Vec<users::Model> = fetch_all(store.read(), query.as_query()).await?;
        Ok(rows.into_iter().map(user).collect())
    }

    /// Those with one of these names, each folded as names are compared, without their groups, in no order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_names(&self, names: &[String]) -> Result<Vec<UserRow>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let (store, directory) = self.of();
        let query = users::Entity::find()
            .filter(users::Column::DirectoryId.eq(Id(directory)))
            .filter(users::Column::UserNameKey.is_in(names));
        let rows: Vec<users::Model> = fetch_all(store.read(), query.as_query()).await?;
        Ok(rows.into_iter().map(user).collect())
    }

    /// Those with one of these addresses, each folded as addresses are compared, at most `limit`, without their groups, in
    /// no order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_addresses(&self, addresses: &[String], limit: u32) -> Result<Vec<UserRow>, StoreError> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let (store, directory) = self.of();
        let query = user_emails::Entity::find()
            .select_only()
            .column(user_emails::Column::UserId)
            .filter(user_emails::Column::DirectoryId.eq(Id(directory)))
            .filter(user_emails::Column::ValueKey.is_in(addresses))
            .limit(u64::from(limit));
        let rows: Vec<UserId> = fetch_all(store.read(), query.as_query()).await?;
        let ids: Vec<ResourceId> = rows.into_iter().map(|row| row.user_id.0).collect();
        self.by_ids(&ids, false).await
    }
}

impl Groups<'_> {
    /// Those with one of these ids of the identity provider, without their members, in no order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_external_ids(&self, external_ids: &[String]) -> Result<Vec<GroupRow>, StoreError> {
        if external_ids.is_empty() {
            return Ok(Vec::new());
        }
        let (store, directory) = self.of();
        let query = groups::Entity::find()
            .filter(groups::Column::DirectoryId.eq(Id(directory)))
            .filter(groups::Column::ExternalId.is_in(external_ids));
        let rows: Vec<groups::Model> = fetch_all(store.read(), query.as_query()).await?;
        Ok(rows.into_iter().map(group).collect())
    }

    /// Those with one of these names, each folded as names are compared, without their members, in no order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_names(&self, names: &[String]) -> Result<Vec<GroupRow>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let (store, directory) = self.of();
        let query = groups::Entity::find()
            .filter(groups::Column::DirectoryId.eq(Id(directory)))
            .filter(groups::Column::DisplayNameKey.is_in(names));
        let rows: Vec<groups::Model> = fetch_all(store.read(), query.as_query()).await?;
        Ok(rows.into_iter().map(group).collect())
    }

    /// Members of these groups, at most `limit` of all, and whether there are more; each as the group and the member.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn members_of(
        &self,
        groups: &[ResourceId],
        limit: u32,
    ) -> Result<(Vec<(ResourceId, ResourceId)>, bool), StoreError> {
        if groups.is_empty() {
            return Ok((Vec::new(), false));
        }
        let (store, directory) = self.of();
        let query = group_members::Entity::find()
            .filter(group_members::Column::DirectoryId.eq(Id(directory)))
            .filter(group_members::Column::GroupId.is_in(groups.iter().copied().map(Id)))
            .limit(u64::from(limit) + 1);
        let mut rows: Vec<group_members::Model> = fetch_all(store.read(), query.as_query()).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_cut = rows.len() > limit;
        rows.truncate(limit);
        let members = rows.into_iter().map(|row| (row.group_id.0, row.member_id.0));
        Ok((members.collect(), is_cut))
    }
}

fn user(row: users::Model) -> UserRow {
    UserRow {
        id: row.id.0,
        version: row.version,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
        resource: row.resource,
        groups: None,
    }
}

fn group(row: groups::Model) -> GroupRow {
    GroupRow {
        id: row.id.0,
        version: row.version,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
        resource: row.resource,
        members: None,
    }
}
