//! Copies of a directory's users and groups that are put together from the log, page by page.
//!
//! The *base* is the state at which the kept log begins: events are cut off only together with the transaction that puts
//! what they leave into it. The *fresh* copy is what `rollcall rebuild` makes of base and log; what differs from it is
//! replaced in one transaction that holds the log. Every step is a transaction, so that a crash leaves a copy as it was
//! after some page, and the next run goes on or starts over.

mod cut;
mod pages;
mod swap;

pub use swap::RebuildReport;

use super::part::{Part, ROWS, one_by_one};
use super::save::rows::{insert_members, member_row, no_members, parts};
use super::save::{delete_by, delete_pairs, ids, pairs};
use super::tables::{Table, Tables};
use super::{BatchTx, Opening, Tx};
use crate::{CopyName, Dialect, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::{group_members, groups, log_copies, user_emails, users};
use db::expr::{build, count, insert_from};
use db::rows::{Columns, Rows, ValueKind};
use db::send::{execute, fetch_one};
use db::session::Hold;
use directory::Images;
use events::{DirectoryId, Timestamp};
use sea_orm::sea_query::{
    DynIden, Expr, ExprTrait as _, InsertStatement, JoinType, OnConflict, Query, QueryStatementWriter, SelectStatement,
    SubQueryStatement, TableRef,
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryTrait as _, Set};
use std::sync::LazyLock;

/// The tables that hold a copy.
const fn tables_of(copy: CopyName) -> Tables {
    match copy {
        CopyName::Base => Tables::Base,
        CopyName::Fresh => Tables::Fresh,
    }
}

/// The copies of one directory.
#[derive(Clone, Copy, Debug)]
pub struct LogCopies<'a> {
    store: &'a Store,
    directory: DirectoryId,
}

impl Store {
    /// The copies of a directory that are made from its log.
    #[must_use]
    pub const fn log_copies(&self, directory: DirectoryId) -> LogCopies<'_> {
        LogCopies { store: self, directory }
    }
}

impl LogCopies<'_> {
    /// The sequence at which a copy is true; 0 when there is none, and then it is the empty directory.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sequence(&self, name: CopyName) -> Result<i64, StoreError> {
        self.sequence_on(self.store.read(), name).await
    }

    async fn sequence_on<C: ConnectionTrait>(&self, connection: &C, name: CopyName) -> Result<i64, StoreError> {
        let copy = log_copies::Entity::find()
            .filter(log_copies::Column::DirectoryId.eq(Id(self.directory)))
            .filter(log_copies::Column::Name.eq(name));
        let copy: Option<log_copies::Model> = fetch_one(connection, copy.as_query()).await?;
        Ok(copy.map_or(0, |copy| copy.sequence))
    }

    /// Begins a fresh copy with the base, whatever was there before; the sequence at which it is true.
    ///
    /// # Errors
    /// What the database says.
    pub async fn begin_fresh(&self, now: Timestamp) -> Result<i64, StoreError> {
        let tx = self.store.begin().await?;
        for table in Table::ALL {
            let fresh = Tables::Fresh.table(table);
            let old = Query::delete()
                .from_table(fresh.clone())
                .and_where(self.is_here())
                .take();
            execute(&tx, &old).await?;
            let base = Query::select()
                .columns(table.columns())
                .from(Tables::Base.table(table))
                .and_where(self.is_here())
                .take();
            execute(&tx, &insert_from(fresh, table.columns(), base)).await?;
        }
        let sequence = self.sequence_on(&tx, CopyName::Base).await?;
        execute(&tx, &self.mark(CopyName::Fresh, sequence, now)).await?;
        tx.commit().await?;
        Ok(sequence)
    }

    /// Puts a page of the log into the fresh copy.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Missing`] when the directory is gone.
    pub async fn extend_fresh(&self, images: &Images, now: Timestamp) -> Result<(), StoreError> {
        let mut projection = self.open(&[]).await?;
        self.put(&mut projection, CopyName::Fresh, images, now).await?;
        projection.commit().await
    }

    /// A transaction that knows the directory and holds these lanes' logs.
    async fn open(&self, lanes: &[u16]) -> Result<BatchTx, StoreError> {
        let tx = match self.store.writers() {
            Some(writers) => Tx::Postgres(writers.begin(lanes, Hold::Whole).await?),
            None => Tx::Sqlite(self.store.begin().await?),
        };
        let mut projection = BatchTx::new(tx, self.store.dialect(), false);
        let opening = Opening {
            directories: &[self.directory],
            ..Opening::default()
        };
        projection.open(&opening).await?;
        if projection.directories.contains_key(&self.directory) {
            return Ok(projection);
        }
        projection.rollback().await?;
        Err(StoreError::Missing(format!("there is no directory {}", self.directory)))
    }

    /// Puts what a page of the log leaves into a copy, with its sequence.
    async fn put(
        &self,
        projection: &mut BatchTx,
        name: CopyName,
        images: &Images,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let facts = projection.directories.get(&self.directory);
        let policy = facts.map(|facts| facts.policy.clone()).unwrap_or_default();
        let tables = tables_of(name);
        let writes = [(self.directory, images.writes(&policy))];
        let dialect = projection.dialect;
        let mut all = departures(tables, images);
        all.extend(parts(tables, &writes, now)?);
        all.extend(self.arrivals(tables, images));
        one_by_one(&mut projection.tx, dialect, all).await?;
        let mark = self.mark(name, images.sequence, now);
        run(&mut projection.tx, dialect, &mark).await?;
        Ok(())
    }

    /// Memberships that ended or were made, and the groups that changed by that.
    fn arrivals(&self, tables: Tables, images: &Images) -> [Part; 3] {
        static MOVED: LazyLock<Columns> = LazyLock::new(|| {
            Columns::of([groups::Column::Id, groups::Column::UpdatedAt]).and(TIMES, ValueKind::BigInt)
        });
        let memberships = || images.memberships.iter();
        let ended = pairs(memberships().filter(|(_, state)| state.is_none()).map(|(pair, _)| pair));
        let mut made = no_members();
        for (pair, state) in memberships() {
            if let Some((kind, at)) = state {
                made.push(member_row(self.directory, *pair, *kind, *at));
            }
        }
        let mut moved = Rows::new(&MOVED);
        for (group, (times, at)) in &images.moved {
            moved.push([Id(*group).into(), Millis::from(*at).into(), (*times).into()]);
        }
        let part = |name, rows, write| Part {
            name,
            tables,
            rows,
            write,
        };
        [
            part("ended", ended, delete_pairs),
            part("made", made, insert_members),
            part("moved", moved, |_, tables, rows| raise_versions(&tables.groups(), rows)),
        ]
    }

    /// Says at which event a copy is true.
    fn mark(&self, name: CopyName, sequence: i64, now: Timestamp) -> InsertStatement {
        use log_copies::Column::{DirectoryId, Name, Sequence, UpdatedAt};
        let again = OnConflict::columns([DirectoryId, Name])
            .update_columns([Sequence, UpdatedAt])
            .to_owned();
        let mark = log_copies::ActiveModel {
            directory_id: Set(Id(self.directory)),
            name: Set(name),
            sequence: Set(sequence),
            updated_at: Set(now.into()),
        };
        log_copies::Entity::insert(mark).on_conflict(again).into_query()
    }

    /// That a row of any of the tables is of the directory.
    fn is_here(&self) -> Expr {
        Expr::col(users::Column::DirectoryId).eq(self.directory.uuid())
    }
}

