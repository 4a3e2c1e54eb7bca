//! Reading the base.

use super::LogCopies;
use crate::StoreError;
use crate::directory::projection::tables::{Table, Tables};
use db::entity::column::{Id, Millis};
use db::entity::{group_members, users};
use db::send::fetch_all;
use directory::{Group, User};
use events::ResourceId;
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A user or group of the base.
#[derive(FromQueryResult)]
struct BaseResource {
    id: Id<ResourceId>,
    resource: String,
    version: i64,
    created_at: Millis,
    updated_at: Millis,
}

/// A membership of the base.
#[derive(FromQueryResult)]
struct BaseMembership {
    group_id: Id<ResourceId>,
    member_id: Id<ResourceId>,
}

impl LogCopies<'_> {
    /// Users of the base in order of their ids, after this one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn base_users(&self, after: Option<ResourceId>, limit: u32) -> Result<Vec<User>, StoreError> {
        let rows = self.resources(Table::Users, after, limit).await?;
        rows.into_iter()
            .map(|row| {
                Ok(User {
                    id: row.id.0,
                    attributes: attributes(&row.resource)?,
                    version: row.version,
                    created_at: row.created_at.into(),
                    updated_at: row.updated_at.into(),
                })
            })
            .collect()
    }

    /// Groups of the base in order of their ids, after this one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn base_groups(&self, after: Option<ResourceId>, limit: u32) -> Result<Vec<Group>, StoreError> {
        let rows = self.resources(Table::Groups, after, limit).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Group {
                    id: row.id.0,
                    attributes: attributes(&row.resource)?,
                    version: row.version,
                    created_at: row.created_at.into(),
                    updated_at: row.updated_at.into(),
                })
            })
            .collect()
    }

    /// Memberships (group, member) of the base in their order, after this one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn base_members(
        &self,
        after: Option<(ResourceId, ResourceId)>,
        limit: u32,
    ) -> Result<Vec<(ResourceId, ResourceId)>, StoreError> {
        use group_members::Column::{DirectoryId, GroupId, MemberId};
        let (group, member) = after.map_or((Uuid::nil(), Uuid::nil()), |(group, member)| {
            (group.uuid(), member.uuid())
        });
        let place = Expr::tuple([GroupId, MemberId].map(Expr::col));
        let page = Query::select()
            .columns([GroupId, MemberId])
            .from(Tables::Base.members())
            .and_where(self.is_here())
            .and_where(place.gt(Expr::tuple([group.into(), member.into()])))
            .order_by_columns([DirectoryId, GroupId, MemberId].map(|column| (column, Order::Asc)))
            .limit(limit.into())
            .take();
        let rows: Vec<BaseMembership> = fetch_all(self.store.read(), &page).await?;
        Ok(rows.into_iter().map(|row| (row.group_id.0, row.member_id.0)).collect())
    }

    async fn resources(
        &self,
        table: Table,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<BaseResource>, StoreError> {
        use users::Column::{CreatedAt, DirectoryId, Id, Resource, UpdatedAt, Version};
        let after = after.map_or(Uuid::nil(), |id| id.uuid());
        let page = Query::select()
            .columns([Id, Resource, Version, CreatedAt, UpdatedAt])
            .from(Tables::Base.table(table))
            .and_where(self.is_here())
            .and_where(Expr::col(Id).gt(after))
            .order_by_columns([DirectoryId, Id].map(|column| (column, Order::Asc)))
            .limit(limit.into())
            .take();
        fetch_all(self.store.read(), &page).await
    }
}

fn attributes(resource: &str) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(resource).map_err(StoreError::corrupt)
}
