//! Adding to the database what was counted, and forgetting what is old.

use super::meter::Counts;
use super::{hour_of, minute_of};
use crate::{Store, StoreError};
use db::entity::column::Id;
use db::entity::{activity, endpoint_activity};
use db::expr::insert_from;
use db::rows::{Columns, Rows};
use db::send::execute;
use events::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, InsertStatement, OnConflict, Query};
use sea_orm::{ActiveEnum as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _};
use std::sync::LazyLock;
use std::time::Duration;

/// How long is waited for a moment in which nobody writes.
const PATIENCE: Duration = Duration::from_secs(1);
/// Minutes that are kept.
const KEPT_MINUTES: i64 = 24 * 60;
/// Hours of endpoints that are kept.
const KEPT_HOURS: i64 = 7 * 24;

/// Rows of a statement, and the row of a table that stands in the way of one.
const NEW: &str = "r";
const EXCLUDED: &str = "excluded";

const MINUTE: [activity::Column; 4] = [
    activity::Column::Minute,
    activity::Column::Kind,
    activity::Column::Bucket,
    activity::Column::Count,
];
const HOUR: [endpoint_activity::Column; 4] = [
    endpoint_activity::Column::EndpointId,
    endpoint_activity::Column::Hour,
    endpoint_activity::Column::Delivered,
    endpoint_activity::Column::Failed,
];
static MINUTES: LazyLock<Columns> = LazyLock::new(|| Columns::of(MINUTE));
static HOURS: LazyLock<Columns> = LazyLock::new(|| Columns::of(HOUR));

impl Store {
    /// Adds what was counted, in two statements however much it is. Where that fails, it stays counted for the next time.
    ///
    /// # Errors
    /// As any write.
    pub async fn keep_activity(&self) -> Result<(), StoreError> {
        let counts = self.meter().take();
        if counts.is_empty() {
            return Ok(());
        }
        self.wait_for_writer(PATIENCE).await;
        let kept = self.add_activity(&counts).await;
        if kept.is_err() {
            self.meter().put_back(&counts);
        }
        kept
    }

    async fn add_activity(&self, counts: &Counts) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        if !counts.minutes.is_empty() {
            execute(&tx, &self.minutes(counts)).await?;
        }
        if !counts.hours.is_empty() {
            execute(&tx, &self.hours(counts)).await?;
        }
        tx.commit().await.map_err(StoreError::from)
    }

    fn minutes(&self, counts: &Counts) -> InsertStatement {
        let mut rows = Rows::new(&MINUTES);
        for ((minute, kind, bucket), count) in &counts.minutes {
            rows.push([
                (*minute).into(),
                kind.to_value().into(),
                (*bucket).into(),
                (*count).into(),
            ]);
        }
        let rows = Query::select()
            .columns(MINUTE.map(|column| (NEW, column)))
            .from(rows.table(self.dialect(), NEW))
            // SQLite must know that the conflict is not of a join.
            .and_where(Expr::value(true))
            .take();
        use activity::Column::{Bucket, Count, Kind, Minute};
        let sum = Expr::col((activity::Entity, Count)).add(Expr::col((EXCLUDED, Count)));
        let added = OnConflict::columns([Minute, Kind, Bucket]).value(Count, sum).to_owned();
        insert_from(activity::Entity, MINUTE, rows)
            .on_conflict(added)
            .to_owned()
    }

    fn hours(&self, counts: &Counts) -> InsertStatement {
        let mut rows = Rows::new(&HOURS);
        for ((endpoint, hour), (delivered, failed)) in &counts.hours {
            rows.push([
                Id(*endpoint).into(),
                (*hour).into(),
                (*delivered).into(),
                (*failed).into(),
            ]);
        }
        let rows = Query::select()
            .columns(HOUR.map(|column| (NEW, column)))
            .from(rows.table(self.dialect(), NEW))
            .and_where(Expr::value(true))
            .take();
        use endpoint_activity::Column::{Delivered, EndpointId, Failed, Hour};
        let sum = |column| Expr::col((endpoint_activity::Entity, column)).add(Expr::col((EXCLUDED, column)));
        let added = OnConflict::columns([EndpointId, Hour])
            .value(Delivered, sum(Delivered))
            .value(Failed, sum(Failed))
            .to_owned();
        insert_from(endpoint_activity::Entity, HOUR, rows)
            .on_conflict(added)
            .to_owned()
    }

    /// Forgets minutes of more than a day ago, and hours of more than a week ago.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_activity(&self, now: Timestamp) -> Result<(), StoreError> {
        let minutes =
            activity::Entity::delete_many().filter(activity::Column::Minute.lt(minute_of(now) - KEPT_MINUTES));
        execute(self.write(), minutes.as_query()).await?;
        let hours = endpoint_activity::Entity::delete_many()
            .filter(endpoint_activity::Column::Hour.lt(hour_of(now) - KEPT_HOURS));
        execute(self.write(), hours.as_query()).await?;
        Ok(())
    }
}
