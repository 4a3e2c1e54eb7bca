//! The statements that record attempts, kept as texts: they are sent for every batch of outcomes.

use crate::deliveries::{DeliveryState, is_state};
use crate::{Dialect, EndpointState};
use db::entity::deliveries::{Column, Entity};
use db::entity::{attempts, endpoints};
use db::expr::{Texts, call, fixed, insert_from, number, text, truth};
use db::rows::{Columns, Parameters, ValueKind};
use sea_orm::sea_query::{
    Asterisk, BinOper, CaseStatement, CommonTableExpression, Expr, ExprTrait as _, InsertStatement, IntoIden as _,
    JoinType, OnConflict, Query, SelectStatement, TableRef, UpdateStatement, WithClause,
};
use std::sync::LazyLock;

/// An attempt, and what becomes of its delivery.
pub(super) static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
    Columns::of(ATTEMPT)
        .and("token", ValueKind::BigInt)
        .and("state", ValueKind::Text)
        .and("next_at", ValueKind::BigInt)
        .and_nullable("delivered_at", ValueKind::BigInt)
});
const ATTEMPT: [attempts::Column; 10] = [
    attempts::Column::Id,
    attempts::Column::DeliveryId,
    attempts::Column::EndpointId,
    attempts::Column::Number,
    attempts::Column::StartedAt,
    attempts::Column::DurationMs,
    attempts::Column::Status,
    attempts::Column::Error,
    attempts::Column::ResponseHead,
    attempts::Column::TraceId,
];
/// Whether an endpoint took anything in this batch.
pub(super) static HEALTH: LazyLock<Columns> =
    LazyLock::new(|| Columns::of([endpoints::Column::Id]).and("healthy", ValueKind::Bool));

pub(super) const ENDED: &str = "ended";
pub(super) const FAILING: &str = "failing";

/// Attempts, the time, the owner, how endpoints fare, and since when they must have failed.
pub(super) fn at_once() -> &'static str {
    static TEXTS: Texts<1> = Texts::new();
    TEXTS.get([], || {
        let mut parameters = Parameters::new(Dialect::Postgres);
        let attempts = parameters.table(&COLUMNS, "x");
        let [now, owner] = std::array::from_fn(|_| parameters.value());
        let health = parameters.table(&HEALTH, "y");
        let too_long = parameters.value();
        let all = |rows: TableRef| Query::select().column(Asterisk).from(rows).take();
        let table = |name: &'static str| TableRef::from(name.into_iden());
        let mut update = update(table("r"), &now, owner);
        let returned = [Column::Id, Column::EndpointId, Column::SubjectId, Column::State];
        update.returning(Query::returning().columns(returned.map(|column| ("d", column))));
        let recorded = Query::select()
            .expr(number(1))
            .from("u")
            .and_where(Expr::col(("u", Column::Id)).equals(("r", attempts::Column::DeliveryId)))
            .take();
        let has_no_row = differs().and(Expr::exists(recorded).not());
        let part = |name: &'static str| CommonTableExpression::new().table_name(name).to_owned();
        let with = WithClause::new()
            .cte(part("r").query(all(attempts)).materialized(true).to_owned())
            .cte(part("h").query(all(health)).materialized(true).to_owned())
            .cte(part("u").query(update).to_owned())
            .cte(part("a").query(insert_attempts(table("r"), has_no_row)).to_owned())
            .cte(part("f").query(note_health(table("h"), &now)).to_owned())
            .to_owned();
        let of_endpoint = |column: Expr| Expr::col(("e", endpoints::Column::Id)).eq(column);
        let ids = |of: &'static str| call("json_agg", [Expr::col((of, Column::Id))]).cast_as("text");
        let ended = Query::select()
            .expr(ids("u"))
            .from("u")
            .join_as(
                JoinType::InnerJoin,
                endpoints::Entity,
                "e",
                of_endpoint(Expr::col(("u", Column::EndpointId))),
            )
            .and_where(Expr::col(("e", endpoints::Column::Ordered)))
            .and_where(Expr::col(("u", Column::SubjectId)).is_not_null())
            .and_where(Expr::col(("u", Column::State)).ne(text(DeliveryState::Scheduled.as_str())))
            .take();
        let failing = failing(table("h"), ids("e"), too_long);
        let no_wait = [text("synchronous_commit"), text("off"), truth(true)];
        let all = Query::select()
            .expr_as(call("set_config", no_wait), "setting")
            .expr_as(Expr::from(ended), ENDED)
            .expr_as(Expr::from(failing), FAILING)
            .take();
        fixed(Dialect::Postgres, &all.with(with))
    })
}

/// The texts of the steps on SQLite.
pub(super) struct Steps {
    /// Attempts, the time, the owner.
    pub(super) update: String,
    /// Attempts.
    pub(super) attempts: String,
    /// How endpoints fare, and the time.
    pub(super) health: String,
    /// How endpoints fare, and since when they must have failed.
    pub(super) failing: String,
}

