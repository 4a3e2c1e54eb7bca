//! Endpoints that asked for the past: how far each is with each directory.
//!
//! While a directory is not done, live events of it are not stored for the endpoint; the steps here store them from the
//! log, page by page, each page in one transaction with the progress. The last step reads the log to its end under the
//! lock that live events wait for, and hands over.

use crate::deliveries::{BLOCKED, DeliveryOrigin, insert, store_bodies};
use crate::{
    AdminTx, CatchUpPhase, DeliveryState, Dialect, EndpointState, Lease, NewDelivery, OwnBody, Store, StoreError,
};
use ::events::{DirectoryId, EndpointId, Event, OrganizationId, ResourceId, Timestamp};
use db::entity::catch_ups::{ActiveModel, Column, Entity, Model};
use db::entity::column::{Id, Millis};
use db::entity::{deliveries, directories, endpoints, events, sequences};
use db::expr::{build, count_up_to, insert_from, number, text};
use db::rows::is_one_of_ids;
use db::send::{AnyRow, Counted, execute, fetch_all, fetch_one};
use db::sql::query_all;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType, LockBehavior, LockType, OnConflict, Query};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DerivePartialModel, EntityTrait as _,
    PartialModelTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select, Set,
    UpdateMany,
};
use uuid::Uuid;

/// A directory made so long after an endpoint may have been made beside it, and its first events passed it by.
const BESIDE_MS: i64 = 5 * 60 * 1_000;

/// What a row has of its own when it is made.
const BEGUN: [Column; 4] = [
    Column::EndpointId,
    Column::DirectoryId,
    Column::Phase,
    Column::UpdatedAt,
];

/// Where the stream of an endpoint begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUpFrom {
    /// With the oldest event kept.
    Beginning,
    /// With the directory as it is, and then every event after.
    Snapshot,
}

/// How far an endpoint is with a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The directory.
    pub directory_id: DirectoryId,
    /// What comes next.
    pub phase: CatchUpPhase,
    /// The last event of the log that is stored for it.
    pub sequence: i64,
    /// The sequence that the snapshot is true at.
    pub snapshot_at: i64,
    /// The last user or group that is stored for it; of memberships the group.
    pub after: Option<ResourceId>,
    /// Of memberships the member.
    pub after_member: Option<ResourceId>,
    /// Users, groups and memberships sent so far.
    pub told: [i64; 3],
}

/// The progress of all endpoints.
#[derive(Clone, Copy, Debug)]
pub struct CatchUps<'a> {
    store: &'a Store,
}

/// One step, with the row held. Dropped, it did not happen.
#[derive(Debug)]
pub struct CatchUpStep {
    tx: DatabaseTransaction,
    dialect: Dialect,
    now: CatchUp,
}

/// Rows of endpoints that are enabled.
fn of_enabled() -> Select<Entity> {
    Entity::find()
        .inner_join(endpoints::Entity)
        .filter(endpoints::Column::State.eq(EndpointState::Enabled))
}

/// A constant of the text and not a parameter: partial indexes are not considered for parameters.
fn is_open() -> Expr {
    Expr::col((Entity, Column::Phase)).ne(Expr::Constant(CatchUpPhase::Done.to_value().into()))
}

/// Deliveries in these states, for the same reason.
fn is_in(states: &[DeliveryState]) -> Expr {
    let state = Expr::col((deliveries::Entity, deliveries::Column::State));
    state.is_in(states.iter().map(|state| text(state.as_str())))
}

impl Store {
    /// How far endpoints are with what they asked for of the past.
    #[must_use]
    pub const fn catch_ups(&self) -> CatchUps<'_> {
        CatchUps { store: self }
    }
}

