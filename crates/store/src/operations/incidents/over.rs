//! Looking for incidents that are over.

use super::about::{DirectoryRow, EndpointRow, IncidentAbout, tell_directory, tell_endpoint};
use super::{AT_ONCE, Incidents, WELL_FOR};
use crate::operations::credential_ends::{NOTICE_DAYS, days};
use crate::operations::cycles;
use crate::{EndpointState, StoreError};
use db::entity::column::Millis;
use db::entity::directories::{self, StoredState};
use db::entity::incidents::{Column, Entity, IncidentKind};
use db::entity::{credentials, directory_contacts, endpoints, sync_cycles};
use db::expr::{checked, null, text};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all};
use directory::sync::{Outlook, quarantine};
use events::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType, Order, Query, SelectStatement};
use sea_orm::{ActiveEnum as _, FromQueryResult};
use uuid::Uuid;

/// An incident that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// The id of the thing.
    pub subject_id: Uuid,
    /// Since when it was so.
    pub since: Timestamp,
    /// What it was about, where that is to be told: not where the thing is gone, or nobody was told that it began.
    pub about: Option<IncidentAbout>,
}

#[derive(FromQueryResult)]
struct EndpointOver {
    subject_id: Uuid,
    since: Millis,
    told: bool,
    well_since: Option<Millis>,
    state: Option<EndpointState>,
    #[sea_orm(nested)]
    endpoint: EndpointRow,
}

#[derive(FromQueryResult)]
struct DirectoryOver {
    subject_id: Uuid,
    since: Millis,
    told: bool,
    state: Option<StoredState>,
    counts: Option<String>,
    #[sea_orm(nested)]
    directory: DirectoryRow,
}

#[derive(FromQueryResult)]
struct CredentialOver {
    subject_id: Uuid,
    since: Millis,
}

/// The open incidents `i` of a kind.
fn open(kind: IncidentKind) -> SelectStatement {
    let column = |column: Column| Expr::col(("i", column));
    Query::select()
        .from_as(Entity, "i")
        .columns([Column::SubjectId, Column::Since].map(|column| ("i", column)))
        .and_where(column(Column::ClosedAt).is_null())
        .and_where(column(Column::Kind).eq(kind.to_value()))
        // In the order of an index that has the open ones apart: all have no time at which they were closed.
        .order_by(("i", Column::ClosedAt), Order::Asc)
        .order_by(("i", Column::SubjectId), Order::Asc)
        .limit(AT_ONCE)
        .take()
}

impl Incidents {
    /// Incidents of a kind that are over, some hundreds: when they are closed, the next ones are found.
    ///
    /// # Errors
    /// As any query.
    pub async fn over(&self, kind: IncidentKind, now: Timestamp) -> Result<Vec<Over>, StoreError> {
        match kind {
            IncidentKind::EndpointFailing => self.endpoints_well(now).await,
            IncidentKind::EndpointDisabled => self.endpoints_on().await,
            IncidentKind::DirectorySilent => self.directories_back().await,
            IncidentKind::DirectoryHeld => self.directories_released().await,
            IncidentKind::QuarantineNear => self.quarantines_far().await,
            IncidentKind::CredentialEnding => self.credentials_gone(now).await,
        }
    }

