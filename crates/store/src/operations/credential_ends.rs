//! Every credential that ends: when, whose it is, and when the log is told.
//!
//! Whatever makes, changes or ends a credential notes its end here in the same transaction ([`AdminTx::note_end`]). So there is
//! one list of all kinds in order of their ends, and a statement that finds those whose end is to be announced.

mod announce;
mod list;

pub use db::entity::credentials::CredentialKind;
pub use list::CredentialFilter;
pub(crate) use list::faces;

use crate::{AdminTx, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::credentials::{ActiveModel, Column, Entity};
use db::entity::directories;
use db::send::{execute, fetch_one};
use events::{DirectoryId, OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _, Set};
use std::time::Duration;
use uuid::Uuid;

/// How many days before its end a credential is told of, each once; the last one first.
pub(crate) const NOTICE_DAYS: [u32; 5] = [1, 7, 14, 30, 60];

/// A credential that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialEnd {
    /// What it is.
    pub kind: CredentialKind,
    /// Its id among those of its kind: that of the key or client; for the others that of the endpoint.
    pub id: Uuid,
    /// The organization that it is for.
    pub organization_id: Option<OrganizationId>,
    /// The directory that it opens.
    pub directory_id: Option<DirectoryId>,
    /// What people call it; of an endpoint its origin.
    pub name: String,
    /// When it ends.
    pub ends_at: Timestamp,
    /// When it was last used; unknown for what an endpoint has.
    pub last_used_at: Option<Timestamp>,
}

/// The credentials that end, for reading.
#[derive(Clone, Debug)]
pub struct CredentialEnds {
    store: Store,
}

impl Store {
    /// The credentials that end.
    #[must_use]
    pub fn credential_ends(&self) -> CredentialEnds {
        CredentialEnds { store: self.clone() }
    }
}

/// Whose a credential is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner {
    /// A directory, and with it the organization.
    Directory(DirectoryId),
    /// An organization, or nobody in particular.
    Organization(Option<OrganizationId>),
}

impl AdminTx {
    /// Notes when a credential ends, or that it does not any more. One whose end moves is told of anew.
    ///
    /// # Errors
    /// As any write.
    pub(crate) async fn note_end(
        &self,
        (kind, id): (CredentialKind, Uuid),
        owner: Owner,
        ends_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(ends_at) = ends_at else {
            return self.forget_end((kind, id)).await;
        };
        let (organization_id, directory_id) = match owner {
            Owner::Organization(organization) => (organization.map(Id), None),
            Owner::Directory(directory) => {
                let found = directories::Entity::find_by_id(directory);
                let found: Option<directories::Model> = fetch_one(&self.tx, found.as_query()).await?;
                (found.map(|found| found.organization_id), Some(Id(directory)))
            }
        };
        // Only a directory has a log.
        let notice = directory_id.and_then(|_| next_notice(ends_at, now));
        let column = |column| Expr::col((Entity, column));
        let excluded = |column| Expr::col(("excluded", column));
        let same = column(Column::EndsAt).eq(excluded(Column::EndsAt));
        let notices: Expr = Expr::case(same, column(Column::NextNoticeAt))
            .finally(excluded(Column::NextNoticeAt))
            .into();
        let moved = OnConflict::columns([Column::Kind, Column::Id])
            .update_columns([Column::OrganizationId, Column::EndsAt])
            .value(Column::NextNoticeAt, notices)
            .to_owned();
        let noted = Entity::insert(ActiveModel {
            kind: Set(kind),
            id: Set(id),
            organization_id: Set(organization_id),
            directory_id: Set(directory_id),
            ends_at: Set(ends_at.into()),
            next_notice_at: Set(notice.map(Millis::from)),
        })
        .on_conflict(moved);
        execute(&self.tx, noted.as_query()).await?;
        Ok(())
    }

    /// Notes that a credential is gone, or has no end.
    ///
    /// # Errors
    /// As any write.
    pub(crate) async fn forget_end(&self, (kind, id): (CredentialKind, Uuid)) -> Result<(), StoreError> {
        let forgotten = Entity::delete_many()
            .filter(Column::Kind.eq(kind))
            .filter(Column::Id.eq(id));
        execute(&self.tx, forgotten.as_query()).await?;
        Ok(())
    }
}

pub(crate) fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3_600)
}

/// When there is something to tell next of an end.
fn next_notice(ends_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let mut times = NOTICE_DAYS.iter().rev().map(|count| ends_at.minus(days(*count)));
    times.find(|at| *at > now)
}

/// What is to be told now of an end: that it comes within so many days. Nothing of one that is over or far away.
pub(crate) fn notice(ends_at: Timestamp, now: Timestamp) -> Option<u32> {
    if ends_at <= now {
        return None;
    }
    NOTICE_DAYS.into_iter().find(|count| ends_at.minus(days(*count)) <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600 * 1_000;

    fn day(days: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + days * DAY)
    }

    #[test]
    fn an_end_is_told_of_sixty_thirty_fourteen_seven_and_one_days_before() {
        let end = day(100);
        let mut now = day(0);
        let mut told = Vec::new();
        while let Some(next) = next_notice(end, now) {
            now = next;
            told.push((now, notice(end, now)));
        }
        let expected = [60, 30, 14, 7, 1].map(|left| (day(100 - i64::from(left)), Some(left)));
        assert_eq!(told, expected);
    }

    #[test]
    fn whoever_comes_late_tells_the_nearest_and_nothing_of_what_is_over() {
        let end = day(100);
        assert_eq!(notice(end, day(0)), None);
        assert_eq!(notice(end, day(88)), Some(14));
        assert_eq!(next_notice(end, day(88)), Some(day(93)));
        assert_eq!(notice(end, day(99).plus(Duration::from_secs(3_600))), Some(1));
        assert_eq!(notice(end, end), None);
        assert_eq!(next_notice(end, day(99)), None);
    }
}
