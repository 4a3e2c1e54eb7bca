//! Looking for what is the matter and has not been told.

use super::about::{
    DirectoryRow, EndpointRow, IncidentAbout, IncidentCredential, addresses, tell_directory, tell_endpoint,
};
use super::{AT_ONCE, FAILING_FOR, Incidents, QUIET};
use crate::operations::credential_ends::{NOTICE_DAYS, days, faces, notice};
use crate::operations::cycles;
use crate::{EndpointState, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::credentials::{self, CredentialKind};
use db::entity::directories::{self, StoredState};
use db::entity::incidents::{Column, Entity, IncidentKind};
use db::entity::{directory_contacts, endpoints, organizations, sync_cycles};
use db::expr::{is_one_of_rows, number, text};
use db::rows::is_one_of_ids;
use db::send::fetch_all;
use directory::sync::{Outlook, quarantine};
use events::{CycleId, OrganizationId, Timestamp};
use sea_orm::sea_query::{
    CaseStatement, Expr, ExprTrait as _, Func, IntoIden, JoinType, Order, Query, SelectStatement,
};
use sea_orm::{ActiveEnum as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryTrait as _};
use std::collections::HashMap;
use uuid::Uuid;

/// What is the matter with something, and was not told yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// What is the matter.
    pub kind: IncidentKind,
    /// The id of the thing.
    pub subject_id: Uuid,
    /// Since when it is so; of a credential when it ends.
    pub since: Timestamp,
    /// Of a credential, how many days before its end it is told.
    pub level: Option<i32>,
    /// What it is about.
    pub about: IncidentAbout,
}

/// What begins as something is the matter.
#[derive(FromQueryResult)]
struct EndpointTrouble {
    since: Millis,
    #[sea_orm(nested)]
    endpoint: EndpointRow,
}

#[derive(FromQueryResult)]
struct DirectoryTrouble {
    since: Millis,
    #[sea_orm(nested)]
    directory: DirectoryRow,
}

#[derive(FromQueryResult)]
struct OpenCycle {
    cycle_id: Id<CycleId>,
    over_at: Millis,
    since: Millis,
    counts: String,
    #[sea_orm(nested)]
    directory: DirectoryRow,
}

#[derive(FromQueryResult)]
struct OrganizationContacts {
    id: Id<OrganizationId>,
    name: String,
    contacts: Option<String>,
}

/// Silent directories that are looked at, those whose silence began last.
const MOST_SILENT: u64 = 5_000;
/// The kinds of credentials that are told of. The previous secret of an endpoint ends by itself.
const TOLD: [CredentialKind; 6] = [
    CredentialKind::DirectoryKey,
    CredentialKind::OauthClient,
    CredentialKind::AdminKey,
    CredentialKind::ClientCertificate,
    CredentialKind::GraphCertificate,
    CredentialKind::GraphSecret,
];

/// Whether what is the matter is to be told though there is an incident `i` already: it was over before, and has been quiet
/// since; or it is a credential whose end moved or came nearer. `new` is what the incident would become.
pub(super) fn is_due_again(of: impl IntoIden, now: Timestamp, new: impl Fn(Column) -> Expr) -> Expr {
    let of = of.into_iden();
    let old = |column: Column| Expr::col((of.clone(), column));
    let moved = old(Column::Since)
        .ne(new(Column::Since))
        .or(old(Column::Level).ne(new(Column::Level)));
    let is_credential = || old(Column::Kind).eq(text("credential_ending"));
    let quiet = was_over_and_quiet(of.clone(), now);
    is_credential().and(moved).or(is_credential().not().and(quiet))
}

/// Whether an incident is over and began long ago.
fn was_over_and_quiet(of: impl IntoIden, now: Timestamp) -> Expr {
    let of = of.into_iden();
    let is_over = Expr::col((of.clone(), Column::ClosedAt)).is_not_null();
    is_over.and(Expr::col((of, Column::OpenedAt)).lte(Millis::from(now.minus(QUIET))))
}

/// Joins the incident `i` of a thing, and leaves out what was told.
fn leave_told(query: &mut SelectStatement, kind: IncidentKind, subject: Expr, now: Timestamp) {
    let its = Expr::col(("i", Column::Kind))
        .eq(kind.to_value())
        .and(Expr::col(("i", Column::SubjectId)).eq(subject));
    let is_told_never = Expr::col(("i", Column::SubjectId)).is_null();
    query
        .join_as(JoinType::LeftJoin, Entity, "i", its)
        .and_where(is_told_never.or(was_over_and_quiet("i", now)));
}

