//! The fresh copy takes the place of what is stored, where they differ.

use super::{LogCopies, run};
use crate::CopyName;
use crate::StoreError;
use crate::directory::projection::tables::{Table, Tables};
use db::entity::column::Millis;
use db::entity::{directory_counts, group_members, groups, log_copies, users};
use db::expr::{count, insert_from, number};
use events::Timestamp;
use sea_orm::ActiveEnum as _;
use sea_orm::sea_query::{
    BinOper, CaseStatement, DeleteStatement, DynIden, Expr, ExprTrait as _, InsertStatement, IntoIden, Query,
    SelectStatement, TableRef, UpdateStatement,
};

/// What a rebuild changed, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebuildReport {
    /// The last event that is contained.
    pub sequence: i64,
    /// Users that were wrong or too many.
    pub users_removed: usize,
    /// Users that were wrong or missing.
    pub users_written: usize,
    /// Groups that were wrong or too many.
    pub groups_removed: usize,
    /// Groups that were wrong or missing.
    pub groups_written: usize,
    /// Memberships that were wrong or too many.
    pub members_removed: usize,
    /// Memberships that were wrong or missing.
    pub members_written: usize,
}

impl RebuildReport {
    /// Whether everything was as the log tells it.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.users_removed == 0
            && self.users_written == 0
            && self.groups_removed == 0
            && self.groups_written == 0
            && self.members_removed == 0
            && self.members_written == 0
    }
}

impl LogCopies<'_> {
    /// Replaces what is stored of the directory by the fresh copy, where they differ, and drops the copy, all in one
    /// transaction that holds the lane's log. `None` when the log has gone on: the copy must be extended first. With
    /// `dry_run` nothing is changed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn swap(&self, lane: u16, dry_run: bool, now: Timestamp) -> Result<Option<RebuildReport>, StoreError> {
        let mut projection = self.open(&[lane]).await?;
        let last = projection.directories.get(&self.directory).map(|facts| facts.last);
        let sequence = self.sequence(CopyName::Fresh).await?;
        if last != Some(sequence) {
            projection.rollback().await?;
            return Ok(None);
        }
        let dialect = projection.dialect;
        let tx = &mut projection.tx;
        run(tx, dialect, &self.keep_versions(now)).await?;
        let (mut removed, mut written) = ([0; 4], [0; 4]);
        for (removed, table) in removed.iter_mut().zip(Table::ALL) {
            *removed = run(tx, dialect, &self.remove(table)).await?;
        }
        for (written, table) in written.iter_mut().zip(Table::ALL) {
            *written = run(tx, dialect, &self.write(table)).await?;
        }
        run(tx, dialect, &self.count()).await?;
        for table in Table::ALL {
            let copied = Query::delete()
                .from_table(Tables::Fresh.table(table))
                .and_where(self.is_here())
                .take();
            run(tx, dialect, &copied).await?;
        }
        let forget = Query::delete()
            .from_table(log_copies::Entity)
            .and_where(Expr::col(log_copies::Column::Name).eq(CopyName::Fresh.to_value()))
            .and_where(self.is_here())
            .take();
        run(tx, dialect, &forget).await?;
        if dry_run {
            projection.rollback().await?;
        } else {
            projection.commit().await?;
        }
        // E-mail rows only repeat what the users' rows say.
        Ok(Some(RebuildReport {
            sequence,
            users_removed: removed[0].max(removed[1]),
            users_written: written[0].max(written[1]),
            groups_removed: removed[2],
            groups_written: written[2],
            members_removed: removed[3],
            members_written: written[3],
        }))
    }

    /// Counts again what is kept as numbers.
    fn count(&self) -> UpdateStatement {
        use directory_counts::Column::{ActiveUsers, DirectoryId, Groups, Users};
        let of_it = |table: Table| {
            let is_here = Expr::col((ROW, users::Column::DirectoryId));
            Query::select()
                .expr(count())
                .from_as(Tables::Live.table(table), ROW)
                .and_where(is_here.eq(Expr::col((directory_counts::Entity, DirectoryId))))
                .take()
        };
        let active = of_it(Table::Users)
            .and_where(Expr::col((ROW, users::Column::Active)))
            .take();
        Query::update()
            .table(directory_counts::Entity)
            .values([
                (Users, of_it(Table::Users).into()),
                (ActiveUsers, active.into()),
                (Groups, of_it(Table::Groups).into()),
            ])
            .and_where(self.is_here())
            .take()
    }

    /// A change of members raises a group's version without an image in the log, so the log cannot tell it exactly: a group
    /// that is stored as the log tells it keeps its version, and one that is not gets a higher one than it ever had.
    fn keep_versions(&self, now: Timestamp) -> UpdateStatement {
        use groups::Column::{DirectoryId, Id, Resource, UpdatedAt, Version};
        let copied = |column| Expr::col((Tables::Fresh.groups(), column));
        let stored = |column| Expr::col((ROW, column));
        let is_same = || stored(Resource).eq(copied(Resource));
        let version = CaseStatement::new()
            .case(is_same(), stored(Version))
            .case(stored(Version).gte(copied(Version)), stored(Version).add(number(1)))
            .finally(copied(Version));
        let updated_at = Expr::case(is_same(), stored(UpdatedAt)).finally(Millis::from(now));
        Query::update()
            .table(Tables::Fresh.groups())
            .values([(Version, version.into()), (UpdatedAt, updated_at.into())])
            .from(TableRef::from(Tables::Live.groups()).alias(ROW))
            .and_where(stored(Id).eq(copied(Id)))
            .and_where(copied(DirectoryId).eq(self.directory.uuid()))
            .and_where(stored(DirectoryId).eq(copied(DirectoryId)))
            .take()
    }

    /// Deletes rows that are not in the copy, or are there with other values.
    fn remove(&self, table: Table) -> DeleteStatement {
        let live = Tables::Live.table(table);
        // When a membership began is no part of what it is.
        let when: DynIden = group_members::Column::AddedAt.into_iden();
        let compared = table.columns().into_iter().filter(|column| *column != when);
        let is_same = BinOper::Custom("IS NOT DISTINCT FROM");
        let mut same = copied(table);
        for column in compared {
            let stored = Expr::col((live.clone(), column.clone()));
            same.and_where(Expr::col((COPY, column)).binary(is_same, stored));
        }
        Query::delete()
            .from_table(live)
            .and_where(self.is_here())
            .and_where(Expr::exists(same.expr(number(1)).take()).not())
            .returning(Query::returning().columns(table.key()))
            .take()
    }

    /// Writes rows of the copy that are not there.
    fn write(&self, table: Table) -> InsertStatement {
        let live = Tables::Live.table(table);
        let mut same = Query::select();
        same.expr(number(1)).from_as(live.clone(), ROW);
        for column in table.key() {
            same.and_where(Expr::col((ROW, column.clone())).equals((COPY, column)));
        }
        let missing = copied(table)
            .columns(table.columns().into_iter().map(|column| (COPY, column)))
            .and_where(Expr::col((COPY, users::Column::DirectoryId)).eq(self.directory.uuid()))
            .and_where(Expr::exists(same).not())
            .take();
        insert_from(live, table.columns(), missing)
            .returning(Query::returning().columns(table.key()))
            .take()
    }
}

/// A stored row, and one of the copy.
const ROW: &str = "x";
const COPY: &str = "f";

fn copied(table: Table) -> SelectStatement {
    Query::select().from_as(Tables::Fresh.table(table), COPY).take()
}
