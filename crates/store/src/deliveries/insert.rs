//! Events become deliveries: many rows in one statement, each at most once.

use super::line::{block, by_place, coalesce, lock_lines};
use super::{Deliveries, DeliveryState, IN_LINE, Lease, is_in, is_state};
use crate::{Dialect, EndpointState, StoreError};
use db::entity::deliveries::{Column, Entity};
use db::entity::{catch_ups, endpoints};
use db::expr::{Texts, fixed, insert_from, number, text, truth};
use db::rows::{Columns, Parameters, Rows, ValueKind};
use db::sql::{ReadColumns, query_all};
use events::{DeliveryId, DirectoryId, EndpointId, EventId, EventType, ResourceId, Timestamp};
use sea_orm::sea_query::{
    Asterisk, CaseStatement, Expr, ExprTrait as _, Func, JoinType, OnConflict, Order, Query, SelectStatement, TableRef,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use std::collections::HashSet;
use std::sync::LazyLock;
use uuid::Uuid;

/// One event for one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// What is sent.
    pub event_id: EventId,
    /// The event's directory.
    pub directory_id: DirectoryId,
    /// The user or group that the event is about.
    pub subject_id: Option<ResourceId>,
    /// The event's place in its directory.
    pub sequence: i64,
    /// The event's type.
    pub event_type: EventType,
    /// Whether the caller would send it, now or after those before it in its line. Then the row is leased from the start,
    /// unless its endpoint is ordered and an earlier delivery about the same subject is still open that is not [`after`].
    ///
    /// [`after`]: NewDelivery::after
    pub claim: bool,
    /// The last delivery about the same subject that the caller holds and will send before this one. It does not keep the
    /// row from being leased, as long as nothing stands behind it in the line and the endpoint does not coalesce. The same
    /// for all deliveries about the subject in one call: it is what was stored before.
    pub after: Option<DeliveryId>,
    /// Whether the endpoint is ordered, as far as the caller knows.
    pub ordered: bool,
}

/// Where deliveries come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryOrigin {
    /// Events from the bus. The caller may not know yet that an endpoint has begun with the past, and an event may come
    /// after the snapshot that it is in was sent. So the database decides for each of them.
    Live,
    /// The past of a directory itself, or a test.
    Other,
}

/// A delivery that was not there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsertedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whether the caller holds it now, under the first [`token`](crate::ClaimedDelivery::token), 1.
    pub leased: bool,
    /// Its endpoint is switched off.
    pub held: bool,
    /// It waits in its line: what is before it wakes it.
    pub blocked: bool,
}

/// A delivery to be stored: those columns that it brings, its place in the batch, and what the caller would do with it.
static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
    Columns::of(BROUGHT)
        .and("n", ValueKind::BigInt)
        .and("claim", ValueKind::Bool)
        .and_nullable("after", ValueKind::Id)
});
const BROUGHT: [Column; 7] = [
    Column::Id,
    Column::EndpointId,
    Column::EventId,
    Column::DirectoryId,
    Column::SubjectId,
    Column::Sequence,
    Column::EventType,
];

impl Deliveries<'_> {
    /// Stores deliveries of live events in the order given and returns those that are new. An event that comes a second
    /// time changes nothing, and neither does one for an endpoint that is gone by now. For one that is disabled they are
    /// held. An event that its endpoint gets with the past of the directory is left out, however late it comes by the
    /// bus: see [`DeliveryOrigin::Live`].
    ///
    /// Within one call, the deliveries of an ordered endpoint about a subject that say `claim` come before those that do
    /// not; of a coalescing endpoint it is only the first. Older updates that wait at a coalescing endpoint are superseded
    /// by newer ones.
    ///
    /// # Errors
    /// As any write; nothing is stored then.
    pub async fn insert(
        &self,
        new: &[NewDelivery],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Vec<InsertedDelivery>, StoreError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let dialect = self.store.dialect();
        if !new.iter().any(joins_line) {
            return store(
                &self.store.steady().insert,
                dialect,
                DeliveryOrigin::Live,
                new,
                lease,
                now,
            )
            .await;
        }
        let tx = self.store.begin_on(&self.store.steady().insert).await?;
        let stored = insert(&tx, dialect, DeliveryOrigin::Live, new, lease, now).await?;
        tx.commit().await?;
        Ok(stored)
    }
}

