//! How much was done lately, for people who look at it: counted in memory by whoever does it, and added to the database every
//! few seconds. What a process that is killed had not added yet is lost; nothing else relies on it.

mod keep;
mod meter;

pub use meter::ActivityMeter;

use crate::{Quantiles, Store, StoreError};
use db::entity::activity::{ActivityKind, Column, Entity};
use db::entity::column::Id;
use db::entity::{endpoint_activity, lanes};
use db::send::fetch_all;
use events::{EndpointId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QueryTrait as _,
};
use std::collections::BTreeMap;

const MILLIS_A_MINUTE: i64 = 60_000;
const MILLIS_AN_HOUR: i64 = 60 * MILLIS_A_MINUTE;
/// Minutes that are shown.
const SHOWN_MINUTES: i64 = 60;
/// Hours that are shown of an endpoint.
pub const SHOWN_HOURS: usize = 24;
/// Latencies of so many minutes are put together.
const LATENCY_MINUTES: i64 = 5;

/// What was done in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityMinute {
    /// When it began.
    pub at: Timestamp,
    /// SCIM requests of callers who proved who they are.
    pub requests: u64,
    /// Events that were published.
    pub events: u64,
    /// Deliveries that a receiver took.
    pub deliveries: u64,
}

/// What was done lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The last 60 minutes, the oldest first; the last one has only begun.
    pub minutes: Vec<ActivityMinute>,
    /// From a change to the answer that took it, within the last five minutes; to a fifth.
    pub latency: Option<Quantiles>,
}

/// How an endpoint did in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActivityHour {
    /// Attempts that it took.
    pub delivered: u64,
    /// Attempts that it did not take.
    pub failed: u64,
}

/// Who works in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneHolder {
    /// The lane.
    pub lane: u16,
    /// The instance that took it last.
    pub instance: String,
    /// How often it has changed hands.
    pub epoch: i64,
    /// Since when it has it.
    pub since: Timestamp,
}

#[derive(Debug, FromQueryResult)]
struct Counted {
    minute: i64,
    kind: ActivityKind,
    bucket: i32,
    count: i64,
}

const fn minute_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(MILLIS_A_MINUTE)
}

const fn hour_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(MILLIS_AN_HOUR)
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

impl Store {
    /// What was done within the last hour, over all tenants.
    ///
    /// # Errors
    /// As any query.
    pub async fn activity(&self, now: Timestamp) -> Result<Activity, StoreError> {
        let (last, newest) = (minute_of(now), Column::Minute.into_expr());
        let first = last - SHOWN_MINUTES + 1;
        let rows = Query::select()
            .columns([Column::Minute, Column::Kind, Column::Bucket, Column::Count])
            .from(Entity)
            .and_where(newest.between(first, last))
            .take();
        let rows: Vec<Counted> = fetch_all(self.read(), &rows).await?;
        let empty = |minute: i64| ActivityMinute {
            at: Timestamp::from_millis(minute.saturating_mul(MILLIS_A_MINUTE)),
            requests: 0,
            events: 0,
            deliveries: 0,
        };
        let mut minutes: BTreeMap<i64, ActivityMinute> = (first..=last).map(|minute| (minute, empty(minute))).collect();
        let mut latencies: BTreeMap<i32, u64> = BTreeMap::new();
        for row in rows {
            let (count, minute) = (unsigned(row.count), minutes.get_mut(&row.minute));
            match (row.kind, minute) {
                (ActivityKind::Requests, Some(minute)) => minute.requests += count,
                (ActivityKind::Events, Some(minute)) => minute.events += count,
                (ActivityKind::Deliveries, Some(minute)) => minute.deliveries += count,
                (ActivityKind::Latency, _) if row.minute > last - LATENCY_MINUTES => {
                    *latencies.entry(row.bucket).or_default() += count;
                }
                (ActivityKind::Latency, _) | (_, None) => {}
            }
        }
        Ok(Activity {
            minutes: minutes.into_values().collect(),
            latency: meter::quantiles(&latencies),
        })
    }

    /// How endpoints did in the last 24 hours, the oldest first; what is left out did nothing.
    ///
    /// # Errors
    /// As any query.
    pub async fn endpoint_activity(
        &self,
        endpoints: &[EndpointId],
        now: Timestamp,
    ) -> Result<BTreeMap<EndpointId, Vec<ActivityHour>>, StoreError> {
        use endpoint_activity::Column::{EndpointId as Of, Hour};
        if endpoints.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (last, ids) = (hour_of(now), endpoints.iter().map(|id| Id(*id)));
        let first = last + 1 - i64::try_from(SHOWN_HOURS).unwrap_or_default();
        let rows = endpoint_activity::Entity::find()
            .filter(Of.is_in(ids))
            .filter(Expr::col(Hour).between(first, last));
        let rows: Vec<endpoint_activity::Model> = fetch_all(self.read(), rows.as_query()).await?;
        let mut shown: BTreeMap<EndpointId, Vec<ActivityHour>> = BTreeMap::new();
        for row in rows {
            let of = shown
                .entry(row.endpoint_id.0)
                .or_insert_with(|| vec![ActivityHour::default(); SHOWN_HOURS]);
            let place = usize::try_from(row.hour - first).ok();
            if let Some(hour) = place.and_then(|place| of.get_mut(place)) {
                *hour = ActivityHour {
                    delivered: unsigned(row.delivered),
                    failed: unsigned(row.failed),
                };
            }
        }
        Ok(shown)
    }

    /// Who works in each lane of a role; lanes that nobody ever took are left out.
    ///
    /// # Errors
    /// As any query.
    pub async fn lane_holders(&self, role: &'static str) -> Result<Vec<LaneHolder>, StoreError> {
        let held = lanes::Entity::find()
            .filter(lanes::Column::Role.eq(role))
            .order_by_asc(lanes::Column::Id);
        let held: Vec<lanes::Model> = fetch_all(self.read(), held.as_query()).await?;
        let holder = |row: lanes::Model| LaneHolder {
            lane: u16::try_from(row.id).unwrap_or(u16::MAX),
            instance: row.owner,
            epoch: row.epoch,
            since: row.updated_at.into(),
        };
        Ok(held.into_iter().map(holder).collect())
    }
}
