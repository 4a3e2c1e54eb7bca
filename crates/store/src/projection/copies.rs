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

use super::save::rows::{LIVE, MEMBERS, Tables, insert_members, parts};
use super::save::{Part, one_by_one};
use super::{BatchTx, Opening, Tx};
use crate::rows::{Column, Params, RowSet};
use crate::session::Hold;
use crate::sql::{Row, exec, query_one};
use crate::{Dialect, Store, StoreError};
use directory::Images;
use events::{DirectoryId, ResourceKind, Timestamp};
use sea_orm::{DeriveActiveEnum, EnumIter};

/// Which copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum CopyName {
    /// The state at which the kept log begins.
    Base,
    /// What a rebuild puts together.
    Fresh,
}

impl CopyName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Fresh => "fresh",
        }
    }

    const fn tables(self) -> Tables {
        match self {
            Self::Base => Tables {
                users: "users_base",
                emails: "user_emails_base",
                groups: "groups_base",
                members: "group_members_base",
            },
            Self::Fresh => Tables {
                users: "users_fresh",
                emails: "user_emails_fresh",
                groups: "groups_fresh",
                members: "group_members_fresh",
            },
        }
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
        let sql = "SELECT sequence FROM log_copies WHERE directory_id = $1 AND name = $2";
        let values = [self.directory.uuid().into(), name.as_str().into()];
        let row = query_one(self.store.read(), sql, values).await?;
        row.map_or(Ok(0), |row| row.get("sequence"))
    }

    /// Begins a fresh copy with the base, whatever was there before; the sequence at which it is true.
    ///
    /// # Errors
    /// What the database says.
    pub async fn begin_fresh(&self, now: Timestamp) -> Result<i64, StoreError> {
        let tx = self.store.begin().await?;
        let id = || [self.directory.uuid().into()];
        let (base, fresh) = (CopyName::Base.tables(), CopyName::Fresh.tables());
        for (from, to) in pairs(base, fresh) {
            exec(&tx, &format!("DELETE FROM {to} WHERE directory_id = $1"), id()).await?;
            let columns = columns(to, fresh).join(", ");
            let sql = format!("INSERT INTO {to} ({columns}) SELECT {columns} FROM {from} WHERE directory_id = $1");
            exec(&tx, &sql, id()).await?;
        }
        let sequence = "SELECT sequence FROM log_copies WHERE directory_id = $1 AND name = 'base'";
        let sequence: i64 = match query_one(&tx, sequence, id()).await? {
            Some(row) => row.get("sequence")?,
            None => 0,
        };
        let sql = "INSERT INTO log_copies (directory_id, name, sequence, updated_at) VALUES ($1, 'fresh', $2, $3) \
                   ON CONFLICT (directory_id, name) DO UPDATE SET sequence = excluded.sequence, \
                   updated_at = excluded.updated_at";
        exec(
            &tx,
            sql,
            [self.directory.uuid().into(), sequence.into(), now.millis().into()],
        )
        .await?;
        tx.commit().await?;
        Ok(sequence)
    }

    /// Puts a page of the log into the fresh copy.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Invalid`] when the directory is gone.
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
        Err(StoreError::Invalid(format!("there is no directory {}", self.directory)))
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
        let tables = name.tables();
        let writes = [(self.directory, images.writes(&policy))];
        let mut all = self.departures(tables, images);
        all.extend(parts(projection.dialect, tables, &writes, now)?);
        all.extend(self.arrivals(tables, images));
        all.push(self.mark(name, images.sequence, now));
        one_by_one(&mut projection.tx, projection.dialect, all).await?;
        Ok(())
    }

    /// What is gone, with its memberships, whose end changes the groups.
    fn departures(&self, tables: Tables, images: &Images) -> Vec<Part> {
        let gone = || {
            let mut set = RowSet::new(&[("id", Column::Id)]);
            for id in &images.gone {
                set.push(vec![id.uuid().into()]);
            }
            set
        };
        let Tables {
            users,
            emails,
            groups,
            members,
        } = tables;
        let left = format!("SELECT m.group_id FROM {members} m JOIN {{rows}} ON m.member_id = r.id");
        let sql = [
            (
                "groups_left",
                format!(
                    "UPDATE {groups} SET version = version + \
                     (SELECT COUNT(*) FROM {members} m JOIN {{rows}} ON m.member_id = r.id WHERE m.group_id = {groups}.id) \
                     WHERE id IN ({left})"
                ),
            ),
            (
                "left",
                format!("DELETE FROM {members} WHERE member_id IN (SELECT r.id FROM {{rows}})"),
            ),
            (
                "emptied",
                format!("DELETE FROM {members} WHERE group_id IN (SELECT r.id FROM {{rows}})"),
            ),
            (
                "emails_gone",
                format!("DELETE FROM {emails} WHERE user_id IN (SELECT r.id FROM {{rows}})"),
            ),
            (
                "users_gone",
                format!("DELETE FROM {users} WHERE id IN (SELECT r.id FROM {{rows}})"),
            ),
            (
                "groups_gone",
                format!("DELETE FROM {groups} WHERE id IN (SELECT r.id FROM {{rows}})"),
            ),
        ];
        sql.into_iter()
            .map(|(name, sql)| Part { name, set: gone(), sql })
            .collect()
    }

    /// Memberships that ended or were made, and the groups that changed by that.
    fn arrivals(&self, tables: Tables, images: &Images) -> [Part; 3] {
        let mut ended = RowSet::new(&[("group_id", Column::Id), ("member_id", Column::Id)]);
        let mut made = RowSet::new(MEMBERS);
        for ((group, member), state) in &images.memberships {
            match state {
                None => ended.push(vec![group.uuid().into(), member.uuid().into()]),
                Some((kind, at)) => made.push(vec![
                    self.directory.uuid().into(),
                    group.uuid().into(),
                    member.uuid().into(),
                    i64::from(*kind == ResourceKind::Group).into(),
                    at.millis().into(),
                ]),
            }
        }
        let mut moved = RowSet::new(&[("id", Column::Id), ("times", Column::Int), ("at", Column::Int)]);
        for (group, (times, at)) in &images.moved {
            moved.push(vec![group.uuid().into(), (*times).into(), at.millis().into()]);
        }
        let Tables { groups, members, .. } = tables;
        [
            Part {
                name: "ended",
                set: ended,
                sql: format!(
                    "DELETE FROM {members} WHERE (group_id, member_id) IN (SELECT r.group_id, r.member_id FROM {{rows}})"
                ),
            },
            Part {
                name: "made",
                set: made,
                sql: insert_members(tables),
            },
            Part {
                name: "moved",
                set: moved,
                sql: format!(
                    "UPDATE {groups} SET version = version + r.times, updated_at = r.at FROM {{rows}} \
                     WHERE {groups}.id = r.id"
                ),
            },
        ]
    }

    fn mark(&self, name: CopyName, sequence: i64, now: Timestamp) -> Part {
        let mut set = RowSet::new(&[
            ("directory_id", Column::Id),
            ("name", Column::Text),
            ("sequence", Column::Int),
            ("updated_at", Column::Int),
        ]);
        set.push(vec![
            self.directory.uuid().into(),
            name.as_str().into(),
            sequence.into(),
            now.millis().into(),
        ]);
        Part {
            name: "marked",
            set,
            sql: "INSERT INTO log_copies (directory_id, name, sequence, updated_at) \
                  SELECT r.directory_id, r.name, r.sequence, r.updated_at FROM {rows} WHERE true \
                  ON CONFLICT (directory_id, name) DO UPDATE SET sequence = excluded.sequence, \
                  updated_at = excluded.updated_at"
                .to_owned(),
        }
    }
}

