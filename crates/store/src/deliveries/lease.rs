//! Keeping leases, and giving them back.

use super::Deliveries;
use crate::StoreError;
use crate::deliveries::Lease;
use crate::sql::{IDS, Row, exec, json_ids, query_all};
use events::{DeliveryId, Timestamp};

const GIVE_BACK: &str = "UPDATE deliveries SET state = CASE WHEN attempts = 0 THEN 'pending' ELSE 'scheduled' END, \
                         next_at = $2, lease_owner = NULL, leased_until = NULL, updated_at = $2 WHERE state = 'leased'";

/// A statement about the deliveries whose ids are the first parameter. As an array on PostgreSQL, which then looks each up by its id:
/// against a set of rows it may go through all that are leased, once for each of them.
fn these(sql: impl Fn(String) -> String) -> (String, String) {
    (
        sql(format!("id = ANY (ARRAY({}))", IDS.0)),
        sql(format!("id IN ({})", IDS.1)),
    )
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
        let sql = |these: String| {
            format!(
                "UPDATE deliveries SET leased_until = $2, next_at = $2 \
                 WHERE {these} AND state = 'leased' AND lease_owner = $3 RETURNING id"
            )
        };
        let (postgres, sqlite) = these(sql);
        let values = [self.ids(held).into(), lease.until.millis().into(), lease.owner.into()];
        let rows = query_all(&self.store.steady().claim, (postgres.as_str(), sqlite.as_str()), values).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// Gives deliveries back unsent: they are due at once, for any dispatcher.
    ///
    /// # Errors
    /// As any write; they then come back when the lease ends.
    pub async fn release(&self, held: &[DeliveryId], owner: &str, now: Timestamp) -> Result<(), StoreError> {
        if held.is_empty() {
            return Ok(());
        }
        let (postgres, sqlite) = these(|these| format!("{GIVE_BACK} AND {these} AND lease_owner = $3"));
        let values = [self.ids(held).into(), now.millis().into(), owner.into()];
        let connection = &self.store.steady().claim;
        exec(connection, (postgres.as_str(), sqlite.as_str()), values)
            .await
            .map(|_| ())
    }

    /// Gives back everything that anybody but `owner` holds, and returns how much that was. Only for a database that
    /// belongs to one process: whoever held it is dead.
    ///
    /// # Errors
    /// As any write.
    pub async fn release_of_others(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError> {
        let sql = format!("{GIVE_BACK} AND (lease_owner IS NULL OR lease_owner <> $1)");
        exec(self.store.write(), &sql, [owner.into(), now.millis().into()]).await
    }

    fn ids(&self, ids: &[DeliveryId]) -> String {
        json_ids(self.store.dialect(), ids.iter().map(|id| id.uuid()))
    }
}
