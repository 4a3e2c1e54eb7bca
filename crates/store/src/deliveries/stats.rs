//! How delivery fares, for one endpoint and over all. Every figure comes from a bounded number of rows.

use super::prune::first_id_of;
use super::{Deliveries, DeliveryState, open_states};
use crate::StoreError;
use crate::sql::{Row, query_all};
use events::{EndpointId, EventId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Deliveries of one endpoint that are looked at: the newest of the window.
const SAMPLE: usize = 5_000;
/// Waiting deliveries that are counted; there may be more.
const COUNTED: usize = 10_000;
/// The same over all endpoints.
const COUNTED_IN_ALL: usize = 100_000;

/// Milliseconds that half and nearly all stayed below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    /// Median.
    pub p50: u64,
    /// 99 of 100.
    pub p99: u64,
}

impl Quantiles {
    fn of(mut values: Vec<u64>) -> Option<Self> {
        values.sort_unstable();
        let last = values.len().checked_sub(1)?;
        let at = |percent: usize| {
            values
                .get((values.len() * percent).div_ceil(100).clamp(1, last + 1) - 1)
                .copied()
        };
        Some(Self {
            p50: at(50)?,
            p99: at(99)?,
        })
    }
}

/// How an endpoint fares.
#[derive(Clone, Debug, Default)]
pub struct EndpointStats {
    /// Deliveries made in the window that were looked at, the newest ones.
    pub deliveries: usize,
    /// Whether those are all of the window.
    pub is_complete: bool,
    /// Of them: taken.
    pub delivered: u64,
    /// Of them: given up.
    pub exhausted: u64,
    /// Of them: not sent.
    pub cancelled: u64,
    /// Attempts that were made for them.
    pub attempts: u64,
    /// How long the attempts that succeeded took.
    pub duration: Option<Quantiles>,
    /// From the change to the answer that took it.
    pub lag: Option<Quantiles>,
    /// Now, whatever the window: how many are in which state that is no end, each counted up to 10,000.
    pub waiting: BTreeMap<&'static str, u64>,
    /// The oldest event among those, and when it was made.
    pub oldest_undelivered: Option<(EventId, Timestamp)>,
}

/// What waits over all endpoints.
#[derive(Clone, Debug, Default)]
pub struct Backlog {
    /// By state; counted up to 100,000 in all.
    pub waiting: BTreeMap<&'static str, u64>,
    /// When the oldest event that is due or scheduled was stored for delivery.
    pub oldest: Option<Timestamp>,
    /// Endpoints that are sent to.
    pub enabled: u64,
    /// Endpoints that are not.
    pub disabled: u64,
}

/// When an event was made: its id tells (UUID v7).
fn made_at(event: EventId) -> Timestamp {
    let made = event.uuid().get_timestamp().map_or((0, 0), |made| made.to_unix());
    Timestamp::from_millis(
        i64::try_from(made.0).unwrap_or_default().saturating_mul(1_000) + i64::from(made.1 / 1_000_000),
    )
}

impl Deliveries<'_> {
    /// How an endpoint fares: what was made within `window`, and what waits now.
    ///
    /// # Errors
    /// As any query.
    pub async fn stats(
        &self,
        endpoint: EndpointId,
        window: Duration,
        now: Timestamp,
    ) -> Result<EndpointStats, StoreError> {
        let mut stats = self.sample(endpoint, window, now).await?;
        let open = open_states!("state");
        for condition in [open, "state = 'held'"] {
            let sql = format!(
                "SELECT state, event_id FROM deliveries WHERE endpoint_id = $1 AND {condition} \
                 ORDER BY {} LIMIT {COUNTED}",
                if condition == open { "next_at, id" } else { "id" }
            );
            for row in query_all(self.store.read(), &sql, [endpoint.uuid().into()]).await? {
                let state = DeliveryState::read(&row.get::<String>("state")?)?;
                *stats.waiting.entry(state.as_str()).or_default() += 1;
                let event: EventId = row.id("event_id")?;
                let made = made_at(event);
                if stats.oldest_undelivered.is_none_or(|(_, oldest)| made < oldest) {
                    stats.oldest_undelivered = Some((event, made));
                }
            }
        }
        Ok(stats)
    }

    async fn sample(
        &self,
        endpoint: EndpointId,
        window: Duration,
        now: Timestamp,
    ) -> Result<EndpointStats, StoreError> {
        let sql = format!(
            "SELECT event_id, state, attempts, duration_ms, delivered_at FROM deliveries \
             WHERE endpoint_id = $1 AND id >= $2 ORDER BY id DESC LIMIT {SAMPLE}"
        );
        let since = first_id_of(now.minus(window));
        let rows = query_all(self.store.read(), &sql, [endpoint.uuid().into(), since.into()]).await?;
        let mut stats = EndpointStats {
            deliveries: rows.len(),
            is_complete: rows.len() < SAMPLE,
            ..EndpointStats::default()
        };
        let (mut durations, mut lags) = (Vec::new(), Vec::new());
        for row in rows {
            stats.attempts += u64::try_from(row.get::<i32>("attempts")?).unwrap_or_default();
            match DeliveryState::read(&row.get::<String>("state")?)? {
                DeliveryState::Delivered => stats.delivered += 1,
                DeliveryState::Exhausted => stats.exhausted += 1,
                DeliveryState::Cancelled => stats.cancelled += 1,
                _ => {}
            }
            if let Some(at) = row.opt_time("delivered_at")? {
                let lag = at.since(made_at(row.id("event_id")?));
                lags.push(u64::try_from(lag.as_millis()).unwrap_or(u64::MAX));
            }
            let duration = row.get::<Option<i32>>("duration_ms")?;
            durations.extend(duration.and_then(|millis| u64::try_from(millis).ok()));
        }
        stats.duration = Quantiles::of(durations);
        stats.lag = Quantiles::of(lags);
        Ok(stats)
    }

    /// What waits over all endpoints.
    ///
    /// # Errors
    /// As any query.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        let mut backlog = Backlog::default();
        let open = open_states!("state");
        for condition in [open, "state = 'held'"] {
            let sql = format!(
                "SELECT state, count(*) AS n, min(created_at) AS oldest FROM (SELECT state, created_at FROM deliveries \
                 WHERE {condition} LIMIT {COUNTED_IN_ALL}) AS d GROUP BY state"
            );
            for row in query_all(self.store.read(), &sql, []).await? {
                let state = DeliveryState::read(&row.get::<String>("state")?)?;
                let count = u64::try_from(row.get::<i64>("n")?).unwrap_or_default();
                backlog.waiting.insert(state.as_str(), count);
                if state != DeliveryState::Held {
                    let oldest = row.opt_time("oldest")?;
                    backlog.oldest = backlog.oldest.into_iter().chain(oldest).min();
                }
            }
        }
        let sql = "SELECT state, count(*) AS n FROM endpoints GROUP BY state";
        for row in query_all(self.store.read(), sql, []).await? {
            let count = u64::try_from(row.get::<i64>("n")?).unwrap_or_default();
            if row.get::<String>("state")? == "enabled" {
                backlog.enabled = count;
            } else {
                backlog.disabled = count;
            }
        }
        Ok(backlog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        assert_eq!(Quantiles::of(vec![]), None);
        assert_eq!(Quantiles::of(vec![7]), Some(Quantiles { p50: 7, p99: 7 }));
        let hundred = Quantiles::of((1..=100).rev().collect());
        assert_eq!(hundred, Some(Quantiles { p50: 50, p99: 99 }));
    }
}
