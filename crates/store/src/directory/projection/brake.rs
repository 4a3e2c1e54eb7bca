//! The mass-change brake in the projector's transaction: what is counted is never older than the lane's lock.

use super::BatchTx;
use crate::tenancy::{Directory, directory};
use crate::{Dialect, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::{directories, directory_counts, directory_removals, users};
use db::expr::{Texts, build, count, fixed, insert_from, number, truth};
use db::rows::{Columns, Parameters, Rows, ValueKind, is_one_of_ids};
use db::sql::ReadColumns;
use directory::{BrakeFacts, BrakeSettings, BrakeWrites};
use events::{DirectoryId, Timestamp};
use sea_orm::sea_query::{
    Expr, ExprTrait as _, Func, InsertStatement, JoinType, OnConflict, Query, SelectStatement, TableRef,
    UpdateStatement,
};
use sea_orm::{EntityTrait as _, Iterable as _, QueryFilter as _, QueryTrait as _};
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

const MINUTE: i64 = 60_000;

impl BatchTx {
    /// What the brake of each of these directories has to know; with each the most users that the batch may take away.
    /// One statement; to be asked where that is any, and before the batch is saved.
    ///
    /// # Errors
    /// What the database says.
    pub async fn brakes(
        &mut self,
        directories: &[(DirectoryId, BrakeSettings, u64)],
        now: Timestamp,
    ) -> Result<HashMap<DirectoryId, BrakeFacts>, StoreError> {
        static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
            Columns::of([directories::Column::Id])
                .and(SINCE, ValueKind::BigInt)
                .and(ASKED, ValueKind::BigInt)
                .and(MINIMUM, ValueKind::BigInt)
        });
        static TEXTS: Texts<2> = Texts::new();
        let mut rows = Rows::new(&COLUMNS);
        for (id, settings, asked) in directories {
            rows.push([
                Id(*id).into(),
                minute(now.minus(settings.window())).into(),
                i64::try_from(*asked).unwrap_or(i64::MAX).into(),
                i64::from(settings.minimum).into(),
            ]);
        }
        if rows.is_empty() {
            return Ok(HashMap::new());
        }
        let dialect = self.dialect;
        let sql = TEXTS.get([dialect == Dialect::Sqlite], || {
            fixed(dialect, &facts(Parameters::new(dialect).table(&COLUMNS, ROWS)))
        });
        let mut found = HashMap::with_capacity(directories.len());
        for row in self.tx.query(sql, rows.into_values(dialect)).await? {
            let count = |column: &str| row.get::<i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
            let facts = BrakeFacts {
                held_at: row.opt_time("held_at")?,
                released_until: row.opt_time("released_until")?,
                removed: count("removed")?,
                active: count("active")?,
            };
            found.insert(row.id("id")?, facts);
        }
        Ok(found)
    }

    /// Stores what became of the brakes: those who went, and who is held from now on.
    ///
    /// # Errors
    /// What the database says.
    pub async fn save_brakes(
        &mut self,
        brakes: &[(DirectoryId, BrakeWrites)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        static REMOVALS: LazyLock<Columns> = LazyLock::new(|| Columns::of(directory_removals::Column::iter()));
        static HELD: LazyLock<Columns> =
            LazyLock::new(|| Columns::of([directories::Column::Id, directories::Column::UpdatedAt]));
        let (mut counted, mut held) = (Rows::new(&REMOVALS), Rows::new(&HELD));
        for (id, writes) in brakes {
            if writes.removed > 0 {
                let removed = i64::try_from(writes.removed).unwrap_or(i64::MAX);
                counted.push([Id(*id).into(), minute(now).into(), removed.into()]);
            }
            if writes.held {
                held.push([Id(*id).into(), Millis::from(now).into()]);
            }
        }
        let dialect = self.dialect;
        if !counted.is_empty() {
            let (sql, values) = build(dialect, &count_removals(counted.table(dialect, ROWS)));
            self.tx.query(&sql, values).await?;
        }
        if !held.is_empty() {
            let (sql, values) = build(dialect, &hold(held.table(dialect, ROWS)));
            self.tx.query(&sql, values).await?;
        }
        Ok(())
    }

    /// These directories as their events show them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn described(&mut self, ids: &[DirectoryId]) -> Result<Vec<Directory>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let these = is_one_of_ids(self.dialect, Expr::col(directories::Column::Id), ids.iter().copied());
        let (sql, values) = build(self.dialect, directories::Entity::find().filter(these).as_query());
        self.tx.query(&sql, values).await?.iter().map(directory).collect()
    }
}