    /// Endpoints that took something and have not failed since for a while: those that fail every other minute fail.
    async fn endpoints_well(&self, now: Timestamp) -> Result<Vec<Over>, StoreError> {
        self.note_failing_again().await?;
        let failing_since = Expr::col(("e", endpoints::Column::FailingSince));
        let well_since = || Expr::col(("i", Column::WellSince));
        let is_over = failing_since.is_null().or(not_state(EndpointState::Enabled));
        let long_enough = Millis::from(now.minus(WELL_FOR));
        let found = open(IncidentKind::EndpointFailing)
            .and_where(is_over)
            .and_where(well_since().is_null().or(well_since().lte(long_enough)))
            .take();
        let found = self.endpoints_over(found).await?;
        let (new, over): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|row| row.well_since.is_none() && row.state == Some(EndpointState::Enabled));
        self.note_well(&new, now).await?;
        let of = |row: EndpointOver| {
            // One that was switched off is told of as that.
            let is_on = row.state == Some(EndpointState::Enabled);
            row.over(is_on)
        };
        over.into_iter().map(of).collect()
    }

    async fn note_failing_again(&self) -> Result<(), StoreError> {
        let failing = Query::select()
            .column(endpoints::Column::Id)
            .from(endpoints::Entity)
            .and_where(Expr::col(endpoints::Column::FailingSince).is_not_null())
            .take();
        let noted = Query::update()
            .table(Entity)
            .value(Column::WellSince, null("bigint"))
            .and_where(Expr::col(Column::Kind).eq(IncidentKind::EndpointFailing.to_value()))
            .and_where(Expr::col(Column::ClosedAt).is_null())
            .and_where(Expr::col(Column::WellSince).is_not_null())
            .and_where(Expr::col(Column::SubjectId).in_subquery(failing))
            .take();
        execute(self.store.write(), &noted).await?;
        Ok(())
    }

    async fn note_well(&self, rows: &[EndpointOver], now: Timestamp) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let ids = rows.iter().map(|row| row.subject_id);
        let noted = Query::update()
            .table(Entity)
            .value(Column::WellSince, Millis::from(now))
            .and_where(Expr::col(Column::Kind).eq(IncidentKind::EndpointFailing.to_value()))
            .and_where(is_one_of_ids(self.store.dialect(), Expr::col(Column::SubjectId), ids))
            .take();
        execute(self.store.write(), &noted).await?;
        Ok(())
    }

    async fn endpoints_on(&self) -> Result<Vec<Over>, StoreError> {
        let found = open(IncidentKind::EndpointDisabled)
            .and_where(not_state(EndpointState::Disabled))
            .take();
        let found = self.endpoints_over(found).await?;
        found.into_iter().map(|row| row.over(true)).collect()
    }

    async fn endpoints_over(&self, mut query: SelectStatement) -> Result<Vec<EndpointOver>, StoreError> {
        query
            .columns([Column::Told, Column::WellSince].map(|column| ("i", column)))
            .column(("e", endpoints::Column::State))
            .join_as(
                JoinType::LeftJoin,
                endpoints::Entity,
                "e",
                Expr::col(("e", endpoints::Column::Id)).equals(("i", Column::SubjectId)),
            );
        tell_endpoint(&mut query);
        fetch_all(self.store.read(), &query).await
    }

    async fn directories_released(&self) -> Result<Vec<Over>, StoreError> {
        let held_at = Expr::col(("d", directories::Column::HeldAt));
        let mut query = of_directories(IncidentKind::DirectoryHeld);
        query.and_where(held_at.is_null());
        let found = self.directories_over(query).await?;
        found.into_iter().map(|row| row.over(true)).collect()
    }

    async fn directories_back(&self) -> Result<Vec<Over>, StoreError> {
        let silenced_at = Expr::col(("k", directory_contacts::Column::SilencedAt));
        let state = Expr::col(("d", directories::Column::State));
        let is_paused = state.eq(StoredState::Paused.to_value());
        let mut query = of_directories(IncidentKind::DirectorySilent);
        query.and_where(silenced_at.is_null().or(is_paused));
        let found = self.directories_over(query).await?;
        let is_active = |row: &DirectoryOver| row.state == Some(StoredState::Active);
        let over = found.into_iter().map(|row| {
            let is_told = is_active(&row);
            row.over(is_told)
        });
        over.collect()
    }

    /// Directories whose latest cycle fares better.
    async fn quarantines_far(&self) -> Result<Vec<Over>, StoreError> {
        let mut over = Vec::new();
        let mut after = Uuid::nil();
        loop {
            let mut query = of_directories(IncidentKind::QuarantineNear);
            query.and_where(Expr::col(("i", Column::SubjectId)).gt(after));
            let found = self.directories_over(query).await?;
            let goes_on = found.len() as u64 >= AT_ONCE;
            for row in found {
                after = row.subject_id;
                let counts = row.counts.as_deref().map(cycles::counts).transpose()?;
                if counts.is_none_or(|counts| quarantine(&counts).outlook < Outlook::Near) {
                    over.push(row.over(true)?);
                }
            }
            if !goes_on || over.len() as u64 >= AT_ONCE {
                return Ok(over);
            }
        }
    }

    async fn directories_over(&self, query: SelectStatement) -> Result<Vec<DirectoryOver>, StoreError> {
        fetch_all(self.store.read(), &query).await
    }

    /// Credentials that ended, that are gone, and those whose end is far away again. That is told to nobody: who did it
    /// knows.
    async fn credentials_gone(&self, now: Timestamp) -> Result<Vec<Over>, StoreError> {
        use credentials::Column as Of;
        let kinds = [
            credentials::CredentialKind::DirectoryKey,
            credentials::CredentialKind::OauthClient,
            credentials::CredentialKind::AdminKey,
            credentials::CredentialKind::ClientCertificate,
            credentials::CredentialKind::GraphCertificate,
            credentials::CredentialKind::GraphSecret,
        ];
        let far = Millis::from(now.plus(days(NOTICE_DAYS[NOTICE_DAYS.len() - 1])));
        let its = Expr::col(("c", Of::Id))
            .equals(("i", Column::SubjectId))
            .and(Expr::col(("c", Of::Kind)).is_in(kinds.map(|kind| kind.to_value())))
            .and(checked(Expr::col(("c", Of::EndsAt)).gt(Millis::from(now))))
            .and(checked(Expr::col(("c", Of::EndsAt)).lte(far)));
        let gone = open(IncidentKind::CredentialEnding)
            .join_as(JoinType::LeftJoin, credentials::Entity, "c", its)
            .and_where(Expr::col(("c", Of::Id)).is_null())
            .take();
        let gone: Vec<CredentialOver> = fetch_all(self.store.read(), &gone).await?;
        let over = gone.into_iter().map(|row| Over {
            subject_id: row.subject_id,
            since: row.since.into(),
            about: None,
        });
        Ok(over.collect())
    }
}

