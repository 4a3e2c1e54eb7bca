//! Forgetting what is old, a bounded number of rows at a time.

use super::Deliveries;
use crate::StoreError;
use crate::sql::{Row, exec, query_all};
use events::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// Rows in one statement: a few milliseconds of work.
const AT_ONCE: usize = 1_000;

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Deliveries, from when they were made, once they have ended. What is held for longer is cancelled.
    pub deliveries: Duration,
    /// Attempts that failed, beside their delivery.
    pub attempts: Duration,
    /// The answers of receivers.
    pub responses: Duration,
}

/// What a step of pruning did. Also where it stopped: give it to the next one.
#[derive(Clone, Copy, Debug, Default)]
pub struct PruneReport {
    /// Deliveries deleted.
    pub deliveries: u64,
    /// Attempts deleted.
    pub attempts: u64,
    /// Held deliveries cancelled.
    pub cancelled: u64,
    /// Answers of receivers emptied.
    pub responses: u64,
    /// Answers are emptied up to these rows.
    delivery_cursor: Uuid,
    attempt_cursor: Uuid,
}

impl PruneReport {
    /// Whether there may be more to do at once.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        let full = AT_ONCE as u64;
        self.deliveries >= full || self.attempts >= full || self.cancelled >= full || self.responses >= full
    }
}

/// The smallest id that a row made at this time can have: ids are UUID v7, so their order is that of time.
pub(super) fn first_id_of(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    Uuid::from_u64_pair(millis << 16, 0)
}

impl Deliveries<'_> {
    /// One step; `last` is what the step before gave. Deliveries of endpoints that were deleted go with it.
    ///
    /// # Errors
    /// As any write; what was done before stays done.
    pub async fn prune(
        &self,
        retention: Retention,
        last: &PruneReport,
        now: Timestamp,
    ) -> Result<PruneReport, StoreError> {
        let before = |age| first_id_of(now.minus(age));
        let write = self.store.write();
        let held = format!(
            "UPDATE deliveries SET state = 'cancelled', reason = 'held for longer than deliveries are kept', updated_at = $2 \
             WHERE id IN (SELECT id FROM deliveries WHERE id < $1 AND (state = 'held') IS TRUE ORDER BY id LIMIT {AT_ONCE})"
        );
        let cancelled = exec(write, &held, [before(retention.deliveries).into(), now.millis().into()]).await?;
        let ended = format!(
            "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE id < $1 \
             AND state IN ('delivered', 'exhausted', 'cancelled') ORDER BY id LIMIT {AT_ONCE})"
        );
        let mut deliveries = exec(write, &ended, [before(retention.deliveries).into()]).await?;
        deliveries = deliveries.max(self.prune_orphans().await?);
        let attempts = format!(
            "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE id < $1 ORDER BY id LIMIT {AT_ONCE})"
        );
        let attempts = exec(write, &attempts, [before(retention.attempts).into()]).await?;
        let (in_deliveries, delivery_cursor) = self
            .empty("deliveries", last.delivery_cursor, before(retention.responses))
            .await?;
        let (in_attempts, attempt_cursor) = self
            .empty("attempts", last.attempt_cursor, before(retention.responses))
            .await?;
        Ok(PruneReport {
            deliveries,
            attempts,
            cancelled,
            responses: in_deliveries.max(in_attempts),
            delivery_cursor,
            attempt_cursor,
        })
    }

    /// Deliveries of endpoints that are gone: of those that were deleted with many of them, and of an event that was
    /// just being stored. Goes from endpoint to endpoint, not from row to row.
    async fn prune_orphans(&self) -> Result<u64, StoreError> {
        let sql = format!(
            "WITH RECURSIVE seen (id) AS (\
             SELECT (SELECT d.endpoint_id FROM deliveries d ORDER BY d.endpoint_id LIMIT 1) UNION ALL \
             SELECT (SELECT d.endpoint_id FROM deliveries d WHERE d.endpoint_id > seen.id ORDER BY d.endpoint_id LIMIT 1) \
             FROM seen WHERE seen.id IS NOT NULL) \
             DELETE FROM deliveries WHERE id IN (SELECT d.id FROM seen JOIN deliveries d ON d.endpoint_id = seen.id \
             WHERE NOT EXISTS (SELECT 1 FROM endpoints e WHERE e.id = seen.id) LIMIT {AT_ONCE})"
        );
        exec(self.store.write(), &sql, []).await
    }

    /// Empties answers of rows between two ids; how many, and up to where.
    async fn empty(&self, table: &str, after: Uuid, before: Uuid) -> Result<(u64, Uuid), StoreError> {
        let sql = format!(
            "UPDATE {table} SET response_head = NULL WHERE id IN (SELECT id FROM {table} WHERE id > $1 AND id < $2 \
             AND response_head IS NOT NULL ORDER BY id LIMIT {AT_ONCE}) RETURNING id"
        );
        let rows = query_all(self.store.write(), &sql, [after.into(), before.into()]).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.get("id")).collect::<Result<_, _>>()?;
        let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        // Fewer than there may be: everything before is done.
        let end = if ids.len() < AT_ONCE {
            before.max(after)
        } else {
            ids.into_iter().max().unwrap_or(after)
        };
        Ok((count, end))
    }
}
