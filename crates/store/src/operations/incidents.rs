//! What is the matter with endpoints, directories and credentials, so that it can be told once.
//!
//! An incident is a row for a thing and what is the matter with it. Incidents follow from what is stored anyway: a timer looks
//! for what is the matter and has no open incident ([`Incidents::begun`]), and for incidents that are over
//! ([`Incidents::over`]). Whoever opens or closes one writes the mails about it in the same transaction, so that of several
//! processes one does, and no crash loses a mail.

mod about;
mod begun;
mod over;

pub use about::{IncidentAbout, IncidentCredential};
pub(crate) use about::{addresses, column_of};
pub use begun::Begun;
pub use db::entity::incidents::IncidentKind;
pub use over::Over;

use crate::operations::mails::{NewMail, write_mails};
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::incidents::{ActiveModel, Column, Entity};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all};
use events::{OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, Query};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Set,
};
use std::collections::HashSet;
use std::time::Duration;
use uuid::Uuid;

/// What is looked at in one go.
const AT_ONCE: u64 = 200;
/// Closed incidents forgotten in one statement.
const FORGOTTEN_AT_ONCE: u64 = 1_000;
/// Incidents that a digest names.
const MOST_NAMED: u64 = 50;
/// The same thing is not told of again before so long has passed.
pub(super) const QUIET: Duration = Duration::from_hours(6);
/// Every attempt at an endpoint must have failed for so long.
pub(super) const FAILING_FOR: Duration = Duration::from_secs(30);
/// An endpoint must have been well for so long, before that is told.
pub(super) const WELL_FOR: Duration = Duration::from_mins(10);

/// An incident that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIncident {
    /// What is the matter.
    pub kind: IncidentKind,
    /// What people call the thing.
    pub name: String,
    /// Since when it is so; of a credential when it ends.
    pub since: Timestamp,
}

/// What is and was the matter.
#[derive(Clone, Debug)]
pub struct Incidents {
    store: Store,
}

impl Store {
    /// What is and was the matter.
    #[must_use]
    pub fn incidents(&self) -> Incidents {
        Incidents { store: self.clone() }
    }
}

/// The id of what an incident is about.
#[derive(FromQueryResult)]
struct Subject {
    kind: IncidentKind,
    subject_id: Uuid,
}

#[derive(FromQueryResult)]
struct OpenRow {
    kind: IncidentKind,
    name: String,
    since: Millis,
}

impl Incidents {
    /// Opens incidents, each with its mails. One that somebody else has opened meanwhile is left out, with its mails. How many
    /// mails there was no room for.
    ///
    /// # Errors
    /// As any write; nothing is opened then.
    pub async fn open(&self, mut begun: Vec<(Begun, Vec<NewMail>)>, now: Timestamp) -> Result<u64, StoreError> {
        // Two cycles of a directory may be open at a time. A statement writes a row once.
        let mut seen = HashSet::new();
        begun.retain(|(begun, _)| seen.insert((begun.kind, begun.subject_id)));
        if begun.is_empty() {
            return Ok(0);
        }
        let rows = begun.iter().map(|(begun, mails)| ActiveModel {
            kind: Set(begun.kind),
            subject_id: Set(begun.subject_id),
            organization_id: Set(begun.about.organization_id.map(Id)),
            name: Set(begun.about.name.clone()),
            since: Set(begun.since.into()),
            level: Set(begun.level),
            told: Set(!mails.is_empty()),
            opened_at: Set(now.into()),
            well_since: Set(None),
            closed_at: Set(None),
        });
        let opened = Entity::insert_many(rows).on_conflict(
            OnConflict::columns([Column::Kind, Column::SubjectId])
                .update_columns([
                    Column::OrganizationId,
                    Column::Name,
                    Column::Since,
                    Column::Level,
                    Column::Told,
                    Column::OpenedAt,
                    Column::WellSince,
                    Column::ClosedAt,
                ])
                .action_and_where(begun::is_due_again(Entity, now, |column| {
                    Expr::col(("excluded", column))
                }))
                .to_owned(),
        );
        let mut opened = opened.into_query();
        opened.returning(Query::returning().columns([Column::Kind, Column::SubjectId]));
        let tx = self.store.begin().await?;
        let opened: Vec<Subject> = fetch_all(&tx, &opened).await?;
        let opened: HashSet<_> = opened.iter().map(|row| (row.kind, row.subject_id)).collect();
        let mails = begun
            .into_iter()
            .filter(|(begun, _)| opened.contains(&(begun.kind, begun.subject_id)))
            .flat_map(|(_, mails)| mails)
            .collect();
        let dropped = write_mails(&tx, self.store.dialect(), mails, now).await?;
        tx.commit().await?;
        Ok(dropped)
    }

