//! Cutting off the beginning of the log: what the events leave goes into the base, in the transaction that removes them.

use super::{LogCopies, run};
use crate::{CopyName, DeliveryState, StoreError};
use db::entity::column::Millis;
use db::entity::{deliveries, endpoints, events as log, publications};
use db::expr::text;
use db::send::fetch_one;
use directory::Images;
use events::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden as _, JoinType, Query, SelectStatement, TableRef};
use sea_orm::{EntityTrait as _, FromQueryResult, QueryTrait as _};

/// An event, an endpoint, and a delivery of the one to the other.
const EVENT: &str = "e";
const ENDPOINT: &str = "p";
const DELIVERY: &str = "d";

/// A delivery in one of these states is not over.
const OPEN: [DeliveryState; 4] = [
    DeliveryState::Pending,
    DeliveryState::Leased,
    DeliveryState::Scheduled,
    DeliveryState::Held,
];

/// The first of some events, if there is one.
#[derive(FromQueryResult)]
struct First {
    first: Option<i64>,
}

impl LogCopies<'_> {
    /// How far the log may be cut off: the last event after the base, at most `limit` further, that is older than
    /// `before`, on the bus, and of which as of all before it no delivery is open. 0 when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn cuttable(&self, before: Timestamp, limit: u32) -> Result<i64, StoreError> {
        let base = self.sequence(CopyName::Base).await?;
        let until = base + i64::from(limit);
        // Events are as old as their order says, but clocks may jump: the first one that is too young ends it.
        let is_young = event(log::Column::CreatedAt).gte(Millis::from(before));
        let young = self.first(base, until).and_where(is_young).take();
        let young: Option<First> = fetch_one(self.store.read(), &young).await?;
        let open: Option<First> = fetch_one(self.store.read(), &self.first_open(base, until)).await?;
        let published = publications::Entity::find_by_id(self.directory);
        let published: Option<publications::Model> = fetch_one(self.store.read(), published.as_query()).await?;
        let published = published.map_or(0, |published| published.sequence);
        let last = [young, open]
            .into_iter()
            .filter_map(|found| found?.first)
            .map(|first| first - 1)
            .fold(std::cmp::min(published, until), std::cmp::min);
        Ok(if last > base { last } else { 0 })
    }

    /// Puts a page of events, which follow on the base, into it and removes them from the log.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Missing`] when the directory is gone; [`StoreError::Unavailable`] when the base has moved
    /// meanwhile.
    pub async fn cut(&self, from: i64, images: &Images, now: Timestamp) -> Result<(), StoreError> {
        let mut projection = self.open(&[]).await?;
        self.put(&mut projection, CopyName::Base, images, now).await?;
        let sequence = || Expr::col(log::Column::Sequence);
        let remove = Query::delete()
            .from_table(log::Entity)
            .and_where(self.is_here())
            .and_where(sequence().gt(from))
            .and_where(sequence().lte(images.sequence))
            .returning(Query::returning().column(log::Column::Id))
            .take();
        let dialect = projection.dialect;
        let removed = run(&mut projection.tx, dialect, &remove).await?;
        // Two housekeepers at once: one of them finds the events gone, and takes its part back.
        if i64::try_from(removed).ok() != Some(images.sequence - from) {
            projection.rollback().await?;
            return Err(StoreError::overtaken());
        }
        projection.commit().await
    }

    /// The first of the events after one, up to another.
    fn first(&self, after: i64, until: i64) -> SelectStatement {
        Query::select()
            .expr_as(event(log::Column::Sequence).min(), "first")
            .from_as(log::Entity, EVENT)
            .and_where(event(log::Column::DirectoryId).eq(self.directory.uuid()))
            .and_where(event(log::Column::Sequence).gt(after))
            .and_where(event(log::Column::Sequence).lte(until))
            .take()
    }

    /// The same of those that have a delivery that is not over.
    fn first_open(&self, after: i64, until: i64) -> SelectStatement {
        use deliveries::Column::{EndpointId, EventId, State};
        let delivery = |column| Expr::col((DELIVERY, column));
        // Constants of the text and not parameters: partial indexes are not considered for parameters.
        let is_open = delivery(State).is_in(OPEN.map(|state| text(state.as_str())));
        let is_of_both = delivery(EndpointId)
            .eq(Expr::col((ENDPOINT, endpoints::Column::Id)))
            .and(delivery(EventId).eq(event(log::Column::Id)));
        self.first(after, until)
            .cross_join(TableRef::from(endpoints::Entity.into_iden()).alias(ENDPOINT))
            .join_as(JoinType::Join, deliveries::Entity, DELIVERY, is_of_both.and(is_open))
            .take()
    }
}

fn event(column: log::Column) -> Expr {
    Expr::col((EVENT, column))
}
