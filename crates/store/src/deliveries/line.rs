//! The lines of ordered endpoints: joining one, and waking the next in it.

use super::{BLOCKED, line_states, open_states};
use crate::sql::{Row, exec, json_ids, of_ids, query_all};
use crate::{Dialect, StoreError};
use events::{EndpointId, Timestamp};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

/// First key of the advisory locks of lines.
const LINE_LOCK: i32 = 7264;
/// How many places before a new delivery are looked at for what it supersedes.
const NEAR: u32 = 1_000;

/// Takes the lines of these endpoints for the rest of the transaction. What is read afterwards is no older than the lock.
///
/// SQLite has one writer at a time, so there is nothing to lock.
pub(super) async fn lock_lines(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    endpoints: impl IntoIterator<Item = EndpointId>,
) -> Result<(), StoreError> {
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    // Two endpoints with the same key only wait for each other. Sorted, so that nobody waits in a circle.
    let mut keys: Vec<i32> = endpoints.into_iter().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(());
    }
    let sql = "SELECT count(pg_advisory_xact_lock($1, k::int)) FROM jsonb_array_elements_text($2::jsonb) AS k";
    let keys = serde_json::Value::from(keys).to_string();
    exec(tx, sql, [LINE_LOCK.into(), keys.into()]).await.map(|_| ())
}

fn key(endpoint: EndpointId) -> i32 {
    let [.., a, b, c, d] = *endpoint.uuid().as_bytes();
    i32::from_be_bytes([a, b, c, d])
}

/// Whether an earlier delivery about the same subject still is in line before `d`. `LIMIT 1`, so that it is always
/// looked up for the one subject and never made from the whole table.
pub(super) const HAS_EARLIER: &str = concat!(
    "(SELECT 1 FROM deliveries p WHERE p.endpoint_id = d.endpoint_id AND p.subject_id = d.subject_id \
     AND p.sequence < d.sequence AND ",
    line_states!("p.state"),
    " LIMIT 1) IS NOT NULL"
);

/// A delivery that was put to sleep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocked {
    pub(super) id: Uuid,
    /// Whether its endpoint does.
    pub(super) coalesces: bool,
}

