//! Reading the base.

use super::{CopyName, LogCopies};
use crate::StoreError;
use crate::sql::{Row, query_all};
use directory::{Group, User};
use events::ResourceId;
use sea_orm::QueryResult;
use serde_json::{Map, Value};
use uuid::Uuid;

impl LogCopies<'_> {
    /// Users of the base in order of their ids, after this one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn base_users(&self, after: Option<ResourceId>, limit: u32) -> Result<Vec<User>, StoreError> {
        let rows = self.resources(CopyName::Base.tables().users, after, limit).await?;
        rows.iter()
            .map(|row| {
                Ok(User {
                    id: row.id("id")?,
                    attributes: attributes(row)?,
                    version: row.get("version")?,
                    created_at: row.time("created_at")?,
                    updated_at: row.time("updated_at")?,
                })
            })
            .collect()
    }

    /// Groups of the base in order of their ids, after this one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn base_groups(&self, after: Option<ResourceId>, limit: u32) -> Result<Vec<Group>, StoreError> {
        let rows = self.resources(CopyName::Base.tables().groups, after, limit).await?;
        rows.iter()
            .map(|row| {
                Ok(Group {
                    id: row.id("id")?,
                    attributes: attributes(row)?,
                    version: row.get("version")?,
                    created_at: row.time("created_at")?,
                    updated_at: row.time("updated_at")?,
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
        let (group, member) = after.map_or((Uuid::nil(), Uuid::nil()), |(group, member)| {
            (group.uuid(), member.uuid())
        });
        let sql = format!(
            "SELECT group_id, member_id FROM {} WHERE directory_id = $1 AND (group_id, member_id) > ($2, $3) \
             ORDER BY directory_id, group_id, member_id LIMIT $4",
            CopyName::Base.tables().members
        );
        let values = [
            self.directory.uuid().into(),
            group.into(),
            member.into(),
            i64::from(limit).into(),
        ];
        let rows = query_all(self.store.read(), &sql, values).await?;
        rows.iter()
            .map(|row| Ok((row.id("group_id")?, row.id("member_id")?)))
            .collect()
    }

    async fn resources(
        &self,
        table: &str,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let sql = format!(
            "SELECT id, resource, version, created_at, updated_at FROM {table} WHERE directory_id = $1 AND id > $2 \
             ORDER BY directory_id, id LIMIT $3"
        );
        let after = after.map_or(Uuid::nil(), |id| id.uuid());
        let values = [self.directory.uuid().into(), after.into(), i64::from(limit).into()];
        query_all(self.store.read(), &sql, values).await
    }
}

fn attributes(row: &QueryResult) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(&row.get::<String>("resource")?).map_err(StoreError::corrupt)
}
