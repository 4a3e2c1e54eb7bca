//! Keeping leases, and giving them back.

use super::line::{block, lock_lines};
use super::{Deliveries, open_states};
use crate::StoreError;
use crate::deliveries::Lease;
use crate::sql::{Row, exec, json_ids, of_ids, query_all};
use events::{DeliveryId, EndpointId, Timestamp};

const GIVE_BACK: &str = "UPDATE deliveries SET state = CASE WHEN attempts = 0 THEN 'pending' ELSE 'scheduled' END, \
                         next_at = $2, lease_owner = NULL, leased_until = NULL, updated_at = $2 WHERE";

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
        let sql = of_ids("id", |these| {
            format!(
                "UPDATE deliveries SET leased_until = $2, next_at = $2 \
                 WHERE {these} AND (state = 'leased') IS TRUE AND lease_owner = $3 RETURNING id"
            )
        });
        let values = [self.ids(held).into(), lease.until.millis().into(), lease.owner.into()];
        let rows = query_all(&self.store.steady().claim, &sql, values).await?;
        rows.iter().map(|row| row.id("id")).collect()
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
        let sql = of_ids("id", |these| {
            format!("{GIVE_BACK} {these} AND (state = 'leased') IS TRUE AND lease_owner = $3")
        });
        let values = [self.ids(held).into(), now.millis().into(), owner.into()];
        let connection = &self.store.steady().claim;
        if ordered.is_empty() {
            return exec(connection, &sql, values).await.map(|_| ());
        }
        let (tx, dialect) = (self.store.begin_on(connection).await?, self.store.dialect());
        // Rows before lines, as where attempts are recorded: so nobody waits in a circle.
        exec(&tx, &sql, values).await?;
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
        // The open ones are in an index.
        let open = open_states!("state");
        let sql = format!("{GIVE_BACK} state = 'leased' AND {open} AND (lease_owner IS NULL OR lease_owner <> $1)");
        exec(self.store.write(), &sql, [owner.into(), now.millis().into()]).await
    }

    fn ids(&self, ids: &[DeliveryId]) -> String {
        json_ids(self.store.dialect(), ids.iter().map(|id| id.uuid()))
    }
}
