//! Heads of lines that nobody woke.

use super::{BLOCKED, Deliveries, line_states, open_states};
use crate::StoreError;
use crate::sql::{Row, exec, json_ids, of_ids, query_all};
use events::{EndpointId, ResourceId, Timestamp};
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

impl Deliveries<'_> {
    /// Wakes what waits in the line of an ordered endpoint although nothing is before it. That never happens unless a
    /// row was changed by hand; so it is looked for now and then, line by line, a bounded number of deliveries at a time.
    ///
    /// # Errors
    /// As any write.
    pub async fn wake_forgotten(&self, last: &ForgetReport, now: Timestamp) -> Result<ForgetReport, StoreError> {
        let nil = (EndpointId::from(Uuid::nil()), ResourceId::from(Uuid::nil()), i64::MIN);
        let from = last.place.unwrap_or(nil);
        let sql = format!(
            "SELECT id, endpoint_id, subject_id, sequence, state, next_at FROM deliveries d WHERE {} \
             AND (d.endpoint_id, d.subject_id, d.sequence) > ($1, $2, $3) \
             ORDER BY d.endpoint_id, d.subject_id, d.sequence LIMIT {AT_ONCE}",
            line_states!("d.state")
        );
        let values = [from.0.uuid().into(), from.1.uuid().into(), from.2.into()];
        let rows = query_all(self.store.read(), &sql, values).await?;
        let (mut before, mut forgotten) = (from, Vec::new());
        for row in &rows {
            // What is about nobody is in no line.
            let Some(subject) = row.opt_id("subject_id")? else {
                continue;
            };
            let place = (row.id("endpoint_id")?, subject, row.get("sequence")?);
            let is_head = (before.0, before.1) != (place.0, place.1);
            if is_head && row.get::<i64>("next_at")? == BLOCKED && row.get::<String>("state")? != "held" {
                forgotten.push(row.get::<Uuid>("id")?);
            }
            before = place;
        }
        let woken = if forgotten.is_empty() {
            0
        } else {
            let sql = of_ids("id", |these| {
                format!(
                    "UPDATE deliveries SET next_at = $2 WHERE {these} AND ({}) IS TRUE AND (next_at = {BLOCKED}) IS TRUE",
                    open_states!("state")
                )
            });
            let values = [json_ids(self.store.dialect(), forgotten).into(), now.millis().into()];
            exec(self.store.write(), &sql, values).await?
        };
        Ok(ForgetReport {
            woken,
            place: (rows.len() == AT_ONCE).then_some(before),
        })
    }
}
