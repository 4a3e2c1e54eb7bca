//! Taking those that wait in line behind a delivery, so that they can be sent as soon as it has succeeded.

use super::claim::{Taken, lease_them};
use super::line::{by_place, is_in_line_of};
use super::{ClaimedDelivery, Deliveries, DeliveryState, Lease, is_state};
use crate::{Dialect, EndpointState, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::entity::endpoints;
use db::expr::{checked, text, truth};
use db::rows::is_one_of_ids;
use db::send::fetch_all;
use events::{DeliveryId, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden, JoinType, Order, Query, TableRef};
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
#[derive(Debug, FromQueryResult)]
struct LinePlace {
    head: Id<DeliveryId>,
    id: Id<DeliveryId>,
    sequence: i64,
    is_free: bool,
}

/// One more than may be taken: it tells whether the line goes on.
const ENOUGH: u64 = Head::MOST as u64 + 1;

/// That `n` is behind `d` in its line.
fn is_behind() -> Expr {
    is_in_line_of("n", "d").and(Expr::col(("n", Column::Sequence)).gt(Expr::col(("d", Column::Sequence))))
}

/// Whether a delivery can be taken.
fn is_free(of: impl IntoIden + Clone, now: Timestamp) -> Expr {
    let is_over = Expr::col((of.clone(), Column::NextAt)).lte(Millis::from(now));
    let is_left = is_state(of.clone(), DeliveryState::Leased).and(is_over);
    let was_never_tried = Expr::col((of.clone(), Column::Attempts)).eq(0);
    was_never_tried.and(is_state(of, DeliveryState::Pending).or(is_left))
}

/// That `e` is the endpoint of `d`.
fn is_endpoint() -> Expr {
    Expr::col(("e", endpoints::Column::Id)).equals(("d", Column::EndpointId))
}

/// Lines are taken along at an endpoint `e` that is ordered, and not where newer updates supersede those that wait.
fn is_lined_up() -> Expr {
    use endpoints::Column;
    checked(
        Expr::col(("e", Column::Ordered))
            .and(Expr::col(("e", Column::CoalesceUpdates)).not())
            .and(Expr::col(("e", Column::State)).eq(text(EndpointState::Enabled.as_str()))),
    )
}

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
        places.sort_unstable_by_key(|place| (place.head.0, place.sequence));
        let mut all: HashMap<DeliveryId, Followers> = HashMap::new();
        let most: HashMap<DeliveryId, u32> = heads
            .iter()
            .map(|head| (head.id, Ord::min(head.most, Head::MOST)))
            .collect();
        let mut counts: HashMap<DeliveryId, u32> = HashMap::new();
        // Free ones without a gap; what comes after the first that is not is left.
        places.retain(|place| {
            let followers = all.entry(place.head.0).or_default();
            let count = counts.entry(place.head.0).or_default();
            let most = most.get(&place.head.0).copied().unwrap_or_default();
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
            let followers = all.entry(place.head.0).or_default();
            match taken.remove(&place.id.0) {
                // Without its event it cannot be sent.
                Some(delivery) if delivery.body.is_some() && !ended.contains(&place.head.0) => {
                    followers.taken.push(delivery);
                }
                found => {
                    ended.insert(place.head.0);
                    followers.goes_on = true;
                    followers.astray.extend(found.map(|delivery| delivery.id));
                }
            }
        }
        Ok(all)
    }

    async fn places_postgres(&self, heads: &[Head], now: Timestamp) -> Result<Vec<LinePlace>, StoreError> {
        let behind = Query::select()
            .columns([("n", Column::Id), ("n", Column::Sequence)])
            .expr_as(is_free("n", now), "is_free")
            .from_as(Entity, "n")
            .and_where(is_behind())
            .order_by_columns(by_place("n", &Order::Asc))
            .limit(ENOUGH)
            .take();
        let id = || Expr::col(("d", Column::Id));
        let heads = heads.iter().map(|head| head.id.uuid());
        let places = Query::select()
            .expr_as(id(), "head")
            .columns([("f", "id"), ("f", "sequence"), ("f", "is_free")])
            .from_as(Entity, "d")
            .join_as(JoinType::InnerJoin, endpoints::Entity, "e", is_endpoint())
            .join_lateral(JoinType::InnerJoin, behind, "f", truth(true))
            .and_where(is_one_of_ids(Dialect::Postgres, id(), heads))
            .and_where(is_lined_up())
            .take();
        fetch_all(&self.store.steady().look, &places).await
    }

    /// SQLite has no LATERAL, but statements cost no round trip: one for each.
    async fn places_sqlite(&self, heads: &[Head], now: Timestamp) -> Result<Vec<LinePlace>, StoreError> {
        let mut all = Vec::new();
        for head in heads {
            let id = || Expr::col(("d", Column::Id));
            // A CROSS JOIN goes from left to right there, and has no condition of its own.
            let places = Query::select()
                .expr_as(id(), "head")
                .columns([("n", Column::Id), ("n", Column::Sequence)])
                .expr_as(is_free("n", now), "is_free")
                .from_as(Entity, "d")
                .cross_join(TableRef::from(endpoints::Entity.into_iden()).alias("e"))
                .cross_join(TableRef::from(Entity.into_iden()).alias("n"))
                .and_where(id().eq(head.id.uuid()))
                .and_where(is_endpoint())
                .and_where(is_lined_up())
                .and_where(is_behind())
                .order_by_columns(by_place("n", &Order::Asc))
                .limit(ENOUGH)
                .take();
            let places: Vec<LinePlace> = fetch_all(&self.store.steady().look, &places).await?;
            all.extend(places);
        }
        Ok(all)
    }

    async fn take(
        &self,
        places: &[LinePlace],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<HashMap<DeliveryId, ClaimedDelivery>, StoreError> {
        let ids = places.iter().map(|place| place.id.0.uuid());
        let id = Expr::col((Entity, Column::Id));
        let take = lease_them(lease, now)
            .and_where(is_one_of_ids(self.store.dialect(), id, ids))
            .and_where(checked(is_free(Entity, now)))
            .take();
        let rows: Vec<Taken> = fetch_all(&self.store.steady().claim, &take).await?;
        let mut taken: Vec<ClaimedDelivery> = rows.into_iter().map(ClaimedDelivery::from).collect();
        self.fill_in(&mut taken).await?;
        Ok(taken.into_iter().map(|delivery| (delivery.id, delivery)).collect())
    }
}
