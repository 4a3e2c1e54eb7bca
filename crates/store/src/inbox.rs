//! The inbox: one row per command id, and the first to write it decides.
//!
//! The projector writes the verdict in the transaction of the change; a sender that got no answer writes *abandoned*.
//! The one that commits first is the truth: the other one's insert finds the row there.

use crate::entity::inbox;
use crate::rows::{Column, RowSet};
use crate::send::{execute, fetch_one};
use crate::sql::{Row, exec, json_ids, of_ids, query_all};
use crate::{Dialect, Store, StoreError};
use events::{CommandId, Outcome, ResourceId, Timestamp, Verdict};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait as _, QueryTrait as _, Set};
use serde_json::{Value, json};

/// The status of a command that its sender gave up; other numbers are the HTTP status of the answer.
const ABANDONED: i16 = 0;

/// What settling a command came to.
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

    /// Removes verdicts older than `before`, at most `limit` of them; how many went.
    ///
    /// # Errors
    /// What the database says.
    pub async fn prune(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = "DELETE FROM inbox WHERE command_id IN \
                   (SELECT command_id FROM inbox WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
        exec(
            self.store.write(),
            sql,
            [before.millis().into(), i64::from(limit).into()],
        )
        .await
    }
}

/// Verdicts as they are stored.
pub(crate) fn rows(verdicts: &[Verdict], now: Timestamp) -> RowSet {
    let mut set = RowSet::new(&[
        ("command_id", Column::Id),
        ("status", Column::Int),
        ("result", Column::Text),
        ("created_at", Column::Int),
    ]);
    for verdict in verdicts {
        let (status, result) = to_row(&verdict.outcome);
        set.push(vec![
            verdict.command_id.uuid().into(),
            i64::from(status).into(),
            result.map(|result| result.to_string()).into(),
            now.millis().into(),
        ]);
    }
    set
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
    let sql = of_ids("command_id", |these| {
        format!("SELECT command_id, CAST(status AS bigint) AS status, result FROM inbox WHERE {these}")
    });
    let ids = json_ids(dialect, commands.iter().map(|id| id.uuid()));
    let rows = query_all(connection, &sql, [ids.into()]).await?;
    rows.iter().map(verdict).collect()
}

/// Status 0 means abandoned; other numbers are the HTTP status of the answer.
fn to_row(outcome: &Outcome) -> (u16, Option<Value>) {
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
        } => (*status, Some(json!({ "scim_type": scim_type, "detail": detail }))),
        Outcome::Abandoned => (0, None),
    }
}

fn verdict(row: &sea_orm::QueryResult) -> Result<Verdict, StoreError> {
    let result: Option<String> = row.get("result")?;
    from_row(row.id("command_id")?, row.get("status")?, result.as_deref())
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