pub(super) fn in_steps() -> &'static Steps {
    static STEPS: LazyLock<Steps> = LazyLock::new(|| {
        let parameters = || Parameters::new(Dialect::Sqlite);
        let mut of_update = parameters();
        let attempts = of_update.table(&COLUMNS, "r");
        let now = of_update.value();
        let mut update = update(attempts, &now, of_update.value());
        let returned = [Column::Id, Column::SubjectId, Column::State];
        update.returning(Query::returning().columns(returned));
        let insert = insert_attempts(parameters().table(&COLUMNS, "r"), differs());
        let mut of_health = parameters();
        let health = of_health.table(&HEALTH, "h");
        let health = note_health(health, &of_health.value());
        let mut of_failing = parameters();
        let rows = of_failing.table(&HEALTH, "h");
        let id = Expr::col(("e", endpoints::Column::Id));
        let failing = failing(rows, id, of_failing.value());
        Steps {
            update: fixed(Dialect::Sqlite, &update),
            attempts: fixed(Dialect::Sqlite, &insert),
            health: fixed(Dialect::Sqlite, &health),
            failing: fixed(Dialect::Sqlite, &failing),
        }
    });
    &STEPS
}

/// What becomes of deliveries `d`, by rows `r`. A failure counts only under the last lease of this owner, a success always.
fn update(rows: TableRef, now: &Expr, owner: Expr) -> UpdateStatement {
    let d = |column: Column| Expr::col(("d", column));
    let r = |column: &'static str| Expr::col(("r", column));
    let is_delivered = || r("state").eq(text(DeliveryState::Delivered.as_str()));
    let of_success = |column: &'static str| CaseStatement::new().case(is_delivered(), r(column));
    let is_held = is_state("d", DeliveryState::Leased)
        .and(d(Column::LeaseOwner).eq(owner))
        .and(d(Column::Token).eq(r("token")));
    let is_news = is_delivered().and(d(Column::State).ne(text(DeliveryState::Delivered.as_str())));
    Query::update()
        .table(TableRef::from(Entity.into_iden()).alias("d"))
        .value(Column::State, r("state"))
        .value(Column::Attempts, r("number"))
        .value(Column::NextAt, r("next_at"))
        .value(Column::LastStatus, r("status"))
        .value(Column::LastError, r("error"))
        .value(Column::Reason, Expr::custom_keyword("NULL"))
        .value(Column::DeliveredAt, r("delivered_at"))
        .value(Column::LeaseOwner, Expr::custom_keyword("NULL"))
        .value(Column::LeasedUntil, Expr::custom_keyword("NULL"))
        .value(Column::UpdatedAt, now.clone())
        .value(Column::AttemptId, of_success("id"))
        .value(Column::StartedAt, of_success("started_at"))
        .value(Column::DurationMs, of_success("duration_ms"))
        .value(Column::ResponseHead, of_success("response_head"))
        .value(Column::TraceId, of_success("trace_id"))
        .from(rows)
        .and_where(d(Column::Id).eq(r("delivery_id")))
        .and_where(is_held.or(is_news))
        .take()
}

/// That a success `r` is another one than its delivery `d` has in its row.
fn differs() -> Expr {
    let is_distinct = BinOper::Custom("IS DISTINCT FROM");
    Expr::col(("d", Column::AttemptId)).binary(is_distinct, Expr::col(("r", attempts::Column::Id)))
}

/// A failed attempt has a row of its own, and so has a success of a delivery that had one already. Not for deliveries
/// that went away with their endpoint.
fn insert_attempts(rows: TableRef, is_another_success: Expr) -> InsertStatement {
    let is_failure = Expr::col(("r", "state")).ne(text(DeliveryState::Delivered.as_str()));
    let these = Query::select()
        .columns(ATTEMPT.map(|column| ("r", column)))
        .from(rows)
        .join_as(
            JoinType::InnerJoin,
            Entity,
            "d",
            Expr::col(("d", Column::Id)).equals(("r", attempts::Column::DeliveryId)),
        )
        .and_where(is_failure.or(is_another_success))
        .take();
    let once = OnConflict::column(attempts::Column::Id).do_nothing().to_owned();
    insert_from(attempts::Entity, ATTEMPT, these).on_conflict(once).take()
}

/// Since when endpoints fail, where that changes with rows `h`.
fn note_health(rows: TableRef, now: &Expr) -> UpdateStatement {
    let endpoint = |column: endpoints::Column| Expr::col((endpoints::Entity, column));
    let is_healthy = || Expr::col(("h", "healthy"));
    let since = CaseStatement::new()
        .case(is_healthy(), Expr::custom_keyword("NULL"))
        .finally(now.clone().cast_as("bigint"));
    Query::update()
        .table(endpoints::Entity)
        .value(endpoints::Column::FailingSince, since)
        .from(rows)
        .and_where(endpoint(endpoints::Column::Id).equals(("h", endpoints::Column::Id)))
        .and_where(is_healthy().eq(endpoint(endpoints::Column::FailingSince).is_not_null()))
        .take()
}

/// Of rows `h`, something of the endpoints `e` that have failed for too long.
fn failing(rows: TableRef, what: Expr, too_long: Expr) -> SelectStatement {
    Query::select()
        .expr(what)
        .from(rows)
        .join_as(
            JoinType::InnerJoin,
            endpoints::Entity,
            "e",
            Expr::col(("e", endpoints::Column::Id)).equals(("h", endpoints::Column::Id)),
        )
        .and_where(Expr::col(("h", "healthy")).not())
        .and_where(Expr::col(("e", endpoints::Column::State)).eq(text(EndpointState::Enabled.as_str())))
        .and_where(Expr::col(("e", endpoints::Column::FailingSince)).lte(too_long))
        .take()
}
