//! How delivery fares, for one endpoint and over all. Every figure comes from a bounded number of rows.

use super::prune::first_id_of;
use super::{Deliveries, DeliveryState, OPEN, is_in, is_state};
use crate::{EndpointState, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::entity::endpoints;
use db::expr::count;
use db::send::fetch_all;
use events::{EndpointId, EventId, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query};
use std::collections::BTreeMap;
use std::time::Duration;

/// Deliveries of one endpoint that are looked at: the newest of the window.
const SAMPLE: usize = 5_000;
/// Waiting deliveries that are counted; there may be more.
const COUNTED: u64 = 10_000;
/// The same over all endpoints.
const COUNTED_IN_ALL: u64 = 100_000;

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

#[derive(Debug, FromQueryResult)]
struct WaitingEvent {
    state: DeliveryState,
    event_id: Id<EventId>,
}

#[derive(Debug, FromQueryResult)]
struct Sampled {
    event_id: Id<EventId>,
    state: DeliveryState,
    attempts: i32,
    duration_ms: Option<i32>,
    delivered_at: Option<Millis>,
}

#[derive(Debug, FromQueryResult)]
struct StateCount {
    state: DeliveryState,
    n: i64,
    oldest: Option<Millis>,
}

#[derive(Debug, FromQueryResult)]
struct EndpointCount {
    state: EndpointState,
    n: i64,
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
        let of_endpoint = || {
            Query::select()
                .columns([Column::State, Column::EventId])
                .from(Entity)
                .and_where(Expr::col(Column::EndpointId).eq(endpoint.uuid()))
                .limit(COUNTED)
                .take()
        };
        let open = of_endpoint()
            .and_where(is_in(Entity, &OPEN))
            .order_by(Column::NextAt, Order::Asc)
            .order_by(Column::Id, Order::Asc)
            .take();
        let held = of_endpoint()
            .and_where(is_state(Entity, DeliveryState::Held))
            .order_by(Column::Id, Order::Asc)
            .take();
        for waiting in [open, held] {
            let waiting: Vec<WaitingEvent> = fetch_all(self.store.read(), &waiting).await?;
            for row in waiting {
                *stats.waiting.entry(row.state.as_str()).or_default() += 1;
                let event = row.event_id.0;
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
        let newest = Query::select()
            .columns([
                Column::EventId,
                Column::State,
                Column::Attempts,
                Column::DurationMs,
                Column::DeliveredAt,
            ])
            .from(Entity)
            .and_where(Expr::col(Column::EndpointId).eq(endpoint.uuid()))
            .and_where(Expr::col(Column::Id).gte(first_id_of(now.minus(window))))
            .order_by(Column::Id, Order::Desc)
            .limit(SAMPLE as u64)
            .take();
        let rows: Vec<Sampled> = fetch_all(self.store.read(), &newest).await?;
        let mut stats = EndpointStats {
            deliveries: rows.len(),
            is_complete: rows.len() < SAMPLE,
            ..EndpointStats::default()
        };
        let (mut durations, mut lags) = (Vec::new(), Vec::new());
        for row in rows {
            stats.attempts += u64::try_from(row.attempts).unwrap_or_default();
            match row.state {
                DeliveryState::Delivered => stats.delivered += 1,
                DeliveryState::Exhausted => stats.exhausted += 1,
                DeliveryState::Cancelled => stats.cancelled += 1,
                _ => {}
            }
            if let Some(at) = row.delivered_at {
                let lag = Timestamp::from(at).since(made_at(row.event_id.0));
                lags.push(u64::try_from(lag.as_millis()).unwrap_or(u64::MAX));
            }
            durations.extend(row.duration_ms.and_then(|millis| u64::try_from(millis).ok()));
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
        for condition in [is_in(Entity, &OPEN), is_state(Entity, DeliveryState::Held)] {
            let some = Query::select()
                .columns([Column::State, Column::CreatedAt])
                .from(Entity)
                .and_where(condition)
                .limit(COUNTED_IN_ALL)
                .take();
            let counts = Query::select()
                .column(Column::State)
                .expr_as(count(), "n")
                .expr_as(Expr::col(Column::CreatedAt).min(), "oldest")
                .from_subquery(some, "d")
                .group_by_col(Column::State)
                .take();
            let counts: Vec<StateCount> = fetch_all(self.store.read(), &counts).await?;
            for row in counts {
                let count = u64::try_from(row.n).unwrap_or_default();
                backlog.waiting.insert(row.state.as_str(), count);
                if row.state != DeliveryState::Held {
                    let oldest = row.oldest.map(Timestamp::from);
                    backlog.oldest = backlog.oldest.into_iter().chain(oldest).min();
                }
            }
        }
        let endpoints = Query::select()
            .column(endpoints::Column::State)
            .expr_as(count(), "n")
            .from(endpoints::Entity)
            .group_by_col(endpoints::Column::State)
            .take();
        let endpoints: Vec<EndpointCount> = fetch_all(self.store.read(), &endpoints).await?;
        for row in endpoints {
            let count = u64::try_from(row.n).unwrap_or_default();
            match row.state {
                EndpointState::Enabled => backlog.enabled = count,
                EndpointState::Disabled => backlog.disabled = count,
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
