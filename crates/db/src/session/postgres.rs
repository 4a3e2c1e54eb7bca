//! What opens and ends a transaction of the projector. It is written as SQL because no builder has words for transactions and
//! plans, and because all that opens one is a single message: a batch waits for every round trip.

use super::BATCH_STATEMENT_MS;
use std::fmt::Write as _;

pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";

/// Opens a transaction and takes advisory locks, in their order, each named by two numbers. A transaction whose statements
/// others wait for has less time for each.
pub(super) fn begin(discard_plans: bool, others_wait: bool, locks: impl Iterator<Item = (i32, u16)>) -> String {
    let mut sql = String::new();
    if discard_plans {
        sql.push_str("DISCARD PLANS; ");
    }
    sql.push_str("BEGIN");
    // Writing to a String cannot fail.
    if others_wait {
        let _ = write!(sql, "; SET LOCAL statement_timeout = {BATCH_STATEMENT_MS}");
    }
    for (lock, lane) in locks {
        let _ = write!(sql, "; SELECT pg_advisory_xact_lock({lock}, {lane})");
    }
    sql
}
