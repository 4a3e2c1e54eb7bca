//! Reading the users of one directory.

use crate::filter::Kind;
use crate::query::Scope;
use crate::sql::Row;
use crate::{Dialect, Page, Query, Store, StoreError, Total};
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

/// The groups of the user `r` as a JSON array of pairs of id and name, in order of the ids; NULL may stand for none.
macro_rules! groups_postgres {
    () => {
        "(SELECT json_agg(json_build_array(g.id, g.display_name) ORDER BY g.id)::text FROM group_members m \
         JOIN groups g ON g.id = m.group_id AND g.directory_id = m.directory_id \
         WHERE m.member_id = r.id AND m.directory_id = r.directory_id) AS groups"
    };
}
macro_rules! groups_sqlite {
    () => {
        "(SELECT json_group_array(json_array(lower(hex(g.id)), g.display_name) ORDER BY g.id) FROM group_members m \
         JOIN groups g ON g.id = m.group_id AND g.directory_id = m.directory_id \
         WHERE m.member_id = r.id AND m.directory_id = r.directory_id) AS groups"
    };
}

/// Texts known at compile time: the driver finds the prepared statement by them.
macro_rules! lookup {
    ($condition:literal) => {
        concat!(
            "SELECT r.id, r.version, r.created_at, r.updated_at, r.resource FROM users r WHERE ",
            $condition
        )
    };
    ($condition:literal, $groups:expr) => {
        concat!(
            "SELECT r.id, r.version, r.created_at, r.updated_at, r.resource, ",
            $groups,
            " FROM users r WHERE ",
            $condition
        )
    };
}
const BY_ID: (&str, &str) = (
    lookup!("r.id = $1 AND r.directory_id = $2"),
    lookup!("r.id = $1 AND r.directory_id = $2"),
);
const BY_ID_WITH_GROUPS: (&str, &str) = (
    lookup!("r.id = $1 AND r.directory_id = $2", groups_postgres!()),
    lookup!("r.id = $1 AND r.directory_id = $2", groups_sqlite!()),
);
const BY_NAME: (&str, &str) = (
    lookup!("r.directory_id = $1 AND r.user_name_key = $2"),
    lookup!("r.directory_id = $1 AND r.user_name_key = $2"),
);
const BY_NAME_WITH_GROUPS: (&str, &str) = (
    lookup!("r.directory_id = $1 AND r.user_name_key = $2", groups_postgres!()),
    lookup!("r.directory_id = $1 AND r.user_name_key = $2", groups_sqlite!()),
);

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
    /// One user, with the groups it is in when `groups` is set. One statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_id(&self, id: ResourceId, groups: bool) -> Result<Option<UserRow>, StoreError> {
        let sql = if groups { BY_ID_WITH_GROUPS } else { BY_ID };
        let keys = vec![id.uuid().into(), self.scope.directory_id.uuid().into()];
        let row = self.scope.lookup().one(sql, keys).await?;
        row.map(|row| user(&row, groups)).transpose()
    }

    /// A page of users.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database; [`StoreError::Invalid`] when a cursor is combined with an
    /// order or offset.
    pub async fn list(&self, query: &Query<'_>) -> Result<Page<UserRow>, StoreError> {
        if let Some(name) = self.scope.unique_key(query) {
            let rows: Vec<_> = self.by_name(&name, query.references).await?.into_iter().collect();
            return Ok(Page {
                total: (query.total != Total::Omitted).then_some(rows.len() as u64),
                rows,
            });
        }
        let groups = if query.references {
            groups_of(self.scope.store.dialect())
        } else {
            ""
        };
        let page = self.scope.page(&self.scope.search(), query, groups).await?;
        let rows = page.rows.iter().map(|row| user(row, query.references));
        Ok(Page {
            total: page.total,
            rows: rows.collect::<Result<_, _>>()?,
        })
    }

    /// Those of these users that there are, in no order, with the groups they are in when `groups` is set.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_ids(&self, ids: &[ResourceId], groups: bool) -> Result<Vec<UserRow>, StoreError> {
        let more = if groups {
            groups_of(self.scope.store.dialect())
        } else {
            ""
        };
        let rows = self.scope.by_ids(ids, more).await?;
        rows.iter().map(|row| user(row, groups)).collect()
    }

    /// The number of users that match the query, whatever its page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn count(&self, query: &Query<'_>) -> Result<u64, StoreError> {
        self.scope.count(query).await
    }

    /// The user of a name as it is compared, if there is one. One statement.
    async fn by_name(&self, key: &str, groups: bool) -> Result<Option<UserRow>, StoreError> {
        let sql = if groups { BY_NAME_WITH_GROUPS } else { BY_NAME };
        let keys = vec![self.scope.directory_id.uuid().into(), key.into()];
        let row = self.scope.lookup().one(sql, keys).await?;
        row.map(|row| user(&row, groups)).transpose()
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

/// The groups of a row as [`GROUPS_POSTGRES`] and [`GROUPS_SQLITE`] write them.
fn groups_in(row: &QueryResult) -> Result<Vec<GroupRef>, StoreError> {
    let Some(json) = row.get::<Option<String>>("groups")? else {
        return Ok(Vec::new());
    };
    let groups: Vec<(Uuid, String)> = serde_json::from_str(&json).map_err(StoreError::corrupt)?;
    let group = |(id, display_name)| GroupRef {
        id: ResourceId::from(id),
        display_name,
    };
    Ok(groups.into_iter().map(group).collect())
}

const fn groups_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => concat!(", ", groups_postgres!()),
        Dialect::Sqlite => concat!(", ", groups_sqlite!()),
    }
}