impl AdminTx {
    /// Lets an endpoint begin with the past of its directories, or start over; `None` means all there are.
    ///
    /// # Errors
    /// As any write.
    pub async fn start_catch_up(
        &self,
        endpoint: EndpointId,
        from: CatchUpFrom,
        directories: Option<&[DirectoryId]>,
        organizations: Option<&[OrganizationId]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let phase = match from {
            CatchUpFrom::Beginning => CatchUpPhase::Log,
            CatchUpFrom::Snapshot => CatchUpPhase::Start,
        };
        // Of a directory that was deleted the log is still there, but no state.
        let gone = from == CatchUpFrom::Beginning && organizations.is_none();
        let mut begun = Query::select()
            .expr(Expr::col((endpoints::Entity, endpoints::Column::Id)))
            .expr(sequences::Column::DirectoryId.into_expr())
            .expr(Expr::val(phase.to_value()))
            .expr(Expr::val(now.millis()))
            .from(endpoints::Entity)
            .cross_join(sequences::Entity)
            .join(
                if gone { JoinType::LeftJoin } else { JoinType::InnerJoin },
                directories::Entity,
                directories::Column::Id
                    .into_expr()
                    .equals(sequences::Column::DirectoryId.as_column_ref()),
            )
            .and_where(endpoints::Column::Id.eq(Id(endpoint)))
            .take();
        let is_one = |column: Expr, ids: Vec<Uuid>| is_one_of_ids(self.dialect, column, ids);
        if let Some(directories) = directories {
            let ids = directories.iter().map(|id| id.uuid()).collect();
            begun.and_where(is_one(sequences::Column::DirectoryId.into_expr(), ids));
        }
        if let Some(organizations) = organizations {
            let ids = organizations.iter().map(|id| id.uuid()).collect();
            begun.and_where(is_one(directories::Column::OrganizationId.into_expr(), ids));
        }
        let again = OnConflict::columns([Column::EndpointId, Column::DirectoryId])
            .update_columns([Column::Phase, Column::UpdatedAt])
            .values([Column::Sequence, Column::SnapshotAt].map(|column| (column, number(0))))
            .values([Column::AfterId, Column::AfterMember].map(|column| (column, Expr::null())))
            .values([Column::Users, Column::Groups, Column::Members].map(|column| (column, number(0))))
            .to_owned();
        let begun = insert_from(Entity, BEGUN, begun).on_conflict(again).to_owned();
        execute(&self.tx, &begun).await?;
        execute(&self.tx, flag(endpoint, true).as_query()).await?;
        Ok(())
    }
}

