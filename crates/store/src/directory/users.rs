//! Reading the users of one directory.

use crate::directory::filter::Kind;
use crate::directory::query::DirectoryScope;
use crate::{Page, Query, Store, StoreError};
use db::sql::ReadColumns;
use events::{DirectoryId, GroupRef, ResourceId, StoredResource, Timestamp};
use sea_orm::QueryResult;
use uuid::Uuid;

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
    scope: DirectoryScope<'a>,
}

impl Store {
    /// The users of one directory; there is no other way to them.
    #[must_use]
    pub const fn users(&self, directory_id: DirectoryId) -> Users<'_> {
        Users {
            scope: DirectoryScope {
                store: self,
                directory_id,
                kind: Kind::User,
            },
        }
    }
}

impl Users<'_> {
    /// Where they are, and of which directory.
    pub(crate) const fn of(&self) -> (&Store, DirectoryId) {
        (self.scope.store, self.scope.directory_id)
    }

    /// One user, with the groups it is in when `groups` is set. One statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_id(&self, id: ResourceId, groups: bool) -> Result<Option<UserRow>, StoreError> {
        let row = self.scope.by_id(id, groups).await?;
        row.map(|row| user(&row, groups)).transpose()
    }

    /// A page of users.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database; [`StoreError::Defect`] when a cursor is combined with an
    /// order or offset.
    pub async fn list(&self, query: &Query<'_>) -> Result<Page<UserRow>, StoreError> {
        let page = match self.scope.unique_key(query) {
            Some(name) => Page::of_one(query, self.scope.by_name(&name, query.references).await?),
            None => self.scope.page(query).await?,
        };
        page.read(|row| user(&row, query.references))
    }

    /// Those of these users that there are, in no order, with the groups they are in when `groups` is set.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_ids(&self, ids: &[ResourceId], groups: bool) -> Result<Vec<UserRow>, StoreError> {
        let rows = self.scope.by_ids(ids, groups).await?;
        rows.iter().map(|row| user(row, groups)).collect()
    }

    /// The number of users that match the query, whatever its page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn count(&self, query: &Query<'_>) -> Result<u64, StoreError> {
        self.scope.count(query).await
    }
}

fn user(row: &QueryResult, groups: bool) -> Result<UserRow, StoreError> {
    Ok(UserRow {
        id: row.id("id")?,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        resource: row.get("resource")?,
        groups: groups.then(|| groups_in(row)).transpose()?,
    })
}

/// The groups of a row as [`crate::directory::page`] writes them.
fn groups_in(row: &QueryResult) -> Result<Vec<GroupRef>, StoreError> {
    let Some(json) = row.get::<Option<String>>("refs")? else {
        return Ok(Vec::new());
    };
    let groups: Vec<(Uuid, Option<String>)> = serde_json::from_str(&json).map_err(StoreError::corrupt)?;
    let group = |(id, display_name): (Uuid, Option<String>)| {
        Some(GroupRef {
            id: ResourceId::from(id),
            display_name: display_name?,
        })
    };
    Ok(groups.into_iter().filter_map(group).collect())
}