    /// Closes incidents of one kind, each with its mails. One that somebody else has closed meanwhile is left out, with its
    /// mails. How many mails there was no room for.
    ///
    /// # Errors
    /// As any write; nothing is closed then.
    pub async fn close(
        &self,
        kind: IncidentKind,
        over: Vec<(Uuid, Vec<NewMail>)>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        if over.is_empty() {
            return Ok(0);
        }
        let dialect = self.store.dialect();
        let ids = over.iter().map(|(id, _)| *id);
        let closed = Query::update()
            .table(Entity)
            .value(Column::ClosedAt, Millis::from(now))
            .and_where(Expr::col(Column::Kind).eq(kind.to_value()))
            .and_where(is_one_of_ids(dialect, Expr::col(Column::SubjectId), ids))
            .and_where(Expr::col(Column::ClosedAt).is_null())
            .returning(Query::returning().columns([Column::Kind, Column::SubjectId]))
            .take();
        let tx = self.store.begin().await?;
        let closed: Vec<Subject> = fetch_all(&tx, &closed).await?;
        let closed: HashSet<Uuid> = closed.iter().map(|row| row.subject_id).collect();
        let mails = over
            .into_iter()
            .filter(|(id, _)| closed.contains(id))
            .flat_map(|(_, mails)| mails)
            .collect();
        let dropped = write_mails(&tx, dialect, mails, now).await?;
        tx.commit().await?;
        Ok(dropped)
    }

    /// Some of the open incidents of an organization.
    ///
    /// # Errors
    /// As any query.
    pub async fn open_of(&self, organization: OrganizationId) -> Result<Vec<OpenIncident>, StoreError> {
        let open = Entity::find()
            .select_only()
            .columns([Column::Kind, Column::Name, Column::Since])
            .filter(Column::OrganizationId.eq(Id(organization)))
            .filter(Column::ClosedAt.is_null())
            .limit(MOST_NAMED);
        let open: Vec<OpenRow> = fetch_all(self.store.read(), open.as_query()).await?;
        let shown = |row: OpenRow| OpenIncident {
            kind: row.kind,
            name: row.name,
            since: row.since.into(),
        };
        Ok(open.into_iter().map(shown).collect())
    }

    /// One step: forgets incidents closed before a time. Whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune(&self, before: Timestamp) -> Result<bool, StoreError> {
        let mut pruned = false;
        for kind in <IncidentKind as sea_orm::Iterable>::iter() {
            let old = Entity::find()
                .select_only()
                .column(Column::SubjectId)
                .filter(Column::Kind.eq(kind))
                .filter(Column::ClosedAt.lt(Millis::from(before)))
                .order_by_asc(Column::ClosedAt)
                .limit(FORGOTTEN_AT_ONCE)
                .into_query();
            let forgotten = Entity::delete_many()
                .filter(Column::Kind.eq(kind))
                .filter(Column::SubjectId.in_subquery(old));
            pruned |= execute(self.store.write(), forgotten.as_query()).await? >= FORGOTTEN_AT_ONCE;
        }
        Ok(pruned)
    }
}
