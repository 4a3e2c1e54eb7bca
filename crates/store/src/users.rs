//! Reading the users of one directory.

use crate::filter::Kind;
use crate::query::Scope;
use crate::sql::{IDS, Row, json_ids, query_all};
use crate::{Page, Query, Store, StoreError};
use events::{DirectoryId, GroupRef, ResourceId, StoredResource, Timestamp};
use sea_orm::QueryResult;
use std::collections::HashMap;

/// A user as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct UserRow {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// Counts 1, 2, 3 … with each change.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// JSON text of the attributes as received, without `id`, `meta` and `groups`.
    pub resource: String,
    /// The groups it is directly in, in order of their ids; `None` when they were not loaded.
    pub groups: Option<Vec<GroupRef>>,
}

impl UserRow {
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
            groups: self.groups.unwrap_or_default(),
            members: None,
        })
    }
}

/// The users of one directory.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a> {
    scope: Scope<'a>,
}

impl Store {
    /// The users of one directory; there is no other way to them.
    #[must_use]
    pub const fn users(&self, directory_id: DirectoryId) -> Users<'_> {
        Users {
            scope: Scope {
                store: self,
                directory_id,
                kind: Kind::User,
            },
        }
    }
}

impl Users<'_> {
    /// One user, with the groups it is in when `groups` is set.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_id(&self, id: ResourceId, groups: bool) -> Result<Option<UserRow>, StoreError> {
        let Some(row) = self.scope.by_id(id).await? else {
            return Ok(None);
        };
        Ok(self.users(vec![row], groups).await?.pop())
    }

    /// A page of users.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database; [`StoreError::Invalid`] when a cursor is combined with an
    /// order or offset.
    pub async fn list(&self, query: &Query<'_>) -> Result<Page<UserRow>, StoreError> {
        let page = self.scope.page(query).await?;
        Ok(Page {
            total: page.total,
            rows: self.users(page.rows, query.references).await?,
        })
    }

    /// The number of users that match the query, whatever its page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn count(&self, query: &Query<'_>) -> Result<u64, StoreError> {
        self.scope.count(query).await
    }

    async fn users(&self, rows: Vec<QueryResult>, groups: bool) -> Result<Vec<UserRow>, StoreError> {
        let mut users = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        if groups && !users.is_empty() {
            let mut of_user = self.groups_of(users.iter().map(|user| user.id)).await?;
            for user in &mut users {
                user.groups = Some(of_user.remove(&user.id).unwrap_or_default());
            }
        }
        Ok(users)
    }

    /// The groups of many users in one statement.
    async fn groups_of(
        &self,
        users: impl Iterator<Item = ResourceId>,
    ) -> Result<HashMap<ResourceId, Vec<GroupRef>>, StoreError> {
        let sql = |ids: &str| {
            format!(
                "SELECT m.member_id, g.id, g.display_name FROM group_members m \
                 JOIN groups g ON g.id = m.group_id AND g.directory_id = m.directory_id \
                 WHERE m.member_id IN ({ids}) AND m.directory_id = $2 ORDER BY g.id"
            )
        };
        let (postgres, sqlite) = (sql(IDS.0), sql(IDS.1));
        let store = self.scope.store;
        let ids = json_ids(store.dialect(), users.map(ResourceId::uuid));
        let values = [ids.into(), self.scope.directory_id.uuid().into()];
        let mut groups: HashMap<ResourceId, Vec<GroupRef>> = HashMap::new();
        for row in query_all(store.read(), (postgres.as_str(), sqlite.as_str()), values).await? {
            let group = GroupRef {
                id: row.id("id")?,
                display_name: row.get("display_name")?,
            };
            groups.entry(row.id("member_id")?).or_default().push(group);
        }
        Ok(groups)
    }
}

fn user(row: &QueryResult) -> Result<UserRow, StoreError> {
    Ok(UserRow {
        id: row.id("id")?,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        resource: row.get("resource")?,
        groups: None,
    })
}
