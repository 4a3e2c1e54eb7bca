//! Taking those that wait in line behind a delivery, so that they can be sent as soon as it has succeeded.

use super::claim::{TAKE, TAKEN, claimed};
use super::{ClaimedDelivery, Deliveries, Lease, line_states};
use crate::sql::{Row, json_ids, of_ids, query_all};
use crate::{Dialect, StoreError};
use events::{DeliveryId, Timestamp};
use sea_orm::QueryResult;
use std::collections::{HashMap, HashSet};

/// A delivery in the hands of the caller, and how many of those behind it the caller would take.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Its id.
    pub id: DeliveryId,
    /// At most so many, and never more than [`Head::MOST`].
    pub most: u32,
}

impl Head {
    /// The most that are taken behind one delivery.
    pub const MOST: u32 = 64;
}

/// What is behind a delivery.
#[derive(Clone, Debug, Default)]
pub struct Followers {
    /// In the hands of the caller now, in the order of the line and without a gap. Never tried before.
    pub taken: Vec<ClaimedDelivery>,
    /// The line goes on behind them.
    pub goes_on: bool,
    /// Taken, but not to be sent: something came between. To be given back.
    pub astray: Vec<DeliveryId>,
}

/// A place in a line.
struct Place {
    head: DeliveryId,
    id: DeliveryId,
    sequence: i64,
    is_free: bool,
}

/// That `n` is behind `d`, and the order of the line.
const BEHIND: &str = concat!(
    "n.endpoint_id = d.endpoint_id AND n.subject_id = d.subject_id AND n.sequence > d.sequence AND ",
    line_states!("n.state"),
);
const IN_ORDER: &str = "ORDER BY n.endpoint_id, n.subject_id, n.sequence";
/// One more than may be taken: it tells whether the line goes on.
const ENOUGH: u32 = Head::MOST + 1;
/// Whether `n` can be taken now, which is `$2`.
const IS_FREE: &str = "n.attempts = 0 AND (n.state = 'pending' OR n.state = 'leased' AND n.next_at <= $2) AS is_free";
/// Lines are taken along at an endpoint that is ordered, and not where newer updates supersede those that wait.
const IS_LINED_UP: &str = "e.ordered AND NOT e.coalesce_updates AND e.state = 'enabled'";

impl Deliveries<'_> {
    /// Takes what waits behind deliveries that the caller holds: up to the first one in the line that somebody else has, that
    /// was tried before or that is held. Deliveries without a line, or of endpoints that are not ordered or that
    /// coalesce, have no followers.
    ///
    /// # Errors
    /// As any write; what was taken comes back when the lease ends.
    pub async fn follow(
        &self,
        heads: &[Head],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<HashMap<DeliveryId, Followers>, StoreError> {
        let mut places = match self.store.dialect() {
            Dialect::Postgres => self.places_postgres(heads, now).await?,
            Dialect::Sqlite => self.places_sqlite(heads, now).await?,
        };
        places.sort_unstable_by_key(|place| (place.head, place.sequence));
        let mut all: HashMap<DeliveryId, Followers> = HashMap::new();
        let most: HashMap<DeliveryId, u32> = heads.iter().map(|head| (head.id, head.most.min(Head::MOST))).collect();
        let mut counts: HashMap<DeliveryId, u32> = HashMap::new();
        // Free ones without a gap; what comes after the first that is not is left.
        places.retain(|place| {
            let followers = all.entry(place.head).or_default();
            let count = counts.entry(place.head).or_default();
            let most = most.get(&place.head).copied().unwrap_or_default();
            followers.goes_on |= !place.is_free || *count >= most;
            *count += 1;
            !followers.goes_on
        });
        if places.is_empty() {
            return Ok(all);
        }
        let mut taken = self.take(&places, lease, now).await?;
        let mut ended: HashSet<DeliveryId> = HashSet::new();
        for place in places {
            let followers = all.entry(place.head).or_default();
            match taken.remove(&place.id) {
                // Without its event it cannot be sent.
                Some(delivery) if delivery.body.is_some() && !ended.contains(&place.head) => {
                    followers.taken.push(delivery);
                }
                found => {
                    ended.insert(place.head);
                    followers.goes_on = true;
                    followers.astray.extend(found.map(|delivery| delivery.id));
                }
            }
        }
        Ok(all)
    }

    async fn places_postgres(&self, heads: &[Head], now: Timestamp) -> Result<Vec<Place>, StoreError> {
        let sql = of_ids("d.id", |these| {
            format!(
                "SELECT d.id AS head, f.id, f.sequence, f.is_free FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id \
                 CROSS JOIN LATERAL (SELECT n.id, n.sequence, {IS_FREE} FROM deliveries n WHERE {BEHIND} {IN_ORDER} \
                 LIMIT {ENOUGH}) AS f WHERE {these} AND ({IS_LINED_UP}) IS TRUE"
            )
        });
        let ids = json_ids(Dialect::Postgres, heads.iter().map(|head| head.id.uuid()));
        let values = [ids.into(), now.millis().into()];
        let rows = query_all(&self.store.steady().look, &sql, values).await?;
        rows.iter().map(place).collect()
    }

    /// SQLite has no LATERAL, but statements cost no round trip: one for each.
    async fn places_sqlite(&self, heads: &[Head], now: Timestamp) -> Result<Vec<Place>, StoreError> {
        let sql = format!(
            "SELECT d.id AS head, n.id, n.sequence, {IS_FREE} FROM deliveries d CROSS JOIN endpoints e CROSS JOIN deliveries n \
             WHERE d.id = $1 AND e.id = d.endpoint_id AND ({IS_LINED_UP}) IS TRUE AND {BEHIND} {IN_ORDER} LIMIT {ENOUGH}"
        );
        let mut places = Vec::new();
        for head in heads {
            let values = [head.id.uuid().into(), now.millis().into()];
            for row in query_all(&self.store.steady().look, &sql, values).await? {
                places.push(place(&row)?);
            }
        }
        Ok(places)
    }

    async fn take(
        &self,
        places: &[Place],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<HashMap<DeliveryId, ClaimedDelivery>, StoreError> {
        let sql = of_ids("deliveries.id", |these| {
            format!(
                "{TAKE} WHERE {these} AND (attempts = 0 AND (state = 'pending' OR state = 'leased' AND next_at <= $2)) \
                 IS TRUE {TAKEN}"
            )
        });
        let values = [
            json_ids(self.store.dialect(), places.iter().map(|place| place.id.uuid())).into(),
            now.millis().into(),
            lease.owner.into(),
            lease.until.millis().into(),
        ];
        let rows = query_all(&self.store.steady().claim, &sql, values).await?;
        let mut taken: Vec<ClaimedDelivery> = rows.iter().map(claimed).collect::<Result<_, _>>()?;
        self.fill_in(&mut taken).await?;
        Ok(taken.into_iter().map(|delivery| (delivery.id, delivery)).collect())
    }
}

fn place(row: &QueryResult) -> Result<Place, StoreError> {
    Ok(Place {
        head: row.id("head")?,
        id: row.id("id")?,
        sequence: row.get("sequence")?,
        is_free: row.get("is_free")?,
    })
}
