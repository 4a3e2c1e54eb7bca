//! What is written of memberships: a statement for each portion of rows.

use super::write::{AT_ONCE, ROW, Write, kind};
use super::{GraphMembership, SeenMember};
use crate::StoreError;
use db::entity::graph_members::{self, Entity as Members};
use db::entity::graph_objects;
use db::expr::{checked, insert_from, truth};
use db::rows::{Columns, Rows, is_one_of_ids};
use db::send::execute;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, Query};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use uuid::Uuid;

const PAIR: [graph_members::Column; 2] = [
    graph_members::Column::GroupObjectId,
    graph_members::Column::MemberObjectId,
];
/// The whole key, the directory too: beside a constant PostgreSQL takes a directory of which nothing was counted yet for a small
/// one, and goes through all of it for each row.
const KEY: [graph_members::Column; 3] = [graph_members::Column::DirectoryId, PAIR[0], PAIR[1]];
static KEYS: LazyLock<Columns> = LazyLock::new(|| Columns::of(KEY));
static SEEN: LazyLock<Columns> = LazyLock::new(|| {
    use graph_members::Column as Of;
    Columns::of([Of::GroupObjectId, Of::MemberObjectId, Of::MemberKind])
});

impl Write<'_> {
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
        for rows in self.keys(gone).portions(AT_ONCE) {
            let noted = Query::update()
                .table(Members)
                .value(Of::IsMember, truth(false))
                .value(Of::IsApplied, truth(false))
                .value(Of::Round, round)
                .from(rows.table(self.dialect, ROW))
                .and_where(is_row())
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
        for rows in self.keys(applied).portions(AT_ONCE) {
            let own = Expr::col((Members, Of::IsMember));
            if is_member {
                let noted = Query::update()
                    .table(Members)
                    .value(Of::IsApplied, truth(true))
                    .from(rows.table(self.dialect, ROW))
                    .and_where(is_row())
                    .and_where(checked(own))
                    .take();
                execute(self.tx, &noted).await?;
            } else {
                let these = Query::select()
                    .columns(KEY.map(|column| (ROW, column)))
                    .from(rows.table(self.dialect, ROW))
                    .take();
                let forgotten = Query::delete()
                    .from_table(Members)
                    .and_where(Expr::tuple(KEY.map(|column| Expr::col((Members, column)))).in_subquery(these))
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

    /// Has everything done again that the directory had with these objects.
    pub(super) async fn anew(&self, arrived: &[Uuid]) -> Result<(), StoreError> {
        use graph_members::Column as Of;
        let these = |own: Expr| is_one_of_ids(self.dialect, own, arrived.iter().copied());
        for column in PAIR {
            let undone = Query::update()
                .table(Members)
                .value(Of::IsApplied, truth(false))
                .and_where(Expr::col((Members, Of::DirectoryId)).eq(self.directory.uuid()))
                .and_where(these(Expr::col((Members, column))))
                .and_where(checked(Expr::col((Members, Of::IsMember))))
                .take();
            execute(self.tx, &undone).await?;
        }
        use graph_objects::Column as Object;
        let own = |column| Expr::col((graph_objects::Entity, column));
        let undone = Query::update()
            .table(graph_objects::Entity)
            .value(Object::IsManagerApplied, truth(false))
            .and_where(own(Object::DirectoryId).eq(self.directory.uuid()))
            .and_where(these(own(Object::ObjectId)))
            .and_where(own(Object::ManagerObjectId).is_not_null())
            .take();
        execute(self.tx, &undone).await?;
        Ok(())
    }

    fn keys(&self, memberships: &[GraphMembership]) -> Rows {
        let mut rows = Rows::new(&KEYS);
        for membership in memberships {
            rows.push([
                self.directory.uuid().into(),
                membership.group_object_id.into(),
                membership.member_object_id.into(),
            ]);
        }
        rows
    }
}

fn is_row() -> Expr {
    let is = |column| Expr::col((Members, column)).equals((ROW, column));
    is(KEY[0]).and(is(KEY[1])).and(is(KEY[2]))
}
