//! Whom a change of the settings concerns: the people in some groups.

use super::AdminTx;
use crate::StoreError;
use db::entity::column::{Id, Millis};
use db::entity::group_members::MemberKind;
use db::entity::{group_members, groups, users};
use db::expr::{checked, is_one_of_rows};
use db::rows::is_one_of_ids;
use db::send::fetch_all;
use directory::User;
use events::{DirectoryId, GroupRef, ResourceId};
use group_members::Column::{GroupId, Kind, MemberId};
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, FromQueryResult, PartialModelTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use std::collections::HashMap;

impl AdminTx {
    /// The users that are direct members of any of these groups, each with all groups it is in. `None` when there are
    /// more than `most`: then nobody is loaded.
    ///
    /// # Errors
    /// As any query.
    pub async fn people_in(
        &self,
        directory: DirectoryId,
        groups: &[ResourceId],
        most: usize,
    ) -> Result<Option<Vec<(User, Vec<GroupRef>)>>, StoreError> {
        let of_the_directory = group_members::Column::DirectoryId.eq(Id(directory));
        let people = group_members::Entity::find()
            .select_only()
            .distinct()
            .column(MemberId)
            .filter(is_one_of_ids(self.dialect, GroupId.into_expr(), groups.iter().copied()))
            .filter(checked(of_the_directory.clone()))
            .filter(Kind.eq(MemberKind::User))
            .limit(most as u64 + 1)
            .into_query();
        let users = users::Entity::find()
            .select_only()
            .filter(checked(users::Column::DirectoryId.eq(Id(directory))))
            .filter(is_one_of_rows(
                self.dialect,
                users::Column::Id.into_expr(),
                people.clone(),
            ))
            .order_by_asc(users::Column::Id);
        let users: Vec<PolicyUser> = fetch_all(&self.tx, PolicyUser::select_cols(users).as_query()).await?;
        if users.len() > most {
            return Ok(None);
        }
        let memberships = group_members::Entity::find()
            .inner_join(groups::Entity)
            .select_only()
            .column(MemberId)
            .columns([groups::Column::Id, groups::Column::DisplayName])
            .filter(checked(of_the_directory))
            .filter(is_one_of_rows(self.dialect, MemberId.into_expr(), people))
            .order_by_asc(MemberId)
            .order_by_asc(groups::Column::Id);
        let mut groups_of: HashMap<ResourceId, Vec<GroupRef>> = HashMap::new();
        for row in fetch_all::<PolicyMembership, _>(&self.tx, memberships.as_query()).await? {
            let group = GroupRef {
                id: row.id.0,
                display_name: row.display_name,
            };
            groups_of.entry(row.member_id.0).or_default().push(group);
        }
        let with_groups = |person: PolicyUser| {
            let groups = groups_of.remove(&person.id.0).unwrap_or_default();
            Ok((User::try_from(person)?, groups))
        };
        users.into_iter().map(with_groups).collect::<Result<_, _>>().map(Some)
    }
}

/// A user as the rules need it.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "users::Entity")]
struct PolicyUser {
    id: Id<ResourceId>,
    resource: String,
    version: i64,
    created_at: Millis,
    updated_at: Millis,
}

impl TryFrom<PolicyUser> for User {
    type Error = StoreError;

    fn try_from(row: PolicyUser) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.0,
            attributes: serde_json::from_str(&row.resource).map_err(StoreError::corrupt)?,
            version: row.version,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

/// A group that somebody is in.
#[derive(FromQueryResult)]
struct PolicyMembership {
    member_id: Id<ResourceId>,
    id: Id<ResourceId>,
    display_name: String,
}
