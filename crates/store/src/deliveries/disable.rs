//! Endpoints that are switched off, and what becomes of their deliveries: they are held until the endpoint is switched on
//! again, and then sent or skipped, a bounded number at a time.

use super::line::{block, lock_lines, wake};
use super::{Deliveries, DeliveryState, OPEN, is_in, is_state};
use crate::event_log::append::{EventDraft, append, lock_lane};
use crate::{Dialect, EndpointState, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::entity::{directories, endpoints};
use db::expr::{checked, number, text, truth};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all, fetch_one};
use events::{DeliveryId, DirectoryId, EndpointId, EventId, EventType, OrganizationId, Source, Timestamp, lane_of};
use sea_orm::sea_query::{
    CaseStatement, Expr, ExprTrait as _, Func, IntoIden as _, JoinType, Query, TableRef, UpdateStatement,
};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::json;
use std::time::Duration;

/// Deliveries that one transaction holds or releases.
const AT_ONCE: u64 = 5_000;

/// Why an endpoint is to be switched off.
#[derive(Clone, Copy, Debug)]
pub struct Disabling<'a> {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The delivery whose attempt was the last straw.
    pub delivery_id: DeliveryId,
    /// When that attempt began. An endpoint that was changed or switched on since is another one: it gets its chance.
    pub started_at: Timestamp,
    /// Only when every attempt failed for so long; `None` for at once.
    pub patience: Option<Duration>,
    /// For the endpoint's owner.
    pub reason: &'a str,
    /// What the event tells of the endpoint's URL: without path and query, where receivers put secrets.
    pub origin: Option<&'a str>,
    /// The number of lanes on the bus.
    pub partitions: u16,
}

/// What was held and released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettledDeliveries {
    /// Deliveries of disabled endpoints that are held now.
    pub held: u64,
    /// Deliveries of enabled endpoints that were held, and are due or skipped now.
    pub released: u64,
}

impl SettledDeliveries {
    /// Whether there may be more to do at once.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.held >= AT_ONCE || self.released >= AT_ONCE
    }
}