impl Incidents {
    /// What of a kind is the matter and is to be told now. No more than some hundreds: when they are open, the next ones are
    /// found.
    ///
    /// # Errors
    /// As any query.
    pub async fn begun(&self, kind: IncidentKind, now: Timestamp) -> Result<Vec<Begun>, StoreError> {
        match kind {
            IncidentKind::EndpointFailing => self.endpoints_failing(now).await,
            IncidentKind::EndpointDisabled => self.endpoints_disabled(now).await,
            IncidentKind::DirectorySilent => self.directories_silent(now).await,
            IncidentKind::DirectoryHeld => self.directories_held(now).await,
            IncidentKind::QuarantineNear => self.quarantines_near(now).await,
            IncidentKind::CredentialEnding => self.credentials_ending(now).await,
        }
    }

    async fn endpoints_failing(&self, now: Timestamp) -> Result<Vec<Begun>, StoreError> {
        let long_enough = Millis::from(now.minus(FAILING_FOR));
        let since = endpoints::Column::FailingSince;
        let query = Query::select()
            .and_where(Expr::col(("e", since)).lte(long_enough))
            .and_where(is_state(EndpointState::Enabled))
            .take();
        self.endpoints(IncidentKind::EndpointFailing, since, query, now).await
    }

    async fn endpoints_disabled(&self, now: Timestamp) -> Result<Vec<Begun>, StoreError> {
        let since = endpoints::Column::DisabledAt;
        let query = Query::select()
            .and_where(Expr::col(("e", since)).lte(Millis::from(now)))
            .and_where(is_state(EndpointState::Disabled))
            .take();
        self.endpoints(IncidentKind::EndpointDisabled, since, query, now).await
    }

    async fn endpoints(
        &self,
        kind: IncidentKind,
        since: endpoints::Column,
        mut query: SelectStatement,
        now: Timestamp,
    ) -> Result<Vec<Begun>, StoreError> {
        query
            .from_as(endpoints::Entity, "e")
            .expr_as(Expr::col(("e", since)), "since")
            .limit(AT_ONCE);
        tell_endpoint(&mut query);
        leave_told(&mut query, kind, Expr::col(("e", endpoints::Column::Id)), now);
        let found: Vec<EndpointTrouble> = fetch_all(self.store.read(), &query).await?;
        let begun = found.into_iter().map(|found| {
            let about = found.endpoint.about()?;
            let id = about.as_ref().and_then(|about| about.endpoint_id);
            Ok(id.zip(about).map(|(id, about)| Begun {
                kind,
                subject_id: id.uuid(),
                since: found.since.into(),
                level: None,
                about,
            }))
        });
        begun.filter_map(Result::transpose).collect()
    }

    async fn directories_held(&self, now: Timestamp) -> Result<Vec<Begun>, StoreError> {
        let held_at = || Expr::col(("d", directories::Column::HeldAt));
        let query = Query::select()
            .from_as(directories::Entity, "d")
            .expr_as(held_at(), "since")
            .and_where(held_at().lte(Millis::from(now)))
            .take();
        self.directories(IncidentKind::DirectoryHeld, query, now).await
    }

    async fn directories_silent(&self, now: Timestamp) -> Result<Vec<Begun>, StoreError> {
        use directory_contacts::Column;
        let column = |column: Column| Expr::col(("k", column));
        let silenced = Query::select()
            .column(Column::DirectoryId)
            .from(directory_contacts::Entity)
            .and_where(Expr::col(Column::SilencedAt).lte(Millis::from(now)))
            .order_by(Column::SilencedAt, Order::Desc)
            .limit(MOST_SILENT)
            .take();
        let id = || Expr::col(("d", directories::Column::Id));
        let since = Func::coalesce([column(Column::LastAt), column(Column::SilencedAt)]);
        let query = Query::select()
            .from_as(directories::Entity, "d")
            .join_as(
                JoinType::InnerJoin,
                directory_contacts::Entity,
                "k",
                column(Column::DirectoryId).eq(id()),
            )
            .expr_as(since, "since")
            .and_where(is_one_of_rows(self.store.dialect(), id(), silenced))
            // Who paused a directory knows that nothing comes.
            .and_where(Expr::col(("d", directories::Column::State)).eq(StoredState::Active.to_value()))
            .take();
        self.directories(IncidentKind::DirectorySilent, query, now).await
    }

