//! Reading the groups of one directory and their members.

use crate::directory::filter::Kind;
use crate::directory::page::{MEMBERSHIP, member_name, membership};
use crate::directory::query::DirectoryScope;
use crate::{Page, Query, Store, StoreError};
use db::entity::group_members;
use db::expr::{build, checked};
use db::sql::{ReadColumns, query_all};
use events::{DirectoryId, MemberRef, ResourceId, ResourceKind, StoredResource, Timestamp};
use sea_orm::QueryResult;
use sea_orm::sea_query::{self, ExprTrait as _, Order};
use uuid::Uuid;

/// A group as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRow {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// Counts 1, 2, 3 … with each change.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it or its members last changed.
    pub updated_at: Timestamp,
    /// JSON text of the attributes as received, without `id`, `meta` and `members`.
    pub resource: String,
    /// Its members, in order of their ids; `None` when they were not loaded (R23).
    pub members: Option<Vec<MemberRef>>,
}

impl GroupRow {
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
            groups: Vec::new(),
            members: self.members,
        })
    }
}

/// The groups of one directory.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a> {
    scope: DirectoryScope<'a>,
}

impl Store {
    /// The groups of one directory; there is no other way to them.
    #[must_use]
    pub const fn groups(&self, directory_id: DirectoryId) -> Groups<'_> {
        Groups {
            scope: DirectoryScope {
                store: self,
                directory_id,
                kind: Kind::Group,
            },
        }
    }
}

impl Groups<'_> {
    /// Where they are, and of which directory.
    pub(crate) const fn of(&self) -> (&Store, DirectoryId) {
        (self.scope.store, self.scope.directory_id)
    }

    /// One group; its members are not even looked at unless `members` is set. One statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_id(&self, id: ResourceId, members: bool) -> Result<Option<GroupRow>, StoreError> {
        let row = self.scope.by_id(id, members).await?;
        row.map(|row| group(&row, members)).transpose()
    }

    /// A page of groups.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database; [`StoreError::Defect`] when a cursor is combined with an
    /// order or offset.
    pub async fn list(&self, query: &Query<'_>) -> Result<Page<GroupRow>, StoreError> {
        let page = match self.scope.unique_key(query) {
            Some(name) => Page::of_one(query, self.scope.by_name(&name, query.references).await?),
            None => self.scope.page(query).await?,
        };
        page.read(|row| group(&row, query.references))
    }

    /// Those of these groups that there are, in no order, without their members.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_ids(&self, ids: &[ResourceId]) -> Result<Vec<GroupRow>, StoreError> {
        let rows = self.scope.by_ids(ids, false).await?;
        rows.iter().map(|row| group(row, false)).collect()
    }

    /// The number of groups that match the query, whatever its page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn count(&self, query: &Query<'_>) -> Result<u64, StoreError> {
        self.scope.count(query).await
    }

    /// Members of one group, in order of their ids, after one of them; empty for a group that is not here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn members(
        &self,
        group: ResourceId,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<MemberRef>, StoreError> {
        use group_members::Column::{DirectoryId, GroupId, Kind as MemberKind, MemberId};
        let after = after.map_or_else(Uuid::nil, ResourceId::uuid);
        let members = sea_query::Query::select()
            .columns([(MEMBERSHIP, MemberId), (MEMBERSHIP, MemberKind)])
            .expr_as(member_name(), "display")
            .from_as(group_members::Entity, MEMBERSHIP)
            .and_where(membership(GroupId).eq(group.uuid()))
            .and_where(checked(membership(DirectoryId).eq(self.scope.directory_id.uuid())))
            .and_where(membership(MemberId).gt(after))
            .order_by((MEMBERSHIP, MemberId), Order::Asc)
            .limit(limit.into())
            .take();
        let (sql, values) = build(self.scope.store.dialect(), &members);
        query_all(self.scope.store.read(), &sql, values)
            .await?
            .iter()
            .map(member)
            .collect()
    }
}

fn member(row: &QueryResult) -> Result<MemberRef, StoreError> {
    // 16 bits on PostgreSQL, 64 on SQLite; the driver of each insists on its own.
    let kind = row.get::<i16>("kind")?;
    Ok(member_ref(row.get("member_id")?, kind, row.get("display")?))
}

fn member_ref(id: Uuid, kind: i16, display: Option<String>) -> MemberRef {
    MemberRef {
        id: ResourceId::from(id),
        kind: if kind == 1 {
            ResourceKind::Group
        } else {
            ResourceKind::User
        },
        display,
    }
}

/// The members of a row as [`crate::directory::page`] writes them.
fn members_in(row: &QueryResult) -> Result<Vec<MemberRef>, StoreError> {
    let Some(json) = row.get::<Option<String>>("refs")? else {
        return Ok(Vec::new());
    };
    let members: Vec<(Uuid, i16, Option<String>)> = serde_json::from_str(&json).map_err(StoreError::corrupt)?;
    let member = |(id, kind, display)| member_ref(id, kind, display);
    Ok(members.into_iter().map(member).collect())
}

fn group(row: &QueryResult, members: bool) -> Result<GroupRow, StoreError> {
    Ok(GroupRow {
        id: row.id("id")?,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        resource: row.get("resource")?,
        members: members.then(|| members_in(row)).transpose()?,
    })
}
