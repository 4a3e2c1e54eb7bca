//! How many users and groups a directory holds: one row for each directory, kept in the transaction that changes them.
//!
//! A directory without a row is counted when asked, so the row is a matter of speed; a row that is there is right.

use crate::{Store, StoreError};
use db::entity::column::Id;
use db::entity::{directory_counts, groups, users};
use db::expr::{count, number};
use db::rows::{Columns, Rows, is_one_of_ids};
use db::send::fetch_all;
use directory::CountChange;
use events::DirectoryId;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, TableRef, UpdateStatement};
use sea_orm::{EntityTrait as _, FromQueryResult, Iterable as _, QueryFilter as _, QuerySelect as _, QueryTrait as _};
use std::collections::HashMap;
use std::sync::LazyLock;

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

/// Makes the counts follow a batch of writes, given as a table `r` of [`rows`].
pub(crate) fn follow(changes: TableRef) -> UpdateStatement {
    use directory_counts::Column::{ActiveUsers, DirectoryId, Groups, Users};
    let counts = |column| Expr::col((directory_counts::Entity, column));
    let raised = [Users, ActiveUsers, Groups].map(|column| (column, counts(column).add(Expr::col(("r", column)))));
    Query::update()
        .table(directory_counts::Entity)
        .values(raised)
        .from(changes)
        .and_where(counts(DirectoryId).eq(Expr::col(("r", DirectoryId))))
        .take()
}

/// What changes of the counts; no rows where no number changes.
pub(crate) fn rows(changes: impl IntoIterator<Item = (DirectoryId, CountChange)>) -> Rows {
    static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns::of(directory_counts::Column::iter()));
    let mut rows = Rows::new(&COLUMNS);
    for (id, change) in changes {
        if change != CountChange::default() {
            rows.push([
                Id(id).into(),
                change.users.into(),
                change.active_users.into(),
                change.groups.into(),
            ]);
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
        use directory_counts::{Column, Entity, Model};
        let these = is_one_of_ids(self.dialect(), Expr::col(Column::DirectoryId), ids.iter().copied());
        let kept = Entity::find().filter(these);
        let rows: Vec<Model> = fetch_all(self.read(), kept.as_query()).await?;
        let counts = |row: Model| {
            let counts = DirectoryCounts {
                users: row.users,
                active_users: row.active_users,
                groups: row.groups,
            };
            (row.directory_id.0, counts)
        };
        Ok(rows.into_iter().map(counts).collect())
    }

    /// The same by counting the rows, whatever is kept.
    ///
    /// # Errors
    /// As any query.
    pub async fn count_rows(&self, ids: &[DirectoryId]) -> Result<HashMap<DirectoryId, DirectoryCounts>, StoreError> {
        let these = |column| is_one_of_ids(self.dialect(), column, ids.iter().copied());
        let active: Expr = Expr::case(Expr::col(users::Column::Active), number(1)).into();
        let people = users::Entity::find()
            .select_only()
            .column(users::Column::DirectoryId)
            .expr_as(count(), "users")
            .expr_as(active.count(), "active_users")
            .filter(these(Expr::col(users::Column::DirectoryId)))
            .group_by(users::Column::DirectoryId);
        let teams = groups::Entity::find()
            .select_only()
            .column(groups::Column::DirectoryId)
            .expr_as(count(), "groups")
            .filter(these(Expr::col(groups::Column::DirectoryId)))
            .group_by(groups::Column::DirectoryId);
        let mut counts: HashMap<_, _> = ids.iter().map(|id| (*id, DirectoryCounts::default())).collect();
        for UserCounts {
            directory_id,
            users,
            active_users,
        } in fetch_all(self.read(), people.as_query()).await?
        {
            if let Some(counts) = counts.get_mut(&directory_id.0) {
                (counts.users, counts.active_users) = (users, active_users);
            }
        }
        for GroupCounts { directory_id, groups } in fetch_all(self.read(), teams.as_query()).await? {
            if let Some(counts) = counts.get_mut(&directory_id.0) {
                counts.groups = groups;
            }
        }
        Ok(counts)
    }
}

/// How many users a directory holds.
#[derive(FromQueryResult)]
struct UserCounts {
    directory_id: Id<DirectoryId>,
    users: i64,
    active_users: i64,
}

/// How many groups a directory holds.
#[derive(FromQueryResult)]
struct GroupCounts {
    directory_id: Id<DirectoryId>,
    groups: i64,
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestDatabase, insert_users};
    use crate::{Dialect, NewDirectory, NewOrganization};
    use db::backfills;
    use db::sql::exec;
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
            store.write().execute_unprepared(backfills::counts()).await.unwrap();
            let kept = store.kept_counts(&ids).await.unwrap();
            assert_eq!(kept, store.count_rows(&ids).await.unwrap());
            assert_eq!((kept[&ids[0]].users, kept[&ids[0]].active_users), (5, 3));
            database.close().await;
        }
    }
}