/// [`Deliveries::insert`] as part of a transaction.
pub(crate) async fn insert(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    origin: DeliveryOrigin,
    new: &[NewDelivery],
    lease: Lease<'_>,
    now: Timestamp,
) -> Result<Vec<InsertedDelivery>, StoreError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let ordered = new.iter().filter(|delivery| delivery.ordered);
    lock_lines(tx, dialect, ordered.map(|delivery| delivery.endpoint_id)).await?;
    let mut stored = store(tx, dialect, origin, new, lease, now).await?;
    let waiting: HashSet<DeliveryId> = stored
        .iter()
        .filter(|new| !new.leased && !new.held)
        .map(|new| new.id)
        .collect();
    let waiting = new
        .iter()
        .filter(|delivery| joins_line(delivery) && waiting.contains(&delivery.id))
        .map(|delivery| delivery.id.uuid());
    let waiting: Vec<Uuid> = waiting.collect();
    if !waiting.is_empty() {
        let blocked = block(tx, dialect, waiting).await?;
        let in_line: HashSet<Uuid> = blocked.iter().map(|blocked| blocked.id).collect();
        for new in &mut stored {
            new.blocked = in_line.contains(&new.id.uuid());
        }
        let coalescing: Vec<Uuid> = blocked
            .iter()
            .filter(|blocked| blocked.coalesces())
            .map(|blocked| blocked.id)
            .collect();
        if !coalescing.is_empty() {
            coalesce(tx, dialect, coalescing, now).await?;
        }
    }
    Ok(stored)
}

const fn joins_line(delivery: &NewDelivery) -> bool {
    delivery.ordered && delivery.subject_id.is_some()
}

async fn store<C: ConnectionTrait>(
    connection: &C,
    dialect: Dialect,
    origin: DeliveryOrigin,
    new: &[NewDelivery],
    lease: Lease<'_>,
    now: Timestamp,
) -> Result<Vec<InsertedDelivery>, StoreError> {
    let mut rows = Rows::new(&COLUMNS);
    for (n, new) in (0_i64..).zip(new) {
        rows.push([
            new.id.uuid().into(),
            new.endpoint_id.uuid().into(),
            new.event_id.uuid().into(),
            new.directory_id.uuid().into(),
            new.subject_id.map(ResourceId::uuid).into(),
            new.sequence.into(),
            new.event_type.as_str().into(),
            n.into(),
            new.claim.into(),
            new.after.map(DeliveryId::uuid).into(),
        ]);
    }
    let mut values = rows.into_values(dialect);
    values.extend([lease.owner.into(), lease.until.millis().into(), now.millis().into()]);
    let rows = query_all(connection, statement(dialect, origin), values).await?;
    rows.iter().map(inserted).collect()
}

fn inserted(row: &QueryResult) -> Result<InsertedDelivery, StoreError> {
    let state: DeliveryState = row.get("state")?;
    Ok(InsertedDelivery {
        id: row.id("id")?,
        leased: state == DeliveryState::Leased,
        held: state == DeliveryState::Held,
        blocked: false,
    })
}