impl CatchUps<'_> {
    /// What is to be done for endpoints that are enabled, after one of them in an order that does not change.
    ///
    /// # Errors
    /// As any query.
    pub async fn open(&self, after: Option<(EndpointId, DirectoryId)>, limit: u32) -> Result<Vec<CatchUp>, StoreError> {
        let (endpoint, directory) = after.map_or((Uuid::nil(), Uuid::nil()), |(endpoint, directory)| {
            (endpoint.uuid(), directory.uuid())
        });
        let columns = [Column::EndpointId, Column::DirectoryId].map(|column| Expr::col((Entity, column)));
        let open = of_enabled()
            .filter(is_open())
            .filter(Expr::tuple(columns).gt(Expr::tuple([endpoint, directory].map(Expr::value))))
            .order_by_asc(Column::EndpointId)
            .order_by_asc(Column::DirectoryId)
            .limit(u64::from(limit));
        let rows: Vec<Model> = fetch_all(self.store.read(), open.as_query()).await?;
        Ok(rows.into_iter().map(CatchUp::from).collect())
    }

    /// Whether less than `most` deliveries of the endpoint are open, so that more may be stored.
    ///
    /// # Errors
    /// As any query.
    pub async fn has_room(&self, endpoint: EndpointId, most: u32) -> Result<bool, StoreError> {
        let open = deliveries::Entity::find()
            .select_only()
            .filter(deliveries::Column::EndpointId.eq(Id(endpoint)))
            .filter(is_in(&[
                DeliveryState::Pending,
                DeliveryState::Leased,
                DeliveryState::Scheduled,
            ]))
            .into_query();
        let counted = Query::select().expr_as(count_up_to(most.into(), open), "n").take();
        let counted: Option<Counted> = fetch_one(self.store.read(), &counted).await?;
        let counted = counted.ok_or_else(|| StoreError::corrupt("a count without a row"))?;
        Ok(counted.n < i64::from(most))
    }

    /// Whether everything stored so far for the endpoint and the directory was sent at least once.
    ///
    /// # Errors
    /// As any query.
    pub async fn is_settled(&self, row: &CatchUp) -> Result<bool, StoreError> {
        let unsent = deliveries::Entity::find()
            .select_only()
            .column(deliveries::Column::Id)
            .filter(deliveries::Column::EndpointId.eq(Id(row.endpoint_id)))
            .filter(deliveries::Column::DirectoryId.eq(Id(row.directory_id)))
            .filter(is_in(&[DeliveryState::Pending, DeliveryState::Leased]))
            .filter(Expr::col((deliveries::Entity, deliveries::Column::Attempts)).eq(number(0)))
            // One that waits for its turn waits for one that was sent.
            .filter(deliveries::Column::NextAt.lt(BLOCKED))
            .limit(1);
        let unsent: Option<AnyRow> = fetch_one(self.store.read(), unsent.as_query()).await?;
        Ok(unsent.is_none())
    }

    /// Begins a step. `None` when somebody else has moved the row or is just doing so, or the endpoint is not enabled
    /// any more.
    ///
    /// # Errors
    /// As any query.
    pub async fn begin(&self, row: CatchUp) -> Result<Option<CatchUpStep>, StoreError> {
        let tx = self.store.begin().await?;
        let held = of_enabled()
            .filter(Column::EndpointId.eq(Id(row.endpoint_id)))
            .filter(Column::DirectoryId.eq(Id(row.directory_id)));
        let mut held = held.into_query();
        held.lock_with_tables_behavior(LockType::Update, [Entity], LockBehavior::SkipLocked);
        let found: Option<Model> = fetch_one(&tx, &held).await?;
        let found = found.map(CatchUp::from);
        Ok(found.filter(|found| *found == row).map(|now| CatchUpStep {
            tx,
            dialect: self.store.dialect(),
            now,
        }))
    }

    /// Notes which endpoints have caught up with all their directories, and returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn complete(&self, now: Timestamp) -> Result<u64, StoreError> {
        let open = Entity::find()
            .select_only()
            .column(Column::DirectoryId)
            .filter(Expr::col((Entity, Column::EndpointId)).equals((endpoints::Entity, endpoints::Column::Id)))
            .filter(is_open());
        let done = endpoints::Entity::find()
            .filter(endpoints::Column::CatchingUp.eq(true))
            .filter(Expr::exists(open.into_query()).not())
            .select_only();
        let ready: Vec<Ready> = fetch_all(self.store.read(), Ready::select_cols(done).as_query()).await?;
        let mut completed = 0;
        for row in ready {
            completed += self.complete_one(row.id.0, row.created_at.0, now).await?;
        }
        Ok(completed)
    }

    /// Directories that were made at the same time as the endpoint, unseen by it, come into its care first.
    async fn complete_one(&self, id: EndpointId, created_at: i64, now: Timestamp) -> Result<u64, StoreError> {
        let beside = Timestamp::from_millis(created_at - BESIDE_MS)..=Timestamp::from_millis(created_at + BESIDE_MS);
        let missed = Query::select()
            .expr(Expr::col((endpoints::Entity, endpoints::Column::Id)))
            .expr(directories::Column::Id.into_expr())
            .expr(Expr::val(CatchUpPhase::Log.to_value()))
            .expr(Expr::val(now.millis()))
            .from(endpoints::Entity)
            .cross_join(directories::Entity)
            .and_where(endpoints::Column::Id.eq(Id(id)))
            .and_where(endpoints::Column::DirectoryIds.is_null())
            .and_where(directories::Column::CreatedAt.gte(Millis::from(*beside.start())))
            .and_where(directories::Column::CreatedAt.lte(Millis::from(*beside.end())))
            .take();
        let known = OnConflict::columns([Column::EndpointId, Column::DirectoryId])
            .do_nothing()
            .to_owned();
        let missed = insert_from(Entity, BEGUN, missed).on_conflict(known).to_owned();
        let tx = self.store.begin().await?;
        let more = execute(&tx, &missed).await?;
        if more == 0 {
            execute(&tx, flag(id, false).as_query()).await?;
            // Where a snapshot was, its moment is kept: an event from before it may still come by the bus.
            let done = Entity::delete_many()
                .filter(Column::EndpointId.eq(Id(id)))
                .filter(Column::SnapshotAt.eq(0));
            execute(&tx, done.as_query()).await?;
        }
        tx.commit().await?;
        Ok(u64::from(more == 0))
    }
}

