//! Heads of lines that nobody woke.

use super::{BLOCKED, Deliveries, DeliveryState, IN_LINE, OPEN, is_in};
use crate::StoreError;
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::expr::{checked, number};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all};
use events::{DeliveryId, EndpointId, ResourceId, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query};
use uuid::Uuid;

/// Deliveries that wait in lines, looked at in one step.
const AT_ONCE: usize = 5_000;

/// What a step found, and where it stopped: give it to the next one.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForgetReport {
    /// Deliveries that are due now.
    pub woken: u64,
    place: Option<(EndpointId, ResourceId, i64)>,
}

impl ForgetReport {
    /// Whether lines are left that were not looked at.
    #[must_use]
    pub const fn goes_on(&self) -> bool {
        self.place.is_some()
    }
}

/// A delivery that keeps its place in a line.
#[derive(Debug, FromQueryResult)]
struct WaitingDelivery {
    id: Id<DeliveryId>,
    endpoint_id: Id<EndpointId>,
    subject_id: Option<Id<ResourceId>>,
    sequence: i64,
    state: DeliveryState,
    next_at: Millis,
}

impl Deliveries<'_> {
    /// Wakes what waits in the line of an ordered endpoint although nothing is before it. That never happens unless a
    /// row was changed by hand; so it is looked for now and then, line by line, a bounded number of deliveries at a time.
    ///
    /// # Errors
    /// As any write.
    pub async fn wake_forgotten(&self, last: &ForgetReport, now: Timestamp) -> Result<ForgetReport, StoreError> {
        let nil = (EndpointId::from(Uuid::nil()), ResourceId::from(Uuid::nil()), i64::MIN);
        let from = last.place.unwrap_or(nil);
        let order = [Column::EndpointId, Column::SubjectId, Column::Sequence];
        let place = order.map(|column| Expr::col((Entity, column)));
        let from_here = [Expr::val(from.0.uuid()), Expr::val(from.1.uuid()), Expr::val(from.2)];
        let waiting = Query::select()
            .columns([Column::Id, Column::State, Column::NextAt].map(|column| (Entity, column)))
            .columns(order.map(|column| (Entity, column)))
            .from(Entity)
            .and_where(is_in(Entity, &IN_LINE))
            .and_where(Expr::tuple(place).gt(Expr::tuple(from_here)))
            .order_by_columns(order.map(|column| ((Entity, column), Order::Asc)))
            .limit(AT_ONCE as u64)
            .take();
        let rows: Vec<WaitingDelivery> = fetch_all(self.store.read(), &waiting).await?;
        let (mut before, mut forgotten) = (from, Vec::new());
        for row in &rows {
            // What is about nobody is in no line.
            let Some(subject) = row.subject_id else {
                continue;
            };
            let place = (row.endpoint_id.0, subject.0, row.sequence);
            let is_head = (before.0, before.1) != (place.0, place.1);
            if is_head && row.next_at == Millis(BLOCKED) && row.state != DeliveryState::Held {
                forgotten.push(row.id.0.uuid());
            }
            before = place;
        }
        let woken = if forgotten.is_empty() {
            0
        } else {
            let wake = Query::update()
                .table(Entity)
                .value(Column::NextAt, Millis::from(now))
                .and_where(is_one_of_ids(
                    self.store.dialect(),
                    Expr::col((Entity, Column::Id)),
                    forgotten,
                ))
                .and_where(checked(is_in(Entity, &OPEN)))
                .and_where(checked(Expr::col((Entity, Column::NextAt)).eq(number(BLOCKED))))
                .take();
            execute(self.store.write(), &wake).await?
        };
        Ok(ForgetReport {
            woken,
            place: (rows.len() == AT_ONCE).then_some(before),
        })
    }
}
