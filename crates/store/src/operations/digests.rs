//! The daily digest of an organization: when it is due, and what there is to tell.

use crate::operations::cycles;
use crate::operations::incidents::addresses;
use crate::operations::mails::{NewMail, write_mails};
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::organizations::{Column, Entity};
use db::entity::{directories, sync_cycles};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all};
use directory::sync::CycleKind;
use events::{DirectoryId, OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _,
};
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// Directories that a digest names.
const MOST_DIRECTORIES: u64 = 50;
/// Cycles that a digest adds up: those of so many directories in a day, and more.
const MOST_CYCLES: u64 = 5_000;
/// Longer than a cycle lasts.
const LONGEST_CYCLE: Duration = Duration::from_hours(48);

/// A digest that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDigest {
    /// Of which organization.
    pub organization_id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// The addresses of those who want it.
    pub contacts: Vec<String>,
    /// Since when it is due.
    pub due_at: Timestamp,
}

/// What happened in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DigestDirectory {
    /// What people call it.
    pub name: String,
    /// How often its identity provider came, but for tests of the connection.
    pub syncs: u64,
    /// Users made by it.
    pub users_created: u64,
    /// Changes of users.
    pub users_updated: u64,
    /// Users deleted.
    pub users_deleted: u64,
    /// Changes of groups of any kind.
    pub groups_changed: u64,
    /// Requests that failed.
    pub failures: u64,
}

/// What there is to tell of the directories of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DigestFacts {
    /// Directory by directory, the oldest first; those alone of which there is something to tell.
    pub directories: Vec<DigestDirectory>,
}

/// The digests.
#[derive(Clone, Debug)]
pub struct Digests {
    store: Store,
}

impl Store {
    /// The digests.
    #[must_use]
    pub fn digests(&self) -> Digests {
        Digests { store: self.clone() }
    }
}

#[derive(FromQueryResult)]
struct DueRow {
    id: Id<OrganizationId>,
    name: String,
    digest_contacts: Option<String>,
    next_digest_at: Millis,
}

#[derive(FromQueryResult)]
struct NamedDirectory {
    id: Id<DirectoryId>,
    name: String,
}

#[derive(FromQueryResult)]
struct ClosedCycle {
    directory_id: Id<DirectoryId>,
    kind: Option<String>,
    counts: String,
}

impl Digests {
    /// Digests that are due, the one that is due longest first.
    ///
    /// # Errors
    /// As any query.
    pub async fn due(&self, now: Timestamp, limit: u64) -> Result<Vec<DueDigest>, StoreError> {
        let due = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name, Column::DigestContacts, Column::NextDigestAt])
            .filter(Column::NextDigestAt.lte(Millis::from(now)))
            .order_by_asc(Column::NextDigestAt)
            .limit(limit);
        let due: Vec<DueRow> = fetch_all(self.store.read(), due.as_query()).await?;
        let due = due.into_iter().map(|row| {
            Ok(DueDigest {
                organization_id: row.id.0,
                name: row.name,
                contacts: addresses(row.digest_contacts.as_deref())?,
                due_at: row.next_digest_at.into(),
            })
        });
        due.collect()
    }

    /// What there is to tell of the directories of an organization, from a time on and before another.
    ///
    /// # Errors
    /// As any query.
    pub async fn facts(
        &self,
        organization: OrganizationId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<DigestFacts, StoreError> {
        let named = directories::Entity::find()
            .select_only()
            .columns([directories::Column::Id, directories::Column::Name])
            .filter(directories::Column::OrganizationId.eq(Id(organization)))
            .order_by_asc(directories::Column::OrganizationId)
            .order_by_asc(directories::Column::Id)
            .limit(MOST_DIRECTORIES);
        let named: Vec<NamedDirectory> = fetch_all(self.store.read(), named.as_query()).await?;
        let ids = named.iter().map(|directory| directory.id.0);
        let closed = sync_cycles::Entity::find()
            .select_only()
            .columns([
                sync_cycles::Column::DirectoryId,
                sync_cycles::Column::Kind,
                sync_cycles::Column::Counts,
            ])
            .filter(is_one_of_ids(
                self.store.dialect(),
                Expr::col(sync_cycles::Column::DirectoryId),
                ids,
            ))
            .filter(sync_cycles::Column::Id.gte(first_id_of(from.minus(LONGEST_CYCLE))))
            .filter(sync_cycles::Column::ClosedAt.gte(Millis::from(from)))
            .filter(sync_cycles::Column::ClosedAt.lt(Millis::from(to)))
            .limit(MOST_CYCLES);
        let closed: Vec<ClosedCycle> = fetch_all(self.store.read(), closed.as_query()).await?;
        let mut sums: HashMap<DirectoryId, DigestDirectory> = HashMap::new();
        for cycle in closed {
            if cycle.kind.as_deref() != Some(CycleKind::ConnectionTest.as_str()) {
                add(sums.entry(cycle.directory_id.0).or_default(), &cycle.counts)?;
            }
        }
        let told = named.into_iter().filter_map(|directory| {
            let sum = sums.remove(&directory.id.0)?;
            Some(DigestDirectory {
                name: directory.name,
                ..sum
            })
        });
        Ok(DigestFacts {
            directories: told.collect(),
        })
    }

    /// Ends a digest: it is due next at that time, and its mails are written, if it was still due. How many mails there was no
    /// room for.
    ///
    /// # Errors
    /// As any write; then it is still due.
    pub async fn finish(
        &self,
        digest: &DueDigest,
        next_at: Timestamp,
        mails: Vec<NewMail>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let next = Some(next_at).filter(|_| !digest.contacts.is_empty());
        let moved = Query::update()
            .table(Entity)
            .value(Column::NextDigestAt, next.map(Millis::from))
            .and_where(Column::Id.eq(Id(digest.organization_id)))
            .and_where(Column::NextDigestAt.eq(Millis::from(digest.due_at)))
            .take();
        let tx = self.store.begin().await?;
        if execute(&tx, &moved).await? == 0 {
            return Ok(0);
        }
        let dropped = write_mails(&tx, self.store.dialect(), mails, now).await?;
        tx.commit().await?;
        Ok(dropped)
    }
}

/// The smallest id that a cycle begun at this time can have: ids are in the order of time.
fn first_id_of(at: Timestamp) -> Uuid {
    Uuid::from_u64_pair(u64::try_from(at.millis()).unwrap_or_default() << 16, 0)
}

fn add(sum: &mut DigestDirectory, counts: &str) -> Result<(), StoreError> {
    let counts = cycles::counts(counts)?;
    sum.syncs += 1;
    sum.users_created += u64::from(counts.users_created);
    sum.users_updated += u64::from(counts.users_updated);
    sum.users_deleted += u64::from(counts.users_deleted);
    sum.groups_changed += u64::from(counts.groups_created + counts.groups_updated + counts.groups_deleted);
    sum.failures += u64::from(counts.failures);
    Ok(())
}