/// The statement that stores rows of [`COLUMNS`], for an owner until a time, now. Kept as a text: it is sent for every
/// batch of events.
fn statement(dialect: Dialect, origin: DeliveryOrigin) -> &'static str {
    static TEXTS: Texts<4> = Texts::new();
    TEXTS.get([dialect == Dialect::Sqlite, origin == DeliveryOrigin::Live], || {
        let mut parameters = Parameters::new(dialect);
        let rows = parameters.table(&COLUMNS, "r");
        let [owner, until, now] = std::array::from_fn(|_| parameters.value());
        let (until, now) = (until.cast_as("bigint"), now.cast_as("bigint"));
        let is_taken = || Expr::col(("q", TAKEN));
        let if_taken = |then: Expr| CaseStatement::new().case(is_taken(), then);
        let state = if_taken(text(DeliveryState::Leased.as_str()))
            .case(Expr::col(("q", ENABLED)), text(DeliveryState::Pending.as_str()))
            .finally(text(DeliveryState::Held.as_str()));
        let stored = Query::select()
            .columns(BROUGHT.map(|column| ("q", column)))
            .expr(state)
            .expr(if_taken(until.clone()).finally(now.clone()))
            .expr(if_taken(owner.clone().cast_as("text")))
            .expr(if_taken(until))
            .expr(if_taken(number(1)).finally(number(0)))
            .exprs([now.clone(), now])
            .from_subquery(judged(rows, origin, owner), "q")
            // SQLite would take ON CONFLICT for the condition of a join.
            .and_where(truth(true))
            .order_by(("q", "n"), Order::Asc)
            .take();
        let made = [
            Column::State,
            Column::NextAt,
            Column::LeaseOwner,
            Column::LeasedUntil,
            Column::Token,
            Column::CreatedAt,
            Column::UpdatedAt,
        ];
        let once = OnConflict::columns([Column::EndpointId, Column::EventId])
            .do_nothing()
            .to_owned();
        let mut insert = insert_from(Entity, BROUGHT.into_iter().chain(made), stored);
        insert
            .on_conflict(once)
            .returning(Query::returning().columns([Column::Id, Column::State]));
        fixed(dialect, &insert)
    })
}

const ENABLED: &str = "enabled";
const TAKEN: &str = "taken";

/// Rows with whether their endpoint is enabled and whether they are leased. An ordered endpoint's delivery is not taken while
/// another one about the same subject is in line, except behind what the caller holds. `LIMIT 1`, so that the end of the
/// line is looked up for the one subject and never made from the whole table; so is what the endpoint gets with the past.
fn judged(rows: TableRef, origin: DeliveryOrigin, owner: Expr) -> SelectStatement {
    let r = |column: Column| Expr::col(("r", column));
    let e = |column: endpoints::Column| Expr::col(("e", column));
    let p = |column: Column| Expr::col(("p", column));
    let is_callers = p(Column::Id)
        .eq(Expr::col(("r", "after")))
        .and(is_state("p", DeliveryState::Leased))
        .and(p(Column::LeaseOwner).eq(owner))
        .and(p(Column::Sequence).lt(r(Column::Sequence)))
        .and(e(endpoints::Column::CoalesceUpdates).not());
    let end = Query::select()
        .expr(Func::coalesce([is_callers, truth(false)]))
        .from_as(Entity, "p")
        .and_where(p(Column::EndpointId).eq(r(Column::EndpointId)))
        .and_where(p(Column::SubjectId).eq(r(Column::SubjectId)))
        .and_where(is_in("p", &IN_LINE))
        .order_by_columns(by_place("p", &Order::Desc))
        .limit(1)
        .take();
    let end: Expr = Func::coalesce([end.into(), truth(true)]).into();
    let is_enabled = || e(endpoints::Column::State).eq(text(EndpointState::Enabled.as_str()));
    let is_taken = Expr::col(("r", "claim"))
        .and(is_enabled())
        .and(e(endpoints::Column::Ordered).not().or(end));
    let mut judged = Query::select();
    judged
        .column(("r", Asterisk))
        .expr_as(is_enabled(), ENABLED)
        .expr_as(is_taken, TAKEN)
        .from(rows)
        .join_as(
            JoinType::InnerJoin,
            endpoints::Entity,
            "e",
            e(endpoints::Column::Id).eq(r(Column::EndpointId)),
        );
    if origin == DeliveryOrigin::Live {
        let c = |column: catch_ups::Column| Expr::col(("c", column));
        let with_the_past = Query::select()
            .expr(number(1))
            .from_as(catch_ups::Entity, "c")
            .and_where(c(catch_ups::Column::EndpointId).eq(r(Column::EndpointId)))
            .and_where(c(catch_ups::Column::DirectoryId).eq(r(Column::DirectoryId)))
            .and_where(
                c(catch_ups::Column::Phase)
                    .ne(text("done"))
                    .or(r(Column::Sequence).lte(c(catch_ups::Column::SnapshotAt))),
            )
            .limit(1)
            .take();
        judged.and_where(Expr::from(with_the_past).is_null());
    }
    judged
}