/// Puts those of these deliveries to sleep that are not the head of their line, and returns them.
pub(super) async fn block(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Blocked>, StoreError> {
    let sql = of_ids("d.id", |these| {
        format!(
            "UPDATE deliveries SET next_at = {BLOCKED} WHERE {} RETURNING deliveries.id, (SELECT e.coalesce_updates \
             FROM endpoints e WHERE e.id = deliveries.endpoint_id) AS coalesces",
            found(
                dialect,
                &format!(
                    "SELECT d.id FROM deliveries d WHERE {these} AND (d.state = 'pending') IS TRUE \
                 AND (SELECT e.ordered FROM endpoints e WHERE e.id = d.endpoint_id) AND {HAS_EARLIER}"
                )
            )
        )
    });
    query_all(tx, &sql, [json_ids(dialect, ids).into()])
        .await?
        .iter()
        .map(|row| {
            Ok(Blocked {
                id: row.get("id")?,
                coalesces: row.get::<Option<bool>>("coalesces")? == Some(true),
            })
        })
        .collect()
}

/// That a delivery is one of those that a query finds. As an array on PostgreSQL, as in [`of_ids`].
fn found(dialect: Dialect, query: &str) -> String {
    match dialect {
        Dialect::Postgres => format!("deliveries.id = ANY (ARRAY({query}))"),
        Dialect::Sqlite => format!("deliveries.id IN ({query})"),
    }
}

/// Wakes the heads of the lines that these deliveries, which have ended, stood in.
pub(super) async fn wake(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    ended: impl IntoIterator<Item = Uuid>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (line, open) = (line_states!("n.state"), open_states!("state"));
    let sql = of_ids("d.id", |these| {
        let heads = format!(
            "SELECT (SELECT n.id FROM deliveries n WHERE n.endpoint_id = d.endpoint_id AND n.subject_id = d.subject_id \
             AND {line} ORDER BY n.endpoint_id, n.subject_id, n.sequence LIMIT 1) FROM deliveries d WHERE {these}"
        );
        format!(
            "UPDATE deliveries SET next_at = $2 WHERE {} AND ({open}) IS TRUE AND (next_at = {BLOCKED}) IS TRUE",
            found(dialect, &heads)
        )
    });
    exec(tx, &sql, [json_ids(dialect, ended).into(), now.millis().into()]).await
}

/// Wakes everything of an endpoint: it is not ordered any more.
pub(crate) async fn dissolve(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    lock_lines(tx, dialect, [endpoint]).await?;
    let open = open_states!("state");
    let sql = format!("UPDATE deliveries SET next_at = $2 WHERE endpoint_id = $1 AND {open} AND next_at = {BLOCKED}");
    exec(tx, &sql, [endpoint.uuid().into(), now.millis().into()]).await
}

/// Cancels what newer deliveries of this batch supersede, which wait at coalescing endpoints: not begun, behind another
/// one in the line, and about the same subject as a newer event that carries its whole state. That is an update after an update
/// of the same kind, and a deletion after any update. Nothing else, because a receiver may act on the type alone: a
/// deactivation is never swallowed by a later update.
pub(super) async fn coalesce(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    new: impl IntoIterator<Item = Uuid>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let text = match dialect {
        Dialect::Postgres => "'superseded by event ' || CAST(n.event_id AS text)",
        Dialect::Sqlite => {
            "'superseded by event ' || lower(substr(hex(n.event_id), 1, 8) || '-' || substr(hex(n.event_id), 9, 4) || '-' \
             || substr(hex(n.event_id), 13, 4) || '-' || substr(hex(n.event_id), 17, 4) || '-' \
             || substr(hex(n.event_id), 21))"
        }
    };
    let line = line_states!("n.state");
    let newer = format!(
        "FROM deliveries n WHERE n.endpoint_id = d.endpoint_id AND n.subject_id = d.subject_id \
         AND n.sequence > d.sequence AND {line} AND (n.event_type = d.event_type OR n.event_type IN ('user.deleted', \
         'group.deleted')) ORDER BY n.endpoint_id DESC, n.subject_id DESC, n.sequence DESC LIMIT 1"
    );
    // What waits before one of the batch was looked at when the one before joined: what it supersedes is near.
    let before = format!(
        "SELECT o.* FROM deliveries o WHERE o.endpoint_id = b.endpoint_id AND o.subject_id = b.subject_id \
         AND o.sequence < b.sequence AND {} ORDER BY o.endpoint_id DESC, o.subject_id DESC, o.sequence DESC LIMIT {NEAR}",
        line_states!("o.state")
    );
    let superseded = format!(
        "d.state = 'pending' AND d.attempts = 0 AND d.next_at = {BLOCKED} \
         AND d.event_type IN ('user.updated', 'group.updated')"
    );
    let sql = of_ids("b.id", |these| match dialect {
        Dialect::Postgres => format!(
            "UPDATE deliveries SET state = 'cancelled', reason = s.reason, updated_at = $2 FROM \
             (SELECT d.id, (SELECT {text} {newer}) AS reason FROM deliveries b CROSS JOIN LATERAL ({before}) AS d \
             WHERE {these} AND {superseded}) AS s WHERE deliveries.id = s.id AND s.reason IS NOT NULL"
        ),
        // Without LATERAL: the whole line, which the same index finds.
        Dialect::Sqlite => format!(
            "UPDATE deliveries AS d SET state = 'cancelled', reason = (SELECT {text} {newer}), updated_at = $2 \
             WHERE d.id IN (SELECT d.id FROM deliveries b CROSS JOIN deliveries d ON d.endpoint_id = b.endpoint_id \
             AND d.subject_id = b.subject_id AND d.sequence < b.sequence AND {} WHERE {these} AND {superseded} \
             AND (SELECT 1 {newer}) IS NOT NULL)",
            line_states!("d.state")
        ),
    });
    exec(tx, &sql, [json_ids(dialect, new).into(), now.millis().into()]).await
}