fn not_state(state: EndpointState) -> Expr {
    let own = || Expr::col(("e", endpoints::Column::State));
    own().is_null().or(own().ne(text(state.as_str())))
}

/// The open incidents `i` of a kind with their directories `d`, what is known of their contact `k`, and their latest cycles `c`.
fn of_directories(kind: IncidentKind) -> SelectStatement {
    use directory_contacts::Column as Of;
    let mut query = open(kind);
    query
        .column(("i", Column::Told))
        .column(("d", directories::Column::State))
        .column(("c", sync_cycles::Column::Counts))
        .join_as(
            JoinType::LeftJoin,
            directories::Entity,
            "d",
            Expr::col(("d", directories::Column::Id)).equals(("i", Column::SubjectId)),
        )
        .join_as(
            JoinType::LeftJoin,
            directory_contacts::Entity,
            "k",
            Expr::col(("k", Of::DirectoryId)).equals(("d", directories::Column::Id)),
        )
        .join_as(
            JoinType::LeftJoin,
            sync_cycles::Entity,
            "c",
            Expr::col(("c", sync_cycles::Column::Id)).equals(("k", Of::CycleId)),
        );
    tell_directory(&mut query, JoinType::LeftJoin);
    query
}

impl EndpointOver {
    fn over(self, is_told: bool) -> Result<Over, StoreError> {
        let about = self.endpoint.about()?;
        Ok(Over {
            subject_id: self.subject_id,
            since: self.since.into(),
            about: about.filter(|_| is_told && self.told),
        })
    }
}

impl DirectoryOver {
    fn over(self, is_told: bool) -> Result<Over, StoreError> {
        let about = self.directory.about()?;
        Ok(Over {
            subject_id: self.subject_id,
            since: self.since.into(),
            about: about.filter(|_| is_told && self.told),
        })
    }
}
