//! What is known of memberships, for whoever works on the directory.

use super::{GraphObjectKind, GraphObjects};
use crate::StoreError;
use db::entity::column::Id;
use db::entity::graph_members::{Column, Entity, Model};
use db::entity::graph_objects;
use db::expr::checked;
use db::rows::{Columns, Rows, is_one_of_ids};
use db::send::fetch_all;
use events::ResourceId;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType, Order, Query};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Select,
};
use std::sync::LazyLock;
use uuid::Uuid;

const ARRIVED: &str = "a";
static MEMBERS: LazyLock<Columns> = LazyLock::new(|| Columns::of([Column::DirectoryId, Column::MemberObjectId]));

/// A direct membership there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphMember {
    /// The group.
    pub group_object_id: Uuid,
    /// The member.
    pub member_object_id: Uuid,
    /// What the member is.
    pub member_kind: GraphObjectKind,
    /// The round that saw it last.
    pub round: i64,
    /// Whether it is a member; one that is none any more is kept until the directory has it so.
    pub is_member: bool,
    /// Whether the directory has it so.
    pub is_applied: bool,
}

/// A membership that the directory does not have as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PendingMember {
    /// The group.
    pub group_object_id: Uuid,
    /// The member.
    pub member_object_id: Uuid,
    /// What the member is.
    pub member_kind: GraphObjectKind,
    /// Whether it is to be a member, or no longer to be one.
    pub is_member: bool,
    group_resource_id: Option<Id<ResourceId>>,
    member_resource_id: Option<Id<ResourceId>>,
}

impl PendingMember {
    /// The group; `None` for one that is not in the directory.
    #[must_use]
    pub fn group(&self) -> Option<ResourceId> {
        self.group_resource_id.map(|id| id.0)
    }

    /// The member; `None` for one that is not in the directory.
    #[must_use]
    pub fn member(&self) -> Option<ResourceId> {
        self.member_resource_id.map(|id| id.0)
    }
}

