//! What waits on a stream until its app has fetched it, and says so (RFC 8936).

use super::{SsfStream, SsfStreams};
use crate::deliveries::is_state;
use crate::{DeliveryState, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::entity::delivery_bodies;
use db::expr::checked;
use db::rows::{Columns, Rows, ValueKind, is_one_of_ids};
use db::send::{execute, fetch_all, fetch_one};
use events::{DeliveryId, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden, JoinType, Order, Query, SelectStatement};
use std::sync::LazyLock;

/// Something that waits to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingSignal {
    /// The delivery.
    pub id: DeliveryId,
    /// What was stored.
    pub body: String,
}

/// What waits, oldest first.
#[derive(Clone, Debug, Default)]
pub struct WaitingSignals {
    /// Some of it.
    pub signals: Vec<WaitingSignal>,
    /// Whether there is more.
    pub more: bool,
}

/// Something that the app fetched and does not take.
#[derive(Clone, Debug)]
pub struct RefusedSignal {
    /// The delivery.
    pub id: DeliveryId,
    /// Why, as the app says.
    pub reason: String,
}

#[derive(FromQueryResult)]
struct Row {
    id: Id<DeliveryId>,
    body: String,
}

impl SsfStreams {
    /// What waits on a stream: no more than `most`, and of bodies no more bytes than `most_bytes` unless the first has more.
    ///
    /// # Errors
    /// As any query.
    pub async fn waiting(&self, on: &SsfStream, most: u64, most_bytes: usize) -> Result<WaitingSignals, StoreError> {
        let d = |column: Column| ("d", column);
        let held = bodies()
            .and_where(Expr::col(d(Column::EndpointId)).eq(on.id.uuid()))
            .and_where(is_state("d", DeliveryState::Held))
            .order_by(d(Column::Id), Order::Asc)
            .limit(most.saturating_add(1))
            .take();
        let rows: Vec<Row> = fetch_all(self.store.read(), &held).await?;
        let mut waiting = WaitingSignals::default();
        let mut bytes = 0;
        for row in rows {
            bytes += row.body.len();
            let is_enough = waiting.signals.len() as u64 >= most || (bytes > most_bytes && !waiting.signals.is_empty());
            if is_enough {
                waiting.more = true;
                break;
            }
            waiting.signals.push(row.into());
        }
        Ok(waiting)
    }

    /// What tells the app that this installation stopped the stream, as long as the app has not said that it has it.
    ///
    /// # Errors
    /// As any query.
    pub async fn announcement(&self, on: &SsfStream) -> Result<Option<WaitingSignal>, StoreError> {
        let Some(id) = on.announcement_id else { return Ok(None) };
        let held = bodies()
            .and_where(Expr::col(("d", Column::Id)).eq(id.uuid()))
            .and_where(is_state("d", DeliveryState::Held))
            .take();
        let row: Option<Row> = fetch_one(self.store.read(), &held).await?;
        Ok(row.map(WaitingSignal::from))
    }

    /// The app has these, of those that wait on its stream. How many there were.
    ///
    /// # Errors
    /// As any write.
    pub async fn acknowledge(&self, on: &SsfStream, ids: &[DeliveryId], now: Timestamp) -> Result<u64, StoreError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let taken = Query::update()
            .table(Entity)
            .value(Column::State, Expr::value(DeliveryState::Delivered))
            .values([Column::DeliveredAt, Column::UpdatedAt].map(|column| (column, Millis::from(now).into())))
            .and_where(is_one_of_ids(
                self.store.dialect(),
                id(Entity),
                ids.iter().map(|id| id.uuid()),
            ))
            .and_where(Expr::col((Entity, Column::EndpointId)).eq(on.id.uuid()))
            .and_where(checked(is_state(Entity, DeliveryState::Held)))
            .take();
        execute(self.store.write(), &taken).await
    }

    /// The app does not take these, of those that wait on its stream: they do not come again. How many there were.
    ///
    /// # Errors
    /// As any write.
    pub async fn refuse(&self, on: &SsfStream, refused: &[RefusedSignal], now: Timestamp) -> Result<u64, StoreError> {
        static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
            Columns::default()
                .and("id", ValueKind::Id)
                .and("reason", ValueKind::Text)
        });
        if refused.is_empty() {
            return Ok(0);
        }
        let mut rows = Rows::new(&COLUMNS);
        for refused in refused {
            rows.push([refused.id.uuid().into(), refused.reason.clone().into()]);
        }
        let given_up = Query::update()
            .table(Entity)
            .value(Column::State, Expr::value(DeliveryState::Exhausted))
            .value(Column::LastError, Expr::col(("r", "reason")))
            .value(Column::UpdatedAt, Millis::from(now))
            .from(rows.table(self.store.dialect(), "r"))
            .and_where(id(Entity).equals(("r", "id")))
            .and_where(Expr::col((Entity, Column::EndpointId)).eq(on.id.uuid()))
            .and_where(checked(is_state(Entity, DeliveryState::Held)))
            .take();
        execute(self.store.write(), &given_up).await
    }
}

fn id(of: impl IntoIden) -> Expr {
    Expr::col((of, Column::Id))
}

fn bodies() -> SelectStatement {
    let is_its = Expr::col(("b", delivery_bodies::Column::DeliveryId)).equals(("d", Column::Id));
    Query::select()
        .column(("d", Column::Id))
        .column(("b", delivery_bodies::Column::Body))
        .from_as(Entity, "d")
        .join_as(JoinType::InnerJoin, delivery_bodies::Entity, "b", is_its)
        .take()
}

impl From<Row> for WaitingSignal {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            body: row.body,
        }
    }
}