/// The tables of two sets, one beside the other.
const fn pairs(a: Tables, b: Tables) -> [(&'static str, &'static str); 4] {
    [
        (a.users, b.users),
        (a.emails, b.emails),
        (a.groups, b.groups),
        (a.members, b.members),
    ]
}

/// The columns of one table of a set.
fn columns(table: &str, of: Tables) -> Vec<&'static str> {
    use super::save::rows::{EMAILS, GROUPS, USERS};
    let columns = match table {
        table if table == of.users => USERS,
        table if table == of.emails => EMAILS,
        table if table == of.groups => GROUPS,
        _ => MEMBERS,
    };
    columns.iter().map(|(name, _)| *name).collect()
}

/// A parameter that is one id, to be used as `IN (SELECT r.id FROM …)`.
fn one(params: &mut Params, directory: DirectoryId) -> String {
    let mut set = RowSet::new(&[("id", Column::Id)]);
    set.push(vec![directory.uuid().into()]);
    params.rows("r", set)
}

/// Runs a statement about one directory, whose id stands in it as `{directory}`; how many rows came back.
async fn run(tx: &mut Tx, dialect: Dialect, directory: DirectoryId, sql: &str) -> Result<usize, StoreError> {
    let mut params = Params::new(dialect);
    let set = one(&mut params, directory);
    let sql = sql.replace("{directory}", &format!("(SELECT r.id FROM {set})"));
    Ok(tx.query(&sql, params).await?.len())
}