impl Deliveries<'_> {
    /// Switches an endpoint off, holds its deliveries, and appends `endpoint.disabled` to the log of the directory whose
    /// delivery brought it about: one event, whatever the number of directories that the endpoint subscribes to. `false`
    /// when it is off already, or took something meanwhile, or was changed.
    ///
    /// # Errors
    /// As any write; nothing is changed then.
    pub async fn disable(&self, disabling: Disabling<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let dialect = self.store.dialect();
        let tx = self.store.begin().await?;
        let delivery = |column: Column| (Entity, column);
        let place = Query::select()
            .columns(
                [
                    Column::DirectoryId,
                    Column::EventId,
                    Column::LastStatus,
                    Column::LastError,
                ]
                .map(delivery),
            )
            .column((directories::Entity, directories::Column::OrganizationId))
            .from(Entity)
            .join(
                JoinType::InnerJoin,
                directories::Entity,
                Expr::col((directories::Entity, directories::Column::Id)).equals((Entity, Column::DirectoryId)),
            )
            .and_where(Expr::col((Entity, Column::Id)).eq(disabling.delivery_id.uuid()))
            .take();
        let place: Option<LastFailure> = fetch_one(&tx, &place).await?;
        if let Some(place) = &place {
            // Before the first write, so that the log keeps its order.
            lock_lane(&tx, dialect, lane_of(place.directory_id.0, disabling.partitions)).await?;
        }
        let Some(endpoint) = switch_off(&tx, &disabling, now).await? else {
            return Ok(false);
        };
        if let Some(place) = &place {
            let directory_id = place.directory_id.0;
            let draft = EventDraft {
                id: EventId::new(),
                kind: EventType::EndpointDisabled,
                organization_id: place.organization_id.0,
                directory_id,
                source: Source::System,
                subject_id: None,
                timestamp: now,
                traceparent: None,
                data: json!({
                    "endpoint": {
                        "id": disabling.endpoint_id,
                        "url": disabling.origin,
                        "description": endpoint.description,
                        "state": "disabled",
                        "disabled_reason": disabling.reason,
                        "disabled_at": now,
                        "failing_since": endpoint.failing_since.map(Timestamp::from),
                    },
                    "delivery": {
                        "id": disabling.delivery_id,
                        "event_id": place.event_id.0,
                        "last_status": place.last_status,
                        "last_error": place.last_error,
                    },
                }),
            };
            append(&tx, dialect, lane_of(directory_id, disabling.partitions), vec![draft]).await?;
        }
        let open = Query::select()
            .column(("d", Column::Id))
            .from_as(Entity, "d")
            .and_where(Expr::col(("d", Column::EndpointId)).eq(disabling.endpoint_id.uuid()))
            .and_where(is_in("d", &OPEN))
            .limit(AT_ONCE)
            .take();
        let hold = hold(now).and_where(id().in_subquery(open)).take();
        execute(&tx, &hold).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Brings deliveries in line with the state of their endpoints, a bounded number: those of disabled endpoints are
    /// held, and those that were held by endpoints that are enabled again become due, or are skipped if that was asked
    /// for.
    ///
    /// # Errors
    /// As any write.
    pub async fn settle(&self, now: Timestamp) -> Result<SettledDeliveries, StoreError> {
        let stray = self.strays(EndpointState::Disabled, &is_in("d", &OPEN)).await?;
        let held = if stray.is_empty() {
            0
        } else {
            let ids = stray.iter().map(|stray| stray.id.0.uuid());
            let hold = hold(now)
                .and_where(is_one_of_ids(self.store.dialect(), id(), ids))
                .and_where(checked(is_in(Entity, &OPEN)))
                .take();
            execute(self.store.write(), &hold).await?
        };
        let is_held = is_state("d", DeliveryState::Held);
        let waiting = self.strays(EndpointState::Enabled, &is_held).await?;
        let released = if waiting.is_empty() {
            0
        } else {
            self.release_held(&waiting, now).await?
        };
        Ok(SettledDeliveries { held, released })
    }

    /// Deliveries of endpoints in this state, endpoint by endpoint, so that a mountain that is rightly held is not
    /// looked at.
    async fn strays(&self, state: EndpointState, condition: &Expr) -> Result<Vec<Stray>, StoreError> {
        let endpoint_id = || Expr::col(("e", endpoints::Column::Id));
        let theirs = Expr::col(("d", Column::EndpointId))
            .eq(endpoint_id())
            .and(condition.clone());
        let mut strays = Query::select();
        strays
            .expr_as(endpoint_id(), Column::EndpointId)
            .from_as(endpoints::Entity, "e");
        match self.store.dialect() {
            Dialect::Postgres => {
                let some = Query::select()
                    .column(("d", Column::Id))
                    .from_as(Entity, "d")
                    .and_where(theirs)
                    .limit(AT_ONCE)
                    .take();
                strays
                    .column(("x", Column::Id))
                    .join_lateral(JoinType::InnerJoin, some, "x", truth(true));
            }
            // A CROSS JOIN goes from left to right there, and has no condition of its own.
            Dialect::Sqlite => {
                strays
                    .column(("d", Column::Id))
                    .cross_join(TableRef::from(Entity.into_iden()).alias("d"))
                    .and_where(theirs);
            }
        }
        strays
            .and_where(Expr::col(("e", endpoints::Column::State)).eq(text(state.as_str())))
            .limit(AT_ONCE);
        fetch_all(self.store.read(), &strays).await
    }

    async fn release_held(&self, waiting: &[Stray], now: Timestamp) -> Result<u64, StoreError> {
        let dialect = self.store.dialect();
        let ids = || waiting.iter().map(|stray| stray.id.0.uuid());
        let skip_until = Func::coalesce([Expr::col(endpoints::Column::SkipUntil), number(-1)]);
        let enabled = Query::select()
            .expr_as(Expr::col(endpoints::Column::Id), Column::EndpointId)
            .expr_as(skip_until, endpoints::Column::SkipUntil)
            .from(endpoints::Entity)
            .and_where(Expr::col(endpoints::Column::State).eq(text(EndpointState::Enabled.as_str())))
            .take();
        let is_skipped = || Expr::col((Entity, Column::CreatedAt)).lte(Expr::col(("s", endpoints::Column::SkipUntil)));
        let state = CaseStatement::new()
            .case(is_skipped(), text(DeliveryState::Cancelled.as_str()))
            .finally(text(DeliveryState::Pending.as_str()));
        let reason = CaseStatement::new().case(is_skipped(), text("skipped when the endpoint was enabled"));
        let release = Query::update()
            .table(Entity)
            .value(Column::State, state)
            .value(Column::Reason, reason)
            .values([Column::NextAt, Column::UpdatedAt].map(|column| (column, Millis::from(now).into())))
            .from(TableRef::SubQuery(Box::new(enabled), "s".into_iden()))
            .and_where(Expr::col((Entity, Column::EndpointId)).equals(("s", Column::EndpointId)))
            .and_where(is_one_of_ids(dialect, id(), ids()))
            .and_where(checked(is_state(Entity, DeliveryState::Held)))
            .take();
        let tx = self.store.begin().await?;
        lock_lines(&tx, dialect, waiting.iter().map(|stray| stray.endpoint_id.0)).await?;
        let released = execute(&tx, &release).await?;
        block(&tx, dialect, ids()).await?;
        wake(&tx, dialect, ids(), now).await?;
        tx.commit().await?;
        Ok(released)
    }
}