impl CatchUpStep {
    /// The last sequence of the directory at this moment.
    ///
    /// # Errors
    /// As any query.
    pub async fn last_sequence(&self) -> Result<i64, StoreError> {
        let log = sequences::Entity::find_by_id(self.now.directory_id);
        let log: Option<sequences::Model> = fetch_one(&self.tx, log.as_query()).await?;
        Ok(log.map_or(0, |log| log.last))
    }

    /// The events that follow in the log, in order.
    ///
    /// # Errors
    /// As any query.
    pub async fn events(&self, limit: u32) -> Result<Vec<Event>, StoreError> {
        use events::Column::{
            Body, DirectoryId, EventType, Id as EventId, OrganizationId, Sequence, SubjectId, Traceparent,
        };
        let next = events::Entity::find()
            .select_only()
            .columns([
                EventId,
                EventType,
                OrganizationId,
                DirectoryId,
                Sequence,
                SubjectId,
                Traceparent,
                Body,
            ])
            .filter(DirectoryId.eq(Id(self.now.directory_id)))
            .filter(Sequence.gt(self.now.sequence))
            .order_by_asc(Sequence)
            .limit(u64::from(limit));
        let (text, values) = build(self.dialect, next.as_query());
        query_all(&self.tx, &text, values)
            .await?
            .iter()
            .map(crate::event_log::reading::event)
            .collect()
    }

    /// Stores the deliveries of this step together with how far the endpoint is then.
    ///
    /// # Errors
    /// As any write; the step did not happen then.
    pub async fn finish(
        self,
        next: &CatchUp,
        new: &[NewDelivery],
        bodies: &[OwnBody],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let lease = Lease { owner: "", until: now };
        let inserted = insert(&self.tx, self.dialect, DeliveryOrigin::Other, new, lease, now).await?;
        let is_stored = |id| inserted.iter().any(|new| new.id == id);
        store_bodies(&self.tx, self.dialect, bodies, is_stored).await?;
        save(&self.tx, next, now).await?;
        self.tx.commit().await?;
        Ok(())
    }
}

async fn save<C: ConnectionTrait>(tx: &C, next: &CatchUp, now: Timestamp) -> Result<(), StoreError> {
    let [users, groups, members] = next.told;
    let changed = ActiveModel {
        phase: Set(next.phase),
        sequence: Set(next.sequence),
        snapshot_at: Set(next.snapshot_at),
        after_id: Set(next.after.map(Id)),
        after_member: Set(next.after_member.map(Id)),
        users: Set(users),
        groups: Set(groups),
        members: Set(members),
        updated_at: Set(now.into()),
        ..ActiveModel::default()
    };
    let saved = Entity::update_many()
        .set(changed)
        .filter(Column::EndpointId.eq(Id(next.endpoint_id)))
        .filter(Column::DirectoryId.eq(Id(next.directory_id)));
    execute(tx, saved.as_query()).await?;
    Ok(())
}

/// Says whether an endpoint still gets the past.
fn flag(endpoint: EndpointId, catching_up: bool) -> UpdateMany<endpoints::Entity> {
    endpoints::Entity::update_many()
        .col_expr(endpoints::Column::CatchingUp, Expr::value(catching_up))
        .filter(endpoints::Column::Id.eq(Id(endpoint)))
}

/// An endpoint that may have caught up.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "endpoints::Entity")]
struct Ready {
    id: Id<EndpointId>,
    created_at: Millis,
}

impl From<Model> for CatchUp {
    fn from(row: Model) -> Self {
        Self {
            endpoint_id: row.endpoint_id.0,
            directory_id: row.directory_id.0,
            phase: row.phase,
            sequence: row.sequence,
            snapshot_at: row.snapshot_at,
            after: row.after_id.map(|id| id.0),
            after_member: row.after_member.map(|id| id.0),
            told: [row.users, row.groups, row.members],
        }
    }
}
