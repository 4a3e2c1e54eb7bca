//! What is written of objects: a statement for each portion of rows.

use super::objects::{GraphObjectKind, GraphRemoval};
use super::{SeenManager, SeenObject};
use crate::{Dialect, StoreError};
use db::entity::column::Millis;
use db::entity::graph_objects::{Column, Entity};
use db::expr::{insert_from, truth};
use db::rows::{Columns, Rows, is_one_of_ids};
use db::send::execute;
use events::{DirectoryId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, OnConflict, Query};
use sea_orm::{ActiveEnum as _, DatabaseTransaction, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use uuid::Uuid;

/// Rows of one statement.
pub(super) const AT_ONCE: usize = 4_096;
pub(super) const ROW: &str = "r";

/// What rows of objects bring. A page says nothing of the manager where `is_manager_applied` is true.
const OF_OBJECTS: [Column; 10] = [
    Column::ObjectId,
    Column::Kind,
    Column::ResourceId,
    Column::Name,
    Column::Kept,
    Column::Skipped,
    Column::Removed,
    Column::RemovedAt,
    Column::ManagerObjectId,
    Column::IsManagerApplied,
];
static OBJECTS: LazyLock<Columns> = LazyLock::new(|| Columns::of(OF_OBJECTS));

/// The transaction of a write, whose lease is held.
pub(super) struct Write<'a> {
    pub(super) tx: &'a DatabaseTransaction,
    pub(super) dialect: Dialect,
    pub(super) directory: DirectoryId,
    pub(super) now: Timestamp,
}

impl Write<'_> {
    /// Notes objects as a round saw them. What was known of one and is not said stays; of one that comes twice the later counts.
    pub(super) async fn objects(&self, round: i64, objects: Vec<SeenObject>) -> Result<(), StoreError> {
        let mut of_each: BTreeMap<Uuid, SeenObject> = BTreeMap::new();
        for object in objects {
            let merged = match of_each.remove(&object.object_id) {
                Some(before) => object.after(before),
                None => object,
            };
            of_each.insert(merged.object_id, merged);
        }
        let is_gone = |object: &&SeenObject| object.removed == Some(GraphRemoval::Deleted);
        let gone: Vec<Uuid> = of_each
            .values()
            .filter(is_gone)
            .map(|object| object.object_id)
            .collect();
        let mut rows = Rows::new(&OBJECTS);
        for object in of_each.into_values() {
            rows.push(self.cells(object));
        }
        let excluded = |column: Column| Expr::col(("excluded", column));
        let own = |column: Column| Expr::col((Entity, column));
        let newer = |column: Column| (column, Func::coalesce([excluded(column), own(column)]).into());
        let removed_at = Expr::case(excluded(Column::Removed).is_null(), db::expr::null("bigint"))
            .finally(Func::coalesce([own(Column::RemovedAt), excluded(Column::RemovedAt)]));
        let says_nothing = || excluded(Column::IsManagerApplied);
        let manager =
            Expr::case(says_nothing(), own(Column::ManagerObjectId)).finally(excluded(Column::ManagerObjectId));
        let is_same = is_same(excluded(Column::ManagerObjectId), own(Column::ManagerObjectId));
        let is_applied = Expr::case(excluded(Column::Removed).is_not_null(), truth(true))
            .case(says_nothing().or(is_same), own(Column::IsManagerApplied))
            .finally(truth(false));
        let again: OnConflict = OnConflict::columns([Column::DirectoryId, Column::ObjectId])
            .update_columns([Column::Kind, Column::Round, Column::Skipped, Column::Removed])
            .values([Column::ResourceId, Column::Name, Column::Kept].map(newer))
            .value(Column::RemovedAt, removed_at)
            .value(Column::ManagerObjectId, manager)
            .value(Column::IsManagerApplied, is_applied)
            .to_owned();
        for rows in rows.portions(AT_ONCE) {
            let seen = Query::select()
                .columns(OF_OBJECTS.map(|column| (ROW, column)))
                .expr(Expr::val(self.directory.uuid()))
                .expr(Expr::val(round))
                .from(rows.table(self.dialect, ROW))
                .and_where(truth(true))
                .take();
            let columns = OF_OBJECTS.into_iter().chain([Column::DirectoryId, Column::Round]);
            let written = insert_from(Entity, columns, seen).on_conflict(again.clone()).to_owned();
            execute(self.tx, &written).await?;
        }
        self.forget_memberships(gone).await
    }

    fn cells(&self, object: SeenObject) -> [Value; OF_OBJECTS.len()] {
        let (manager, says_nothing) = match object.manager {
            SeenManager::Unchanged => (None, true),
            SeenManager::Cleared => (None, false),
            SeenManager::Is(manager) => (Some(manager), false),
        };
        let removed_at = object.removed.map(|_| self.now.millis());
        [
            object.object_id.into(),
            kind(object.kind),
            object.resource_id.map(|id| id.uuid()).into(),
            object.name.into(),
            object.kept.into(),
            object.skipped.into(),
            object.removed.map(|removed| removed.to_value()).into(),
            removed_at.into(),
            manager.into(),
            says_nothing.into(),
        ]
    }

    /// Notes that objects are gone.
    pub(super) async fn removed(&self, gone: &[Uuid], removal: GraphRemoval) -> Result<(), StoreError> {
        let since = Func::coalesce([
            Expr::col((Entity, Column::RemovedAt)),
            Expr::value(Millis::from(self.now)),
        ]);
        let noted = Query::update()
            .table(Entity)
            .value(Column::Removed, removal.to_value())
            .value(Column::RemovedAt, since)
            .value(Column::IsManagerApplied, truth(true))
            .and_where(Expr::col((Entity, Column::DirectoryId)).eq(self.directory.uuid()))
            .and_where(is_one_of_ids(
                self.dialect,
                Expr::col((Entity, Column::ObjectId)),
                gone.iter().copied(),
            ))
            .take();
        execute(self.tx, &noted).await?;
        match removal {
            GraphRemoval::Changed => Ok(()),
            GraphRemoval::Deleted => self.forget_memberships(gone.to_vec()).await,
        }
    }
}

/// Whether two values are the same, or there is none of either.
pub(super) fn is_same(one: Expr, other: Expr) -> Expr {
    let neither = one.clone().is_null().and(other.clone().is_null());
    one.eq(other).or(neither)
}

pub(super) fn kind(kind: GraphObjectKind) -> Value {
    kind.to_value().into()
}
