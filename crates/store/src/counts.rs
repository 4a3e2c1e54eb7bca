//! How many users and groups a directory holds: one row for each directory, kept in the transaction that changes them.
//!
//! A directory without a row is counted when asked, so the row is a matter of speed; a row that is there is right.

use crate::rows::{Cell, Column, RowSet};
use crate::sql::{Row, json_ids, of_ids, query_all};
use crate::{Store, StoreError};
use directory::CountChange;
use events::DirectoryId;
use sea_orm::QueryResult;
use std::collections::HashMap;

/// How many resources a directory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectoryCounts {
    /// Users, active or not.
    pub users: i64,
    /// Active users.
    pub active_users: i64,
    /// Groups.
    pub groups: i64,
}

/// Makes the counts follow a batch of writes; `{rows}` stands for the row set of [`rows`] under the name `r`.
pub(crate) const FOLLOW: &str = "UPDATE directory_counts SET users = directory_counts.users + r.users, \
     active_users = directory_counts.active_users + r.active_users, groups = directory_counts.groups + r.groups \
     FROM {rows} WHERE directory_counts.directory_id = r.directory_id";

const COLUMNS: &[(&str, Column)] = &[
    ("directory_id", Column::Id),
    ("users", Column::Int),
    ("active_users", Column::Int),
    ("groups", Column::Int),
];

/// What changes of the counts; no rows where no number changes.
pub(crate) fn rows(changes: impl IntoIterator<Item = (DirectoryId, CountChange)>) -> RowSet {
    let mut rows = RowSet::new(COLUMNS);
    for (id, change) in changes {
        if change != CountChange::default() {
            let numbers = [change.users, change.active_users, change.groups];
            rows.push(
                std::iter::once(id.uuid().into())
                    .chain(numbers.map(Cell::from))
                    .collect(),
            );
        }
    }
    rows
}

impl Store {
    /// The kept numbers of each of these directories; one without a row is missing.
    ///
    /// # Errors
    /// As any query.
    pub async fn kept_counts(&self, ids: &[DirectoryId]) -> Result<HashMap<DirectoryId, DirectoryCounts>, StoreError> {
        let sql = "SELECT directory_id, users, active_users, groups FROM directory_counts WHERE";
        self.numbers(sql, "", ids, |row| {
            Ok(DirectoryCounts {
                users: row.get("users")?,
                active_users: row.get("active_users")?,
                groups: row.get("groups")?,
            })
        })
        .await
    }

    /// The same by counting the rows, whatever is kept.
    ///
    /// # Errors
    /// As any query.
    pub async fn count_rows(&self, ids: &[DirectoryId]) -> Result<HashMap<DirectoryId, DirectoryCounts>, StoreError> {
        let sql = "SELECT directory_id, COUNT(*) AS users, COUNT(*) FILTER (WHERE active) AS active_users \
                   FROM users WHERE";
        let users = self
            .numbers(sql, "GROUP BY directory_id", ids, |row| {
                Ok((row.get("users")?, row.get("active_users")?))
            })
            .await?;
        let sql = "SELECT directory_id, COUNT(*) AS groups FROM groups WHERE";
        let groups = self
            .numbers(sql, "GROUP BY directory_id", ids, |row| row.get("groups"))
            .await?;
        Ok(ids
            .iter()
            .map(|id| {
                let (users, active_users) = users.get(id).copied().unwrap_or_default();
                let counts = DirectoryCounts {
                    users,
                    active_users,
                    groups: groups.get(id).copied().unwrap_or_default(),
                };
                (*id, counts)
            })
            .collect())
    }

    async fn numbers<T>(
        &self,
        select: &str,
        after: &str,
        ids: &[DirectoryId],
        read: impl Fn(&QueryResult) -> Result<T, StoreError>,
    ) -> Result<HashMap<DirectoryId, T>, StoreError> {
        let sql = of_ids("directory_id", |these| format!("{select} {these} {after}"));
        let ids = json_ids(self.dialect(), ids.iter().map(|id| id.uuid()));
        let rows = query_all(self.read(), &sql, [ids.into()]).await?;
        rows.iter()
            .map(|row| Ok((row.id("directory_id")?, read(row)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::migration::backfill_counts;
    use crate::sql::exec;
    use crate::testing::{TestDatabase, insert_users};
    use crate::{Dialect, NewDirectory, NewOrganization};
    use events::{DirectoryId, OrganizationId, ResourceId, StoredResource, Timestamp};
    use sea_orm::ConnectionTrait as _;
    use serde_json::json;

    #[tokio::test]
    async fn directories_older_than_their_counts_are_counted_by_the_migration() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let database = TestDatabase::of(dialect).await;
            let store = &database.store;
            let (organization_id, at) = (OrganizationId::new(), Timestamp::now());
            let ids = [DirectoryId::new(), DirectoryId::new()];
            let change = store.change(None).await.unwrap();
            let organization = NewOrganization {
                id: organization_id,
                name: "Test".into(),
                domains: vec![],
                at,
            };
            change.create_organization(&organization).await.unwrap();
            for id in ids {
                let directory = NewDirectory {
                    id,
                    organization_id,
                    name: "Directory".into(),
                    provider: "entra_id".into(),
                    at,
                };
                change.create_directory(&directory, 0).await.unwrap();
            }
            change.commit().await.unwrap();
            let user = |n: i32| StoredResource {
                id: ResourceId::new(),
                version: 1,
                created_at: at,
                updated_at: at,
                attributes: [
                    ("userName".to_owned(), json!(format!("user{n}"))),
                    ("active".to_owned(), json!(n > 1)),
                ]
                .into_iter()
                .collect(),
                groups: Vec::new(),
                members: None,
            };
            let users: Vec<_> = (0..5).map(user).collect();
            insert_users(store, ids[0], scim::schema::ResourceType::user(), &users)
                .await
                .unwrap();
            exec(store.write(), "DELETE FROM directory_counts", []).await.unwrap();
            assert!(store.kept_counts(&ids).await.unwrap().is_empty());
            store.write().execute_unprepared(backfill_counts()).await.unwrap();
            let kept = store.kept_counts(&ids).await.unwrap();
            assert_eq!(kept, store.count_rows(&ids).await.unwrap());
            assert_eq!((kept[&ids[0]].users, kept[&ids[0]].active_users), (5, 3));
            database.close().await;
        }
    }
}
