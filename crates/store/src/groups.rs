//! Reading the groups of one directory and their members.

use crate::filter::Kind;
use crate::query::Scope;
use crate::sql::{IDS, Row, Rows, json_ids, query_all};
use crate::{Page, Query, Store, StoreError, Total};
use events::{DirectoryId, MemberRef, ResourceId, ResourceKind, StoredResource, Timestamp};
use sea_orm::QueryResult;
use std::collections::HashMap;

/// A group as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRow {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// Counts 1, 2, 3 … with each change.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it or its members last changed.
    pub updated_at: Timestamp,
    /// JSON text of the attributes as received, without `id`, `meta` and `members`.
    pub resource: String,
    /// Its members, in order of their ids; `None` when they were not loaded (R23).
    pub members: Option<Vec<MemberRef>>,
}

impl GroupRow {
    /// With the attributes as a JSON object.
    ///
    /// # Errors
    /// [`StoreError::Internal`] when the stored text is not a JSON object, which no writer of this program causes.
    pub fn into_stored(self) -> Result<StoredResource, StoreError> {
        Ok(StoredResource {
            id: self.id,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            attributes: serde_json::from_str(&self.resource).map_err(StoreError::corrupt)?,
            groups: Vec::new(),
            members: self.members,
        })
    }
}

/// The groups of one directory.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a> {
    scope: Scope<'a>,
}

impl Store {
    /// The groups of one directory; there is no other way to them.
    #[must_use]
    pub const fn groups(&self, directory_id: DirectoryId) -> Groups<'_> {
        Groups {
            scope: Scope {
                store: self,
                directory_id,
                kind: Kind::Group,
            },
        }
    }
}

const BY_ID: &str = "SELECT r.id, r.version, r.created_at, r.updated_at, r.resource FROM groups r \
    WHERE r.id = $1 AND r.directory_id = $2";
const BY_NAME: &str = "SELECT r.id, r.version, r.created_at, r.updated_at, r.resource FROM groups r \
    WHERE r.directory_id = $1 AND r.display_name_key = $2";

/// What a member is shown with: its own `displayName`, if it has one.
const MEMBER_COLUMNS: &str = "m.group_id, m.member_id, m.kind, \
    COALESCE(u.display_name, g.display_name) AS display";
const MEMBER_TABLES: &str = "group_members m \
    LEFT JOIN users u ON m.kind = 0 AND u.id = m.member_id AND u.directory_id = m.directory_id \
    LEFT JOIN groups g ON m.kind = 1 AND g.id = m.member_id AND g.directory_id = m.directory_id";

impl Groups<'_> {
    /// One group; its members are not even looked at unless `members` is set.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_id(&self, id: ResourceId, members: bool) -> Result<Option<GroupRow>, StoreError> {
        let keys = vec![id.uuid().into(), self.scope.directory_id.uuid().into()];
        let lookup = self.scope.lookup();
        let Some(row) = lookup.one(BY_ID, keys).await? else {
            return Ok(None);
        };
        Ok(self.groups(&lookup, vec![row], members).await?.pop())
    }

    /// A page of groups.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database; [`StoreError::Invalid`] when a cursor is combined with an
    /// order or offset.
    pub async fn list(&self, query: &Query<'_>) -> Result<Page<GroupRow>, StoreError> {
        if let Some(name) = self.scope.unique_key(query) {
            let keys = vec![self.scope.directory_id.uuid().into(), name.into()];
            let lookup = self.scope.lookup();
            let row = lookup.one(BY_NAME, keys).await?;
            let rows = self
                .groups(&lookup, row.into_iter().collect(), query.references)
                .await?;
            return Ok(Page {
                total: (query.total != Total::Omitted).then_some(rows.len() as u64),
                rows,
            });
        }
        let search = self.scope.search();
        let page = self.scope.page(&search, query, "").await?;
        Ok(Page {
            total: page.total,
            rows: self.groups(&search, page.rows, query.references).await?,
        })
    }

    /// Those of these groups that there are, in no order, without their members.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_ids(&self, ids: &[ResourceId]) -> Result<Vec<GroupRow>, StoreError> {
        self.scope.by_ids(ids, "").await?.iter().map(group).collect()
    }

    /// The number of groups that match the query, whatever its page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn count(&self, query: &Query<'_>) -> Result<u64, StoreError> {
        self.scope.count(query).await
    }

    /// Members of one group, in order of their ids, after one of them; empty for a group that is not here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn members(
        &self,
        group: ResourceId,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<MemberRef>, StoreError> {
        let sql = format!(
            "SELECT {MEMBER_COLUMNS} FROM {MEMBER_TABLES} \
             WHERE m.group_id = $1 AND m.directory_id = $2 AND m.member_id > $3 ORDER BY m.member_id LIMIT $4"
        );
        let after = after.map_or_else(uuid::Uuid::nil, ResourceId::uuid);
        let values = [
            group.uuid().into(),
            self.scope.directory_id.uuid().into(),
            after.into(),
            i64::from(limit).into(),
        ];
        query_all(self.scope.store.read(), &sql, values)
            .await?
            .iter()
            .map(member)
            .collect()
    }

    async fn groups(
        &self,
        connection: &impl Rows,
        rows: Vec<QueryResult>,
        members: bool,
    ) -> Result<Vec<GroupRow>, StoreError> {
        let mut groups = rows.iter().map(group).collect::<Result<Vec<_>, _>>()?;
        if members && !groups.is_empty() {
            let mut of_group = self.members_of(connection, groups.iter().map(|group| group.id)).await?;
            for group in &mut groups {
                group.members = Some(of_group.remove(&group.id).unwrap_or_default());
            }
        }
        Ok(groups)
    }

    /// The members of many groups in one statement.
    async fn members_of(
        &self,
        connection: &impl Rows,
        groups: impl Iterator<Item = ResourceId>,
    ) -> Result<HashMap<ResourceId, Vec<MemberRef>>, StoreError> {
        let sql = |ids: &str| {
            format!(
                "SELECT {MEMBER_COLUMNS} FROM {MEMBER_TABLES} \
                 WHERE m.group_id IN ({ids}) AND m.directory_id = $2 ORDER BY m.group_id, m.member_id"
            )
        };
        let (postgres, sqlite) = (sql(IDS.0), sql(IDS.1));
        let store = self.scope.store;
        let ids = json_ids(store.dialect(), groups.map(ResourceId::uuid));
        let values = [ids.into(), self.scope.directory_id.uuid().into()];
        let mut members: HashMap<ResourceId, Vec<MemberRef>> = HashMap::new();
        for row in query_all(connection, (postgres.as_str(), sqlite.as_str()), values).await? {
            members.entry(row.id("group_id")?).or_default().push(member(&row)?);
        }
        Ok(members)
    }
}

fn member(row: &QueryResult) -> Result<MemberRef, StoreError> {
    // 16 bits on PostgreSQL, 64 on SQLite; the driver of each insists on its own.
    let is_group = row.get::<i16>("kind")? == 1;
    Ok(MemberRef {
        id: row.id("member_id")?,
        kind: if is_group {
            ResourceKind::Group
        } else {
            ResourceKind::User
        },
        display: row.get("display")?,
    })
}

fn group(row: &QueryResult) -> Result<GroupRow, StoreError> {
    Ok(GroupRow {
        id: row.id("id")?,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        resource: row.get("resource")?,
        members: None,
    })
}