    async fn directories(
        &self,
        kind: IncidentKind,
        mut query: SelectStatement,
        now: Timestamp,
    ) -> Result<Vec<Begun>, StoreError> {
        query.limit(AT_ONCE);
        tell_directory(&mut query, JoinType::InnerJoin);
        leave_told(&mut query, kind, Expr::col(("d", directories::Column::Id)), now);
        let found: Vec<DirectoryTrouble> = fetch_all(self.store.read(), &query).await?;
        let begun = found.into_iter();
        let begun = begun.map(|found| of_directory(kind, found.directory, found.since));
        begun.filter_map(Result::transpose).collect()
    }

    /// Of the cycles that are open, those of which so much fails. A cycle stays open for minutes after its last request, so
    /// none is overlooked.
    async fn quarantines_near(&self, now: Timestamp) -> Result<Vec<Begun>, StoreError> {
        use sync_cycles::Column;
        let kind = IncidentKind::QuarantineNear;
        let column = |column: Column| Expr::col(("c", column));
        let mut after = (Millis(0), Uuid::nil());
        let mut begun = Vec::new();
        loop {
            let here = Expr::tuple([column(Column::OverAt), column(Column::Id)]);
            let there = Expr::tuple([Expr::value(after.0), Expr::value(after.1)]);
            let mut query = Query::select()
                .from_as(sync_cycles::Entity, "c")
                .join_as(
                    JoinType::InnerJoin,
                    directories::Entity,
                    "d",
                    Expr::col(("d", directories::Column::Id)).equals(("c", Column::DirectoryId)),
                )
                .expr_as(column(Column::Id), "cycle_id")
                .expr_as(column(Column::OverAt), "over_at")
                .expr_as(column(Column::StartedAt), "since")
                .expr_as(column(Column::Counts), "counts")
                .and_where(column(Column::ClosedAt).is_null())
                .and_where(here.gt(there))
                .and_where(Expr::col(("d", directories::Column::Provider)).eq(text("entra_id")))
                .order_by(("c", Column::OverAt), Order::Asc)
                .order_by(("c", Column::Id), Order::Asc)
                .limit(AT_ONCE)
                .take();
            tell_directory(&mut query, JoinType::InnerJoin);
            leave_told(&mut query, kind, Expr::col(("d", directories::Column::Id)), now);
            let found: Vec<OpenCycle> = fetch_all(self.store.read(), &query).await?;
            let goes_on = found.len() as u64 >= AT_ONCE;
            for cycle in found {
                after = (cycle.over_at, cycle.cycle_id.0.uuid());
                if quarantine(&cycles::counts(&cycle.counts)?).outlook >= Outlook::Near {
                    begun.extend(of_directory(kind, cycle.directory, cycle.since)?);
                }
            }
            if !goes_on || begun.len() as u64 >= AT_ONCE {
                return Ok(begun);
            }
        }
    }

