//! Keeping leases, and giving them back.

use super::line::{block, lock_lines};
use super::{Deliveries, DeliveryState, OPEN, is_in, is_state};
use crate::StoreError;
use crate::deliveries::Lease;
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::expr::{checked, text};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all};
use events::{DeliveryId, EndpointId, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _, Query, UpdateStatement};

/// A delivery of which only the id is asked for.
#[derive(Debug, FromQueryResult)]
struct DeliveryIdRow {
    id: Id<DeliveryId>,
}

impl Deliveries<'_> {
    /// Makes leases last longer and returns those that the owner still holds: the others ended, and their deliveries
    /// are somebody else's now.
    ///
    /// # Errors
    /// As any write; the leases then last as long as they did.
    pub async fn renew(&self, held: &[DeliveryId], lease: Lease<'_>) -> Result<Vec<DeliveryId>, StoreError> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let until = Millis::from(lease.until);
        let renew = Query::update()
            .table(Entity)
            .values([Column::LeasedUntil, Column::NextAt].map(|column| (column, until.into())))
            .and_where(self.are_held(held, lease.owner))
            .returning_col(Column::Id)
            .take();
        let renewed: Vec<DeliveryIdRow> = fetch_all(&self.store.steady().claim, &renew).await?;
        Ok(renewed.into_iter().map(|named| named.id.0).collect())
    }

    /// Gives deliveries back unsent: they are due at once, for any dispatcher.
    ///
    /// # Errors
    /// As any write; they then come back when the lease ends.
    pub async fn release(&self, held: &[DeliveryId], owner: &str, now: Timestamp) -> Result<(), StoreError> {
        self.release_in_order(held, &[], owner, now).await
    }

    /// The same, where some are of these ordered endpoints: of those, what is not the head of its line waits in it again.
    ///
    /// # Errors
    /// As any write; they then come back when the lease ends.
    pub async fn release_in_order(
        &self,
        held: &[DeliveryId],
        ordered: &[EndpointId],
        owner: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if held.is_empty() {
            return Ok(());
        }
        let release = give_back(now).and_where(self.are_held(held, owner)).take();
        let connection = &self.store.steady().claim;
        if ordered.is_empty() {
            return execute(connection, &release).await.map(|_| ());
        }
        let (tx, dialect) = (self.store.begin_on(connection).await?, self.store.dialect());
        // Rows before lines, as where attempts are recorded: so nobody waits in a circle.
        execute(&tx, &release).await?;
        lock_lines(&tx, dialect, ordered.iter().copied()).await?;
        block(&tx, dialect, held.iter().map(|id| id.uuid())).await?;
        Ok(tx.commit().await?)
    }

    /// Gives back everything that anybody but `owner` holds, and returns how much that was. Only for a database that
    /// belongs to one process: the one that held it is dead.
    ///
    /// # Errors
    /// As any write.
    pub async fn release_of_others(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError> {
        let holder = || Expr::col((Entity, Column::LeaseOwner));
        let release = give_back(now)
            .and_where(is_state(Entity, DeliveryState::Leased))
            // The open ones are in an index.
            .and_where(is_in(Entity, &OPEN))
            .and_where(holder().is_null().or(holder().ne(owner)))
            .take();
        execute(self.store.write(), &release).await
    }

    fn are_held(&self, held: &[DeliveryId], owner: &str) -> Expr {
        let id = Expr::col((Entity, Column::Id));
        is_one_of_ids(self.store.dialect(), id, held.iter().map(|id| id.uuid()))
            .and(checked(is_state(Entity, DeliveryState::Leased)))
            .and(Expr::col((Entity, Column::LeaseOwner)).eq(owner))
    }
}

fn give_back(now: Timestamp) -> UpdateStatement {
    let now = Millis::from(now);
    let state = |state: DeliveryState| text(state.as_str());
    let before = CaseStatement::new()
        .case(
            Expr::col((Entity, Column::Attempts)).eq(0),
            state(DeliveryState::Pending),
        )
        .finally(state(DeliveryState::Scheduled));
    Query::update()
        .table(Entity)
        .value(Column::State, before)
        .values([Column::NextAt, Column::UpdatedAt].map(|column| (column, now.into())))
        .value(Column::LeaseOwner, None::<String>)
        .value(Column::LeasedUntil, None::<i64>)
        .take()
}
