//! What is written of objects and memberships: a statement for each portion of rows.

use super::objects::{GraphObjectKind, GraphRemoval};
use super::{GraphMembership, SeenManager, SeenMember, SeenObject};
use crate::{Dialect, StoreError};
use db::entity::column::Millis;
use db::entity::graph_members::{self, Entity as Members};
use db::entity::graph_objects::{Column, Entity};
use db::expr::{checked, insert_from, truth};
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

const PAIR: [graph_members::Column; 2] = [
    graph_members::Column::GroupObjectId,
    graph_members::Column::MemberObjectId,
];
static PAIRS: LazyLock<Columns> = LazyLock::new(|| Columns::of(PAIR));
static SEEN: LazyLock<Columns> = LazyLock::new(|| {
    use graph_members::Column as Of;
    Columns::of([Of::GroupObjectId, Of::MemberObjectId, Of::MemberKind])
});

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

    /// Notes memberships as a round saw them; of one that is there twice the later counts.
    pub(super) async fn members(&self, round: i64, members: Vec<SeenMember>) -> Result<(), StoreError> {
        use graph_members::Column as Of;
        let of_each: BTreeMap<(Uuid, Uuid), SeenMember> = members
            .into_iter()
            .map(|member| ((member.group_object_id, member.member_object_id), member))
            .collect();
        let (mut rows, mut gone) = (Rows::new(&SEEN), Vec::new());
        for member in of_each.into_values() {
            if member.is_member {
                rows.push([
                    member.group_object_id.into(),
                    member.member_object_id.into(),
                    kind(member.member_kind),
                ]);
            } else {
                gone.push(GraphMembership {
                    group_object_id: member.group_object_id,
                    member_object_id: member.member_object_id,
                });
            }
        }
        let own = |column: Of| Expr::col((Members, column));
        let again: OnConflict = OnConflict::columns([Of::DirectoryId, Of::GroupObjectId, Of::MemberObjectId])
            .update_columns([Of::MemberKind, Of::Round, Of::IsMember])
            .value(Of::IsApplied, own(Of::IsMember).and(own(Of::IsApplied)))
            .to_owned();
        for rows in rows.portions(AT_ONCE) {
            let seen = Query::select()
                .columns([Of::GroupObjectId, Of::MemberObjectId, Of::MemberKind].map(|column| (ROW, column)))
                .expr(Expr::val(self.directory.uuid()))
                .expr(Expr::val(round))
                .expr(truth(true))
                .expr(truth(false))
                .from(rows.table(self.dialect, ROW))
                .and_where(truth(true))
                .take();
            let columns = [
                Of::GroupObjectId,
                Of::MemberObjectId,
                Of::MemberKind,
                Of::DirectoryId,
                Of::Round,
                Of::IsMember,
                Of::IsApplied,
            ];
            let written = insert_from(Members, columns, seen)
                .on_conflict(again.clone())
                .to_owned();
            execute(self.tx, &written).await?;
        }
        self.members_gone(round, &gone).await
    }

    /// Notes that members are none any more. Of one that is not known nothing is noted.
    pub(super) async fn members_gone(&self, round: i64, gone: &[GraphMembership]) -> Result<(), StoreError> {
        use graph_members::Column as Of;
        for rows in pairs(gone).portions(AT_ONCE) {
            let noted = Query::update()
                .table(Members)
                .value(Of::IsMember, truth(false))
                .value(Of::IsApplied, truth(false))
                .value(Of::Round, round)
                .from(rows.table(self.dialect, ROW))
                .and_where(self.is_pair())
                .and_where(checked(Expr::col((Members, Of::IsMember))))
                .take();
            execute(self.tx, &noted).await?;
        }
        Ok(())
    }

    /// Notes that the directory has memberships as they are there: those of members, or those of members that are none any
    /// more, which are forgotten then. One that changed meanwhile stays as it is.
    pub(super) async fn members_applied(&self, is_member: bool, applied: &[GraphMembership]) -> Result<(), StoreError> {
        use graph_members::Column as Of;
        for rows in pairs(applied).portions(AT_ONCE) {
            let own = Expr::col((Members, Of::IsMember));
            if is_member {
                let noted = Query::update()
                    .table(Members)
                    .value(Of::IsApplied, truth(true))
                    .from(rows.table(self.dialect, ROW))
                    .and_where(self.is_pair())
                    .and_where(checked(own))
                    .take();
                execute(self.tx, &noted).await?;
            } else {
                let these = Query::select()
                    .columns(PAIR.map(|column| (ROW, column)))
                    .from(rows.table(self.dialect, ROW))
                    .take();
                let forgotten = Query::delete()
                    .from_table(Members)
                    .and_where(Expr::col((Members, Of::DirectoryId)).eq(self.directory.uuid()))
                    .and_where(Expr::tuple(PAIR.map(|column| Expr::col((Members, column)))).in_subquery(these))
                    .and_where(checked(own.not()))
                    .take();
                execute(self.tx, &forgotten).await?;
            }
        }
        Ok(())
    }

    /// Forgets the memberships of objects that are gone for good: Graph need not say that they ended.
    pub(super) async fn forget_memberships(&self, gone: Vec<Uuid>) -> Result<(), StoreError> {
        if gone.is_empty() {
            return Ok(());
        }
        for column in PAIR {
            let ended = Query::delete()
                .from_table(Members)
                .and_where(Expr::col((Members, graph_members::Column::DirectoryId)).eq(self.directory.uuid()))
                .and_where(is_one_of_ids(
                    self.dialect,
                    Expr::col((Members, column)),
                    gone.iter().copied(),
                ))
                .take();
            execute(self.tx, &ended).await?;
        }
        Ok(())
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

    fn is_pair(&self) -> Expr {
        let here = Expr::col((Members, graph_members::Column::DirectoryId)).eq(self.directory.uuid());
        let is = |column| Expr::col((Members, column)).equals((ROW, column));
        here.and(is(PAIR[0])).and(is(PAIR[1]))
    }
}

/// Whether two values are the same, or there is none of either.
pub(super) fn is_same(one: Expr, other: Expr) -> Expr {
    let neither = one.clone().is_null().and(other.clone().is_null());
    one.eq(other).or(neither)
}

fn kind(kind: GraphObjectKind) -> Value {
    kind.to_value().into()
}

fn pairs(memberships: &[GraphMembership]) -> Rows {
    let mut rows = Rows::new(&PAIRS);
    for membership in memberships {
        rows.push([membership.group_object_id.into(), membership.member_object_id.into()]);
    }
    rows
}
