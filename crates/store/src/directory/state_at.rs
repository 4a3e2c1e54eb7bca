//! A directory as it was at a sequence, in pages, while it goes on changing.
//!
//! Each page is read from the rows as they are now; whatever changed since the sequence is corrected from the log: the
//! first event after it tells, backwards, what there was. Nothing is held between pages, so this can go on after a
//! restart. The rows are read first and the log after: a change in between is then in the log, and one in the log that
//! the rows have or have not seen makes no difference.
//!
//! One thing the log does not tell: the members of a group that was deleted since. They are left out; the deletion of
//! the group follows in the log.

mod one;
mod queries;

use crate::{Store, StoreError};
use db::expr::build;
use db::sql::{ReadColumns, query_all};
use directory::{Group, User};
use events::{DirectoryId, EventType, ResourceId, ResourceKind, Timestamp};
use queries::MomentPage;
use sea_orm::QueryResult;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A user as it was.
pub type UserAt = User;
/// A group as it was.
pub type GroupAt = Group;

/// A membership as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberAt {
    /// The group.
    pub group_id: ResourceId,
    /// The member.
    pub member_id: ResourceId,
    /// Whether the member is a group.
    pub is_group: bool,
}

/// A page, in order of ids.
#[derive(Clone, Debug)]
pub struct PageAt<T, K> {
    /// What there was.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<K>,
}

/// A moment of a directory.
#[derive(Clone, Copy, Debug)]
pub struct StateAt<'a> {
    store: &'a Store,
    directory_id: DirectoryId,
    sequence: i64,
}

/// The first event about a user or group after the moment.
struct Later {
    kind: EventType,
    data: Value,
    at: Timestamp,
}

impl Store {
    /// A directory as it was when this sequence was its last.
    #[must_use]
    pub const fn state_at(&self, directory_id: DirectoryId, sequence: i64) -> StateAt<'_> {
        StateAt {
            store: self,
            directory_id,
            sequence,
        }
    }
}