/// Of which memberships it is asked what the directory does not have.
#[derive(Clone, Copy, Debug)]
pub enum PendingOf<'a> {
    /// Of all, in order of group and member after these.
    All(Option<(Uuid, Uuid)>),
    /// Of one group, in order of members after this one.
    Group(Uuid, Option<Uuid>),
    /// Of these members, as far as member and group are in the directory: when they came into it. What is done with is not
    /// among them the next time.
    Arrived(&'a [Uuid]),
    /// Of these groups, in order of group and member after these: what a page said of them.
    Groups(&'a [Uuid], Option<(Uuid, Uuid)>),
}

impl GraphObjects {
    fn memberships(&self) -> Select<Entity> {
        Entity::find().filter(Column::DirectoryId.eq(Id(self.directory)))
    }

    /// At most `most` memberships that the directory does not have as they are there.
    ///
    /// # Errors
    /// As any query.
    pub async fn pending_members(&self, of: PendingOf<'_>, most: u32) -> Result<Vec<PendingMember>, StoreError> {
        let row = |column: Column| Expr::col(("r", column));
        let is = |alias: &'static str, column: Column| {
            Expr::col((alias, graph_objects::Column::DirectoryId))
                .equals(("r", Column::DirectoryId))
                .and(Expr::col((alias, graph_objects::Column::ObjectId)).equals(("r", column)))
        };
        let join = match of {
            PendingOf::Arrived(_) => JoinType::InnerJoin,
            PendingOf::All(_) | PendingOf::Group(..) | PendingOf::Groups(..) => JoinType::LeftJoin,
        };
        let resource = |alias: &'static str| Expr::col((alias, graph_objects::Column::ResourceId));
        let columns = [
            Column::GroupObjectId,
            Column::MemberObjectId,
            Column::MemberKind,
            Column::IsMember,
        ];
        let mut pending = Query::select()
            .columns(columns.map(|column| ("r", column)))
            .expr_as(resource("g"), "group_resource_id")
            .expr_as(resource("m"), "member_resource_id")
            .from_as(Entity, "r")
            .join_as(join, graph_objects::Entity, "g", is("g", Column::GroupObjectId))
            .join_as(join, graph_objects::Entity, "m", is("m", Column::MemberObjectId))
            .and_where(row(Column::IsApplied).not())
            .limit(u64::from(most))
            .take();
        if join == JoinType::LeftJoin {
            pending.and_where(row(Column::DirectoryId).eq(self.directory.uuid()));
        }
        match of {
            PendingOf::All(after) => {
                let (group, member) = after.unwrap_or_default();
                let place = Expr::tuple([row(Column::GroupObjectId), row(Column::MemberObjectId)]);
                pending
                    .and_where(place.gt(Expr::tuple([Expr::value(group), Expr::value(member)])))
                    .order_by(("r", Column::GroupObjectId), Order::Asc)
                    .order_by(("r", Column::MemberObjectId), Order::Asc);
            }
            PendingOf::Group(group, after) => {
                pending
                    .and_where(row(Column::GroupObjectId).eq(group))
                    .and_where(row(Column::MemberObjectId).gt(after.unwrap_or_default()))
                    .order_by(("r", Column::GroupObjectId), Order::Asc)
                    .order_by(("r", Column::MemberObjectId), Order::Asc);
            }
            PendingOf::Groups(groups, after) => {
                let (group, member) = after.unwrap_or_default();
                let place = Expr::tuple([row(Column::GroupObjectId), row(Column::MemberObjectId)]);
                let these = is_one_of_ids(self.store.dialect(), row(Column::GroupObjectId), groups.iter().copied());
                pending
                    .and_where(these)
                    .and_where(place.gt(Expr::tuple([Expr::value(group), Expr::value(member)])))
                    .order_by(("r", Column::GroupObjectId), Order::Asc)
                    .order_by(("r", Column::MemberObjectId), Order::Asc);
            }
            PendingOf::Arrived(members) => {
                let mut rows = Rows::new(&MEMBERS);
                for member in members {
                    rows.push([self.directory.uuid().into(), (*member).into()]);
                }
                let is = |column: Column| row(column).equals((ARRIVED, column));
                let arrived = rows.table(self.store.dialect(), ARRIVED);
                pending
                    .inner_join(arrived, is(Column::DirectoryId).and(is(Column::MemberObjectId)))
                    .and_where(resource("g").is_not_null())
                    .and_where(resource("m").is_not_null());
            }
        }
        fetch_all(self.store.read(), &pending).await
    }

    /// At most `most` memberships that neither this round nor a later one saw, after round, group and member of the last one
    /// before.
    ///
    /// # Errors
    /// As any query.
    pub async fn unseen_members(
        &self,
        round: i64,
        after: Option<(i64, Uuid, Uuid)>,
        most: u32,
    ) -> Result<Vec<GraphMember>, StoreError> {
        let own = |column: Column| Expr::col((Entity, column));
        let place = [Column::Round, Column::GroupObjectId, Column::MemberObjectId];
        let mut unseen = self
            .memberships()
            .filter(own(Column::IsMember))
            .filter(Column::Round.lt(round))
            .limit(u64::from(most));
        for column in place {
            unseen = unseen.order_by_asc(column);
        }
        if let Some((round, group, member)) = after {
            let there = [Expr::value(round), Expr::value(group), Expr::value(member)];
            unseen = unseen.filter(Expr::tuple(place.map(own)).gt(Expr::tuple(there)));
        }
        let found: Vec<Model> = fetch_all(self.store.read(), unseen.as_query()).await?;
        Ok(found.iter().map(member).collect())
    }

    /// At most `most` members of a group there, after one of them.
    ///
    /// # Errors
    /// As any query.
    pub async fn members_of(
        &self,
        group: Uuid,
        after: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<GraphMember>, StoreError> {
        let members = self
            .memberships()
            .filter(Column::GroupObjectId.eq(group))
            .filter(checked(Expr::col((Entity, Column::IsMember))))
            .filter(Column::MemberObjectId.gt(after.unwrap_or_default()))
            .order_by_asc(Column::GroupObjectId)
            .order_by_asc(Column::MemberObjectId)
            .limit(u64::from(most));
        let found: Vec<Model> = fetch_all(self.store.read(), members.as_query()).await?;
        Ok(found.iter().map(member).collect())
    }

    /// At most `most` memberships of some objects there, the groups that each is directly in; after member and group of the last
    /// one before.
    ///
    /// # Errors
    /// As any query.
    pub async fn memberships_of(
        &self,
        members: &[Uuid],
        after: Option<(Uuid, Uuid)>,
        most: u32,
    ) -> Result<Vec<GraphMember>, StoreError> {
        let own = |column: Column| Expr::col((Entity, column));
        let place = [Column::MemberObjectId, Column::GroupObjectId];
        let (member_id, group_id) = after.unwrap_or_default();
        let these = is_one_of_ids(
            self.store.dialect(),
            own(Column::MemberObjectId),
            members.iter().copied(),
        );
        let there = Expr::tuple([Expr::value(member_id), Expr::value(group_id)]);
        let memberships = self
            .memberships()
            .filter(these)
            .filter(checked(own(Column::IsMember)))
            .filter(Expr::tuple(place.map(own)).gt(there))
            .order_by_asc(Column::MemberObjectId)
            .order_by_asc(Column::GroupObjectId)
            .limit(u64::from(most));
        let found: Vec<Model> = fetch_all(self.store.read(), memberships.as_query()).await?;
        Ok(found.iter().map(member).collect())
    }
}

fn member(row: &Model) -> GraphMember {
    GraphMember {
        group_object_id: row.group_object_id,
        member_object_id: row.member_object_id,
        member_kind: row.member_kind,
        round: row.round,
        is_member: row.is_member,
        is_applied: row.is_applied,
    }
}