/// How often a group's members changed.
const TIMES: &str = "times";

/// What is gone, with its memberships, whose end changes the groups.
fn departures(tables: Tables, images: &Images) -> Vec<Part> {
    type Write = fn(Dialect, Tables, TableRef) -> SubQueryStatement;
    let writes: [(&str, Write); 6] = [
        ("groups_left", raise_versions_of_left),
        ("left", |_, tables, rows| {
            delete_by(tables.members(), group_members::Column::MemberId, rows)
        }),
        ("emptied", |_, tables, rows| {
            delete_by(tables.members(), group_members::Column::GroupId, rows)
        }),
        ("emails_gone", |_, tables, rows| {
            delete_by(tables.emails(), user_emails::Column::UserId, rows)
        }),
        ("users_gone", |_, tables, rows| {
            delete_by(tables.users(), users::Column::Id, rows)
        }),
        ("groups_gone", |_, tables, rows| {
            delete_by(tables.groups(), groups::Column::Id, rows)
        }),
    ];
    let part = |(name, write)| Part {
        name,
        tables,
        rows: ids(&images.gone),
        write,
    };
    writes.into_iter().map(part).collect()
}

/// Raises the version of each group by the members that it loses.
fn raise_versions_of_left(_: Dialect, tables: Tables, rows: TableRef) -> SubQueryStatement {
    use group_members::Column::{GroupId, MemberId};
    let member = |column| Expr::col((MEMBER, column));
    let left = |rows: TableRef| -> SelectStatement {
        let id = Expr::col((ROWS, "id"));
        Query::select()
            .from_as(tables.members(), MEMBER)
            .join(JoinType::Join, rows, member(MemberId).eq(id))
            .take()
    };
    let group = |column| Expr::col((tables.groups(), column));
    let losses = left(rows.clone())
        .expr(count())
        .and_where(member(GroupId).eq(group(groups::Column::Id)))
        .take();
    let losing = left(rows).expr(member(GroupId)).take();
    let version = groups::Column::Version;
    Query::update()
        .table(tables.groups())
        .value(version, group(version).add(losses))
        .and_where(Expr::col(groups::Column::Id).in_subquery(losing))
        .take()
        .into()
}

/// A membership.
const MEMBER: &str = "m";

/// Raises the versions of groups as often as their members changed.
fn raise_versions(table: &DynIden, rows: TableRef) -> SubQueryStatement {
    use groups::Column::{Id, UpdatedAt, Version};
    let group = |column| Expr::col((table.clone(), column));
    let version = group(Version).add(Expr::col((ROWS, TIMES)));
    Query::update()
        .table(table.clone())
        .values([(Version, version), (UpdatedAt, Expr::col((ROWS, UpdatedAt)))])
        .from(rows)
        .and_where(group(Id).eq(Expr::col((ROWS, Id))))
        .take()
        .into()
}

/// Runs a statement; how many rows came back.
async fn run(tx: &mut Tx, dialect: Dialect, statement: &impl QueryStatementWriter) -> Result<usize, StoreError> {
    let (sql, values) = build(dialect, statement);
    Ok(tx.query(&sql, values).await?.len())
}