    async fn credentials_ending(&self, now: Timestamp) -> Result<Vec<Begun>, StoreError> {
        let mut rows = Vec::new();
        for kind in TOLD {
            let found: Vec<credentials::Model> = fetch_all(self.store.read(), &ending(kind, now)).await?;
            rows.extend(found);
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let dialect = self.store.dialect();
        let mut names = faces(self.store.read(), dialect, &rows).await?;
        let mut about = self.owners(&rows).await?;
        let begun = rows.into_iter().filter_map(|row| {
            let (kind, id, ends_at) = (row.kind, row.id, Timestamp::from(row.ends_at));
            let mut about = about.remove(&(kind, id))?;
            about.name = names.remove(&(kind, id)).map(|face| face.name).unwrap_or_default();
            about.credential = Some(IncidentCredential { kind, ends_at });
            Some(Begun {
                kind: IncidentKind::CredentialEnding,
                subject_id: id,
                since: ends_at,
                level: Some(i32::try_from(notice(ends_at, now)?).unwrap_or_default()),
                about,
            })
        });
        Ok(begun.collect())
    }

    /// Whose credentials are: of a certificate its endpoint, of all others the organization.
    async fn owners(
        &self,
        rows: &[credentials::Model],
    ) -> Result<HashMap<(CredentialKind, Uuid), IncidentAbout>, StoreError> {
        let (dialect, connection) = (self.store.dialect(), self.store.read());
        let of = rows.iter().filter_map(|row| row.organization_id.map(|id| id.0));
        let organizations =
            organizations::Entity::find().filter(is_one_of_ids(dialect, Expr::col(organizations::Column::Id), of));
        let organizations: Vec<OrganizationContacts> = fetch_all(connection, organizations.as_query()).await?;
        let organizations: HashMap<_, _> = organizations.into_iter().map(|found| (found.id.0, found)).collect();
        let certificates = rows.iter().filter(|row| row.kind == CredentialKind::ClientCertificate);
        let of = certificates.map(|row| row.id);
        let mut endpoints = Query::select()
            .from_as(endpoints::Entity, "e")
            .and_where(is_one_of_ids(dialect, Expr::col(("e", endpoints::Column::Id)), of))
            .take();
        tell_endpoint(&mut endpoints);
        let endpoints: Vec<EndpointRow> = fetch_all(connection, &endpoints).await?;
        let mut about = HashMap::new();
        for endpoint in endpoints {
            if let Some(found) = endpoint.about()?
                && let Some(id) = found.endpoint_id
            {
                about.insert((CredentialKind::ClientCertificate, id.uuid()), found);
            }
        }
        for row in rows {
            let organization = row.organization_id.and_then(|id| organizations.get(&id.0));
            let is_certificate = row.kind == CredentialKind::ClientCertificate;
            let about = about.entry((row.kind, row.id)).or_insert_with(IncidentAbout::default);
            about.directory_id = row.directory_id.map(|id| id.0);
            about.organization_id = row.organization_id.map(|id| id.0);
            about.organization = organization.map(|found| found.name.clone());
            if !is_certificate && let Some(found) = organization {
                about.contacts = addresses(found.contacts.as_deref())?;
            }
        }
        Ok(about)
    }
}

fn is_state(state: EndpointState) -> Expr {
    Expr::col(("e", endpoints::Column::State)).eq(text(state.as_str()))
}

fn of_directory(kind: IncidentKind, row: DirectoryRow, since: Millis) -> Result<Option<Begun>, StoreError> {
    let about = row.about()?;
    let id = about.as_ref().and_then(|about| about.directory_id);
    Ok(id.zip(about).map(|(id, about)| Begun {
        kind,
        subject_id: id.uuid(),
        since: since.into(),
        level: None,
        about,
    }))
}

/// Credentials of a kind whose end comes near, and which have not been told of that near.
fn ending(kind: CredentialKind, now: Timestamp) -> SelectStatement {
    use credentials::Column as Of;
    let column = |column: Of| Expr::col(("c", column));
    let within = |count: u32| Millis::from(now.plus(days(count)));
    let mut level = CaseStatement::new();
    for count in NOTICE_DAYS {
        level = level.case(column(Of::EndsAt).lte(within(count)), number(count.into()));
    }
    let level: Expr = level.into();
    let new = |of: Column| match of {
        Column::Since => column(Of::EndsAt),
        _ => level.clone(),
    };
    let its = Expr::col(("i", Column::Kind))
        .eq(text("credential_ending"))
        .and(Expr::col(("i", Column::SubjectId)).equals(("c", Of::Id)));
    let is_told_never = Expr::col(("i", Column::SubjectId)).is_null();
    Query::select()
        .columns(<Of as sea_orm::Iterable>::iter().map(|column| ("c", column)))
        .from_as(credentials::Entity, "c")
        .join_as(JoinType::LeftJoin, Entity, "i", its)
        .and_where(column(Of::Kind).eq(kind.to_value()))
        .and_where(column(Of::EndsAt).gt(Millis::from(now)))
        .and_where(column(Of::EndsAt).lte(within(NOTICE_DAYS[NOTICE_DAYS.len() - 1])))
        .and_where(is_told_never.or(is_due_again("i", now, new)))
        .order_by(("c", Of::EndsAt), Order::Asc)
        .limit(AT_ONCE)
        .take()
}