/// A delivery whose state is not that of its endpoint.
#[derive(Debug, FromQueryResult)]
struct Stray {
    id: Id<DeliveryId>,
    endpoint_id: Id<EndpointId>,
}

/// The last failed delivery, as the directory's log describes it.
#[derive(Debug, FromQueryResult)]
struct LastFailure {
    directory_id: Id<DirectoryId>,
    organization_id: Id<OrganizationId>,
    event_id: Id<EventId>,
    last_status: Option<i32>,
    last_error: Option<String>,
}

/// What the event says about an endpoint that was switched off.
#[derive(Debug, FromQueryResult)]
struct SwitchedOff {
    description: Option<String>,
    failing_since: Option<Millis>,
}

/// Switches the endpoint off, unless it is, took something meanwhile, or was changed.
async fn switch_off(
    tx: &DatabaseTransaction,
    disabling: &Disabling<'_>,
    now: Timestamp,
) -> Result<Option<SwitchedOff>, StoreError> {
    use endpoints::Column;
    let longest = disabling.patience.map(|patience| Millis::from(now.minus(patience)));
    let switch_off = Query::update()
        .table(endpoints::Entity)
        .value(Column::State, text(EndpointState::Disabled.as_str()))
        .value(Column::DisabledReason, disabling.reason)
        .values([Column::DisabledAt, Column::UpdatedAt].map(|column| (column, Millis::from(now).into())))
        .and_where(Expr::col(Column::Id).eq(disabling.endpoint_id.uuid()))
        .and_where(Expr::col(Column::State).eq(text(EndpointState::Enabled.as_str())))
        .and_where(Expr::col(Column::UpdatedAt).lte(Millis::from(disabling.started_at)))
        .and_where_option(longest.map(|longest| Expr::col(Column::FailingSince).lte(longest)))
        .returning(Query::returning().columns([Column::Description, Column::FailingSince]))
        .take();
    fetch_one(tx, &switch_off).await
}

fn id() -> Expr {
    Expr::col((Entity, Column::Id))
}

fn hold(now: Timestamp) -> UpdateStatement {
    let now = Millis::from(now);
    Query::update()
        .table(Entity)
        .value(Column::State, text(DeliveryState::Held.as_str()))
        .values([Column::NextAt, Column::UpdatedAt].map(|column| (column, now.into())))
        .value(Column::LeaseOwner, None::<String>)
        .value(Column::LeasedUntil, None::<i64>)
        .take()
}