/// Rows of a statement, and what they have beside ids.
const ROWS: &str = "r";
const SINCE: &str = "since";
const ASKED: &str = "asked";
const MINIMUM: &str = "minimum";
/// A directory with what is known of it.
const KNOWN: &str = "x";
const REMOVED: &str = "removed";

/// What the brakes of some directories have to know.
fn facts(rows: TableRef) -> SelectStatement {
    use directories::Column::{HeldAt, Id, ReleasedUntil};
    let known = |column| Expr::col((KNOWN, column));
    let known_as = |column: &'static str| Expr::col((KNOWN, column));
    let kept = Query::select()
        .column(directory_counts::Column::ActiveUsers)
        .from(directory_counts::Entity)
        .and_where(Expr::col(directory_counts::Column::DirectoryId).eq(known(Id)))
        .take();
    let counted = Query::select()
        .expr(count())
        .from(users::Entity)
        .and_where(Expr::col(users::Column::DirectoryId).eq(known(Id)))
        .and_where(Expr::col(users::Column::Active))
        .take();
    // So many may always go, however few there are: then nobody has to be counted, unless a refusal tells the count.
    let is_counted = known(HeldAt)
        .is_not_null()
        .or(known_as(REMOVED).add(known_as(ASKED)).gt(known_as(MINIMUM)));
    let active = Expr::case(is_counted, Func::coalesce([kept, counted])).finally(number(0));
    Query::select()
        .columns([Id, HeldAt, ReleasedUntil].map(|column| (KNOWN, column)))
        .column((KNOWN, REMOVED))
        .expr_as(active, "active")
        .from_subquery(removals(rows), KNOWN)
        .take()
}

/// How many users went of late, of each directory.
fn removals(rows: TableRef) -> SelectStatement {
    use directories::Column::{HeldAt, Id, ReleasedUntil};
    use directory_removals::Column::{DirectoryId, Minute, Removed};
    let directory = |column| Expr::col((directories::Entity, column));
    let removed = Query::select()
        .expr(Func::sum(Expr::col(Removed)))
        .from(directory_removals::Entity)
        .and_where(Expr::col(DirectoryId).eq(directory(Id)))
        .and_where(Expr::col(Minute).gte(Expr::col((ROWS, SINCE))))
        .take();
    let removed = Expr::from(Func::coalesce([Expr::from(removed), number(0)])).cast_as("bigint");
    Query::select()
        .exprs([Id, HeldAt, ReleasedUntil].map(directory))
        .columns([ASKED, MINIMUM].map(|column| (ROWS, column)))
        .expr_as(removed, REMOVED)
        .from(rows)
        .join(
            JoinType::Join,
            directories::Entity,
            directory(Id).eq(Expr::col((ROWS, Id))),
        )
        .take()
}

fn count_removals(rows: TableRef) -> InsertStatement {
    use directory_removals::Column::{self, DirectoryId, Minute, Removed};
    use directory_removals::Entity;
    let counted = Query::select()
        .columns(Column::iter().map(|column| (ROWS, column)))
        .from(rows)
        .and_where(truth(true))
        .take();
    let and_more = Expr::col((Entity, Removed)).add(Expr::col(("excluded", Removed)));
    let added = OnConflict::columns([DirectoryId, Minute])
        .value(Removed, and_more)
        .to_owned();
    insert_from(Entity, Column::iter(), counted).on_conflict(added).take()
}

fn hold(rows: TableRef) -> UpdateStatement {
    use directories::Column::{HeldAt, Id, UpdatedAt};
    let now = || Expr::col((ROWS, UpdatedAt));
    Query::update()
        .table(directories::Entity)
        .values([(HeldAt, now()), (UpdatedAt, now())])
        .from(rows)
        .and_where(Expr::col((directories::Entity, Id)).eq(Expr::col((ROWS, Id))))
        .take()
}

const fn minute(at: Timestamp) -> i64 {
    at.millis() / MINUTE
}

/// The first minute that no brake looks at any more.
pub(crate) fn oldest_minute(now: Timestamp) -> i64 {
    minute(now.minus(BrakeSettings::LONGEST_WINDOW + Duration::from_mins(1)))
}
