//! The inbox: one row per command id, and the first to write it decides.
//!
//! The projector writes the verdict in the transaction of the change; a sender that got no answer writes *abandoned*.
//! The one that commits first is the truth: the other one's insert finds the row there.

use crate::{Dialect, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::inbox;
use db::expr::{insert_from, truth};
use db::rows::{Columns, Rows, is_one_of_ids};
use db::send::{execute, fetch_all, fetch_one};
use events::{CommandId, Outcome, ResourceId, Timestamp, Verdict};
use sea_orm::sea_query::{Expr, InsertStatement, OnConflict, Query, TableRef};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, Iterable as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Set,
};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The status of a command that its sender gave up; other numbers are the HTTP status of the answer.
const ABANDONED: i16 = 0;

/// How a command was settled.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// The command is marked abandoned: it can never be applied.
    Abandoned,
    /// The projector was first; this is its verdict.
    Verdict(Outcome),
}

/// The inbox of all commands.
#[derive(Clone, Copy, Debug)]
pub struct Inbox<'a> {
    store: &'a Store,
}

impl Store {
    /// The verdicts of commands.
    #[must_use]
    pub const fn inbox(&self) -> Inbox<'_> {
        Inbox { store: self }
    }
}

impl Inbox<'_> {
    /// Gives a command up, unless it has a verdict. Waits for a transaction that is just claiming it, so the answer
    /// is exact.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database did not answer: the outcome is then unknown.
    pub async fn settle(&self, command: CommandId, now: Timestamp) -> Result<Settlement, StoreError> {
        let claim = inbox::Entity::insert(inbox::ActiveModel {
            command_id: Set(command.into()),
            status: Set(ABANDONED),
            result: Set(None),
            created_at: Set(now.into()),
        })
        .on_conflict(OnConflict::column(inbox::Column::CommandId).do_nothing().to_owned());
        if execute(self.store.write(), claim.as_query()).await? == 1 {
            return Ok(Settlement::Abandoned);
        }
        let settled = inbox::Entity::find_by_id(command);
        let row: Option<inbox::Model> = fetch_one(self.store.write(), settled.as_query()).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("a verdict vanished from the inbox"))?;
        match from_row(command, row.status.into(), row.result.as_deref())?.outcome {
            Outcome::Abandoned => Ok(Settlement::Abandoned),
            outcome => Ok(Settlement::Verdict(outcome)),
        }
    }

    /// The verdict of a command, if there is one by now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn verdict(&self, command: CommandId) -> Result<Option<Verdict>, StoreError> {
        Ok(self.store.verdicts(&[command]).await?.pop())
    }

    /// Removes verdicts older than `before`, at most `limit` of them; how many went.
    ///
    /// # Errors
    /// What the database says.
    pub async fn prune(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let old = inbox::Entity::find()
            .select_only()
            .column(inbox::Column::CommandId)
            .filter(inbox::Column::CreatedAt.lt(Millis::from(before)))
            .order_by_asc(inbox::Column::CreatedAt)
            .limit(u64::from(limit));
        let pruned = inbox::Entity::delete_many().filter(inbox::Column::CommandId.in_subquery(old.into_query()));
        execute(self.store.write(), pruned.as_query()).await
    }
}

/// Verdicts as they are stored, for [`claim`].
pub(crate) fn rows(verdicts: &[Verdict], now: Timestamp) -> Rows {
    static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns::of(inbox::Column::iter()));
    let mut rows = Rows::new(&COLUMNS);
    for verdict in verdicts {
        let (status, result) = to_row(&verdict.outcome);
        rows.push([
            Id(verdict.command_id).into(),
            status.into(),
            result.map(|result| result.to_string()).into(),
            Millis::from(now).into(),
        ]);
    }
    rows
}

/// Writes the verdicts of a table `r`, and gives a row for each command that had none.
pub(crate) fn claim(verdicts: TableRef) -> InsertStatement {
    let columns = || inbox::Column::iter();
    let rows = Query::select()
        .columns(columns().map(|column| ("r", column)))
        .from(verdicts)
        .and_where(truth(true))
        .take();
    insert_from(inbox::Entity, columns(), rows)
        .on_conflict(OnConflict::column(inbox::Column::CommandId).do_nothing().to_owned())
        .returning(Query::returning().column(inbox::Column::CommandId))
        .take()
}

/// The verdicts that exist among these commands.
pub(crate) async fn verdicts<C: ConnectionTrait>(
    connection: &C,
    dialect: Dialect,
    commands: &[CommandId],
) -> Result<Vec<Verdict>, StoreError> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let these = is_one_of_ids(dialect, Expr::col(inbox::Column::CommandId), commands.iter().copied());
    let verdicts = inbox::Entity::find().filter(these);
    let rows: Vec<inbox::Model> = fetch_all(connection, verdicts.as_query()).await?;
    rows.into_iter()
        .map(|row| from_row(row.command_id.0, row.status.into(), row.result.as_deref()))
        .collect()
}

/// Status 0 means abandoned; other numbers are the HTTP status of the answer.
fn to_row(outcome: &Outcome) -> (i16, Option<Value>) {
    let applied = |created: bool, id: ResourceId, version: i64| {
        (
            if created { 201 } else { 200 },
            Some(json!({ "id": id, "version": version })),
        )
    };
    match outcome {
        Outcome::Stored { created, resource } => applied(*created, resource.id, resource.version),
        Outcome::Applied {
            created,
            resource_id,
            version,
        } => applied(*created, *resource_id, *version),
        Outcome::Deleted => (204, None),
        Outcome::Refused {
            status,
            scim_type,
            detail,
        } => (
            i16::try_from(*status).unwrap_or(i16::MAX),
            Some(json!({ "scim_type": scim_type, "detail": detail })),
        ),
        Outcome::Abandoned => (ABANDONED, None),
    }
}

/// A verdict from what is stored of it.
pub(crate) fn from_row(command_id: CommandId, status: i64, result: Option<&str>) -> Result<Verdict, StoreError> {
    let status = u16::try_from(status).map_err(|_| StoreError::corrupt("status of a verdict"))?;
    let result: Value = match result {
        Some(text) => serde_json::from_str(text).map_err(StoreError::corrupt)?,
        None => Value::Null,
    };
    let text = |key: &str| result.get(key).and_then(Value::as_str);
    let outcome = match status {
        0 => Outcome::Abandoned,
        204 => Outcome::Deleted,
        200 | 201 => Outcome::Applied {
            created: status == 201,
            resource_id: text("id")
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| StoreError::corrupt("id of a verdict"))?,
            version: result.get("version").and_then(Value::as_i64).unwrap_or_default(),
        },
        _ => Outcome::Refused {
            status,
            scim_type: text("scim_type").map(str::to_owned),
            detail: text("detail").unwrap_or_default().to_owned(),
        },
    };
    Ok(Verdict { command_id, outcome })
}