impl StateAt<'_> {
    /// A page of users after one of them.
    ///
    /// # Errors
    /// As any query.
    pub async fn users(&self, after: Option<ResourceId>, limit: u32) -> Result<PageAt<UserAt, ResourceId>, StoreError> {
        self.resources(ResourceKind::User, after, limit, user_of, |later| {
            directory::user_before(later.kind, &later.data, later.at)
        })
        .await
    }

    /// A page of groups after one of them.
    ///
    /// # Errors
    /// As any query.
    pub async fn groups(
        &self,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<PageAt<GroupAt, ResourceId>, StoreError> {
        self.resources(ResourceKind::Group, after, limit, group_of, |later| {
            directory::group_before(later.kind, &later.data, later.at)
        })
        .await
    }

    async fn resources<T>(
        &self,
        kind: ResourceKind,
        after: Option<ResourceId>,
        limit: u32,
        read: fn(&QueryResult) -> Result<(ResourceId, T), StoreError>,
        before: fn(&Later) -> Option<T>,
    ) -> Result<PageAt<T, ResourceId>, StoreError> {
        let dialect = self.store.dialect();
        let stretch = self.stretch(after.map_or_else(Uuid::nil, ResourceId::uuid), limit);
        let (sql, values) = build(dialect, &queries::resources(kind, stretch));
        let rows = query_all(self.store.read(), &sql, values).await?;
        let mut found: BTreeMap<ResourceId, Option<T>> = BTreeMap::new();
        for row in &rows {
            let (id, row) = read(row)?;
            found.insert(id, Some(row));
        }
        let is_full = |len: usize| u32::try_from(len).is_ok_and(|len| len >= limit);
        let mut end = found
            .last_key_value()
            .map(|(id, _)| *id)
            .filter(|_| is_full(rows.len()));
        let later = self.later(kind, stretch, end).await?;
        if is_full(later.len()) {
            let last = later.last_key_value().map(|(id, _)| *id);
            end = end.map_or(last, |end| last.map(|last| last.min(end)));
        }
        for (id, later) in &later {
            found.insert(*id, before(later));
        }
        let in_page = |id: &ResourceId| end.is_none_or(|end| *id <= end);
        let rows = found
            .into_iter()
            .filter(|(id, _)| in_page(id))
            .filter_map(|(_, row)| row);
        Ok(PageAt {
            rows: rows.collect(),
            next: end,
        })
    }

    /// The first event after the moment about each user or group of a range of ids.
    async fn later(
        &self,
        kind: ResourceKind,
        stretch: MomentPage<Uuid>,
        end: Option<ResourceId>,
    ) -> Result<BTreeMap<ResourceId, Later>, StoreError> {
        let dialect = self.store.dialect();
        let end = end.map_or_else(Uuid::max, ResourceId::uuid);
        let (sql, values) = build(dialect, &queries::first_events(dialect, kind, stretch, end));
        let rows = query_all(self.store.read(), &sql, values).await?;
        rows.iter().map(later).collect()
    }

    /// A page of memberships after one of them, in order of groups and members.
    ///
    /// # Errors
    /// As any query.
    pub async fn members(
        &self,
        after: Option<(ResourceId, ResourceId)>,
        limit: u32,
    ) -> Result<PageAt<MemberAt, (ResourceId, ResourceId)>, StoreError> {
        let dialect = self.store.dialect();
        let after = after.map_or_else(
            || (Uuid::nil(), Uuid::nil()),
            |(group, member)| (group.uuid(), member.uuid()),
        );
        let stretch = self.stretch(after, limit);
        let (sql, values) = build(dialect, &queries::memberships(dialect, stretch));
        let rows = query_all(self.store.read(), &sql, values).await?;
        let mut found: BTreeMap<(ResourceId, ResourceId), Option<bool>> = BTreeMap::new();
        for row in &rows {
            let is_group = row.get::<i16>("kind")? == 1;
            found.insert((row.id("group_id")?, row.id("member_id")?), Some(is_group));
        }
        let is_full = |len: usize| u32::try_from(len).is_ok_and(|len| len >= limit);
        let mut end = found
            .last_key_value()
            .map(|(key, _)| *key)
            .filter(|_| is_full(rows.len()));
        let later = self.later_members(stretch).await?;
        if is_full(later.len()) {
            let last = later.last_key_value().map(|(key, _)| *key);
            end = end.map_or(last, |end| last.map(|last| last.min(end)));
        }
        found.extend(later);
        let in_page = |key: &(ResourceId, ResourceId)| end.is_none_or(|end| *key <= end);
        let rows = found.into_iter().filter(|(key, _)| in_page(key));
        let rows = rows.filter_map(|((group_id, member_id), was)| {
            was.map(|is_group| MemberAt {
                group_id,
                member_id,
                is_group,
            })
        });
        Ok(PageAt {
            rows: rows.collect(),
            next: end,
        })
    }

    /// What the first change of each membership after the moment tells of it: whether there was one, and of a group.
    async fn later_members(
        &self,
        stretch: MomentPage<(Uuid, Uuid)>,
    ) -> Result<BTreeMap<(ResourceId, ResourceId), Option<bool>>, StoreError> {
        let dialect = self.store.dialect();
        let (sql, values) = build(dialect, &queries::first_changes(dialect, stretch));
        let mut later = BTreeMap::new();
        for row in query_all(self.store.read(), &sql, values).await? {
            let was: bool = row.get("was")?;
            let is_group: bool = row.get("is_group")?;
            later.insert((row.id("group_id")?, row.id("member_id")?), was.then_some(is_group));
        }
        Ok(later)
    }

    const fn stretch<K>(&self, after: K, limit: u32) -> MomentPage<K> {
        MomentPage {
            directory: self.directory_id.uuid(),
            sequence: self.sequence,
            after,
            limit,
        }
    }
}

fn later(row: &QueryResult) -> Result<(ResourceId, Later), StoreError> {
    let body: String = row.get("body")?;
    let mut body: Value = serde_json::from_str(&body).map_err(StoreError::corrupt)?;
    let later = Later {
        kind: row.get::<String>("type")?.parse().map_err(StoreError::corrupt)?,
        data: body["data"].take(),
        at: row.time("created_at")?,
    };
    Ok((row.id("subject_id")?, later))
}

fn user_of(row: &QueryResult) -> Result<(ResourceId, UserAt), StoreError> {
    let id = row.id("id")?;
    let user = User {
        id,
        attributes: serde_json::from_str(&row.get::<String>("resource")?).map_err(StoreError::corrupt)?,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    };
    Ok((id, user))
}

fn group_of(row: &QueryResult) -> Result<(ResourceId, GroupAt), StoreError> {
    let (id, user) = user_of(row)?;
    let group = Group {
        id,
        attributes: user.attributes,
        version: user.version,
        created_at: user.created_at,
        updated_at: user.updated_at,
    };
    Ok((id, group))
}
