//! What is known of the people and groups of a tenant, for whoever works on the directory.

use super::write::ROW;
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::graph_members;
use db::entity::graph_objects::{Column, Entity, Model};
use db::expr::{checked, count, count_up_to};
use db::rows::{Columns, Rows, ValueKind};
use db::send::{fetch_all, fetch_one};
use events::{DirectoryId, ResourceId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, EntityTrait as _, FromQueryResult, Iterable as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};
use std::sync::LazyLock;
use uuid::Uuid;

pub use db::entity::graph_objects::{GraphObjectKind, GraphRemoval};

/// No count goes further than this.
pub const MOST_COUNTED: u64 = 1_000_000;

/// A person or group of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphObject {
    /// Its id there.
    pub object_id: Uuid,
    /// What it is.
    pub kind: GraphObjectKind,
    /// Who it is in the directory.
    pub resource_id: Option<ResourceId>,
    /// What people call it.
    pub name: Option<String>,
    /// What the attribute map keeps of it: JSON.
    pub kept: Option<String>,
    /// The round that saw it last.
    pub round: i64,
    /// Why it does not come into the directory.
    pub skipped: Option<String>,
    /// How it is gone.
    pub removed: Option<GraphRemoval>,
    /// Since when it is known to be gone.
    pub removed_at: Option<Timestamp>,
    /// Its manager.
    pub manager_object_id: Option<Uuid>,
    /// Whether the directory has that manager.
    pub is_manager_applied: bool,
}

/// How much is known, each number up to [`MOST_COUNTED`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphCounts {
    /// People who are not gone.
    pub users: u64,
    /// Groups that are not gone.
    pub groups: u64,
    /// Memberships that the directory does not have as they are there.
    pub waiting_members: u64,
}

/// What is known of the objects of a directory's tenant.
#[derive(Clone, Debug)]
pub struct GraphObjects {
    pub(super) store: Store,
    pub(super) directory: DirectoryId,
}

#[derive(FromQueryResult)]
struct Counted {
    users: i64,
    groups: i64,
    waiting_members: i64,
}

#[derive(FromQueryResult)]
struct CountedSkips {
    skipped: String,
    n: i64,
}

impl Store {
    /// What is known of the objects of a directory's tenant.
    #[must_use]
    pub fn graph_objects(&self, directory: DirectoryId) -> GraphObjects {
        GraphObjects {
            store: self.clone(),
            directory,
        }
    }
}

impl GraphObjects {
    fn of_directory(&self) -> Select<Entity> {
        Entity::find().filter(Column::DirectoryId.eq(Id(self.directory)))
    }

    /// Those of some ids that are known.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_ids(&self, ids: &[Uuid]) -> Result<Vec<GraphObject>, StoreError> {
        static IDS: LazyLock<Columns> = LazyLock::new(|| Columns::of([Column::DirectoryId, Column::ObjectId]));
        let mut rows = Rows::new(&IDS);
        for id in ids {
            rows.push([self.directory.uuid().into(), (*id).into()]);
        }
        let these = self.these(rows, Column::ObjectId);
        let found: Vec<Model> = fetch_all(self.store.read(), &these).await?;
        Ok(found.into_iter().map(object).collect())
    }

    /// Those that are known to be some users and groups of the directory.
    ///
    /// # Errors
    /// As any query.
    pub async fn of_resources(&self, resources: &[ResourceId]) -> Result<Vec<GraphObject>, StoreError> {
        static IDS: LazyLock<Columns> =
            LazyLock::new(|| Columns::of([Column::DirectoryId]).and(Column::ResourceId, ValueKind::Id));
        let mut rows = Rows::new(&IDS);
        for id in resources {
            rows.push([self.directory.uuid().into(), id.uuid().into()]);
        }
        let these = self.these(rows, Column::ResourceId);
        let found: Vec<Model> = fetch_all(self.store.read(), &these).await?;
        Ok(found.into_iter().map(object).collect())
    }

    /// Rows by directory and another column. Beside a constant PostgreSQL goes through a directory of which nothing was counted
    /// yet.
    fn these(&self, rows: Rows, column: Column) -> SelectStatement {
        let own = |column| Expr::col((Entity, column));
        let is = |column| own(column).equals((ROW, column));
        Query::select()
            .columns(Column::iter().map(|column| (Entity, column)))
            .from(rows.table(self.store.dialect(), ROW))
            .inner_join(Entity, is(Column::DirectoryId).and(is(column)))
            .and_where(own(column).is_not_null())
            .take()
    }

    /// At most `most` objects of a kind, not known to be gone, that neither this round nor a later one saw; after the round and
    /// id of the last one before.
    ///
    /// # Errors
    /// As any query.
    pub async fn unseen(
        &self,
        kind: GraphObjectKind,
        round: i64,
        after: Option<(i64, Uuid)>,
        most: u32,
    ) -> Result<Vec<GraphObject>, StoreError> {
        let mut unseen = self
            .of_directory()
            .filter(Column::Kind.eq(kind))
            .filter(Column::Removed.is_null())
            .filter(Column::Round.lt(round))
            .order_by_asc(Column::Round)
            .order_by_asc(Column::ObjectId)
            .limit(u64::from(most));
        if let Some((round, id)) = after {
            let place = Expr::tuple([Column::Round, Column::ObjectId].map(|column| Expr::col((Entity, column))));
            unseen = unseen.filter(place.gt(Expr::tuple([Expr::value(round), Expr::value(id)])));
        }
        let found: Vec<Model> = fetch_all(self.store.read(), unseen.as_query()).await?;
        Ok(found.into_iter().map(object).collect())
    }

    /// At most `most` objects that are deleted and, as far as is known, can be had back; after the time and id of the last one
    /// before.
    ///
    /// # Errors
    /// As any query.
    pub async fn restorable(
        &self,
        after: Option<(Timestamp, Uuid)>,
        most: u32,
    ) -> Result<Vec<GraphObject>, StoreError> {
        let mut restorable = self
            .of_directory()
            .filter(Column::RemovedAt.is_not_null())
            .filter(checked(
                Expr::col((Entity, Column::Removed)).eq(GraphRemoval::Changed.to_value()),
            ))
            .order_by_asc(Column::RemovedAt)
            .order_by_asc(Column::ObjectId)
            .limit(u64::from(most));
        if let Some((at, id)) = after {
            let place = Expr::tuple([Column::RemovedAt, Column::ObjectId].map(|column| Expr::col((Entity, column))));
            restorable = restorable.filter(place.gt(Expr::tuple([Expr::value(Millis::from(at)), Expr::value(id)])));
        }
        let found: Vec<Model> = fetch_all(self.store.read(), restorable.as_query()).await?;
        Ok(found.into_iter().map(object).collect())
    }

    /// At most `most` objects that do not come into the directory, of one reason or of all, after reason and id of the last one
    /// before.
    ///
    /// # Errors
    /// As any query.
    pub async fn skipped(
        &self,
        reason: Option<&str>,
        after: Option<(&str, Uuid)>,
        most: u16,
    ) -> Result<Vec<GraphObject>, StoreError> {
        let mut skipped = self
            .of_directory()
            .filter(Column::Skipped.is_not_null())
            .order_by_asc(Column::Skipped)
            .order_by_asc(Column::ObjectId)
            .limit(u64::from(most));
        if let Some(reason) = reason {
            skipped = skipped.filter(Column::Skipped.eq(reason));
        }
        if let Some((reason, id)) = after {
            let place = Expr::tuple([Column::Skipped, Column::ObjectId].map(|column| Expr::col((Entity, column))));
            skipped = skipped.filter(place.gt(Expr::tuple([Expr::value(reason), Expr::value(id)])));
        }
        let found: Vec<Model> = fetch_all(self.store.read(), skipped.as_query()).await?;
        Ok(found.into_iter().map(object).collect())
    }

    /// How many do not come into the directory, by reason; of [`MOST_COUNTED`] that are looked at.
    ///
    /// # Errors
    /// As any query.
    pub async fn skipped_counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let some = Query::select()
            .column(Column::Skipped)
            .from(Entity)
            .and_where(Column::DirectoryId.eq(Id(self.directory)))
            .and_where(Column::Skipped.is_not_null())
            .limit(MOST_COUNTED)
            .take();
        let counts = Query::select()
            .column(Column::Skipped)
            .expr_as(count(), "n")
            .from_subquery(some, "some_skipped")
            .group_by_col(Column::Skipped)
            .order_by(Column::Skipped, Order::Asc)
            .take();
        let counts: Vec<CountedSkips> = fetch_all(self.store.read(), &counts).await?;
        let counts = counts.into_iter().map(|row| (row.skipped, number(row.n)));
        Ok(counts.collect())
    }

    /// How much is known: once for each round, since it is counted.
    ///
    /// # Errors
    /// As any query.
    pub async fn counts(&self) -> Result<GraphCounts, StoreError> {
        let of_kind = |kind: GraphObjectKind| {
            let some = Query::select()
                .from(Entity)
                .and_where(Column::DirectoryId.eq(Id(self.directory)))
                .and_where(Column::Kind.eq(kind))
                .and_where(Column::Removed.is_null())
                .take();
            count_up_to(MOST_COUNTED, some)
        };
        let waiting = Query::select()
            .from(graph_members::Entity)
            .and_where(graph_members::Column::DirectoryId.eq(Id(self.directory)))
            .and_where(Expr::col((graph_members::Entity, graph_members::Column::IsApplied)).not())
            .take();
        let counts = Query::select()
            .expr_as(of_kind(GraphObjectKind::User), "users")
            .expr_as(of_kind(GraphObjectKind::Group), "groups")
            .expr_as(count_up_to(MOST_COUNTED, waiting), "waiting_members")
            .take();
        let counted: Option<Counted> = fetch_one(self.store.read(), &counts).await?;
        Ok(counted.map_or_else(GraphCounts::default, |counted| GraphCounts {
            users: number(counted.users),
            groups: number(counted.groups),
            waiting_members: number(counted.waiting_members),
        }))
    }
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

fn object(row: Model) -> GraphObject {
    GraphObject {
        object_id: row.object_id,
        kind: row.kind,
        resource_id: row.resource_id.map(|id| id.0),
        name: row.name,
        kept: row.kept,
        round: row.round,
        skipped: row.skipped,
        removed: row.removed,
        removed_at: row.removed_at.map(Timestamp::from),
        manager_object_id: row.manager_object_id,
        is_manager_applied: row.is_manager_applied,
    }
}
