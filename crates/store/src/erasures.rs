//! Erasing persons: from the log, from what is to be sent, and from what receivers answered.
//!
//! An erasure is a row with its progress, worked off in bounded steps that each commit. It goes over everything twice:
//! once at once, and once an hour later for what was still on its way through the bus the first time.

use crate::rows::{Column, row_set};
use crate::sql::{IDS, Row, exec, json_id, json_ids, query_all, query_one};
use crate::{Dialect, Store, StoreError};
use events::{DirectoryId, ResourceId, Timestamp};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Events or deliveries looked at in one step.
const WINDOW: i64 = 2_000;
/// When the second pass comes after the first.
const AGAIN: Duration = Duration::from_secs(60 * 60);
const PASSES: i32 = 2;

/// An erasure that is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Of whose directory.
    pub directory_id: DirectoryId,
    /// Who.
    pub user_id: ResourceId,
}

/// The erasures.
#[derive(Clone, Copy, Debug)]
pub struct Erasures<'a> {
    store: &'a Store,
}

impl Store {
    /// The erasures.
    #[must_use]
    pub const fn erasures(&self) -> Erasures<'_> {
        Erasures { store: self }
    }
}

/// A text that holds the person.
struct Found {
    id: Uuid,
    body: String,
}

impl Erasures<'_> {
    /// Asks for an erasure, again from the beginning when there was one before.
    ///
    /// # Errors
    /// As any write.
    pub async fn start(&self, erasure: Erasure, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO erasures (directory_id, user_id, due_at, created_at) VALUES ($1, $2, $3, $3) \
                   ON CONFLICT (directory_id, user_id) DO UPDATE SET sequence = 0, after_id = NULL, passes = 0, \
                   due_at = excluded.due_at";
        let values = [
            erasure.directory_id.uuid().into(),
            erasure.user_id.uuid().into(),
            now.millis().into(),
        ];
        exec(self.store.write(), sql, values).await.map(|_| ())
    }

    /// Whether there ever was such a user: it was erased before, or the log tells of its deletion.
    ///
    /// # Errors
    /// As any query.
    pub async fn knows(&self, erasure: Erasure) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS found FROM erasures WHERE directory_id = $1 AND user_id = $2 \
                   UNION ALL SELECT 1 FROM events WHERE directory_id = $1 AND type = 'user.deleted' AND subject_id = $2 \
                   LIMIT 1";
        let values = [erasure.directory_id.uuid().into(), erasure.user_id.uuid().into()];
        Ok(query_one(self.store.read(), sql, values).await?.is_some())
    }

    /// Erasures that something is to be done for now.
    ///
    /// # Errors
    /// As any query.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Erasure>, StoreError> {
        let sql = "SELECT directory_id, user_id FROM erasures WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
        query_all(self.store.read(), sql, [now.millis().into(), i64::from(limit).into()])
            .await?
            .iter()
            .map(|row| {
                Ok(Erasure {
                    directory_id: row.id("directory_id")?,
                    user_id: row.id("user_id")?,
                })
            })
            .collect()
    }

    /// One step; `true` when the pass is over and nothing is left of the person.
    ///
    /// # Errors
    /// As any write; the step did not happen then.
    pub async fn step(&self, erasure: Erasure, now: Timestamp) -> Result<bool, StoreError> {
        let tx = self.store.begin().await?;
        let step = Step {
            tx: &tx,
            dialect: self.store.dialect(),
            erasure,
        };
        let done = step.run(now).await?;
        tx.commit().await?;
        Ok(done)
    }
}

struct Step<'a> {
    tx: &'a DatabaseTransaction,
    dialect: Dialect,
    erasure: Erasure,
}

impl Step<'_> {
    async fn run(&self, now: Timestamp) -> Result<bool, StoreError> {
        let lock = if self.dialect == Dialect::Postgres {
            " FOR UPDATE"
        } else {
            ""
        };
        let sql = format!(
            "SELECT sequence, after_id, passes, due_at FROM erasures WHERE directory_id = $1 AND user_id = $2{lock}"
        );
        let Some(row) = query_one(self.tx, &sql, self.key()).await? else {
            return Ok(true);
        };
        if row.opt_time("due_at")?.is_none_or(|due| due > now) {
            return Ok(true);
        }
        let (sequence, after): (i64, Option<Uuid>) = (row.get("sequence")?, row.get("after_id")?);
        let last = "SELECT last FROM sequences WHERE directory_id = $1";
        let last: i64 = match query_one(self.tx, last, [self.erasure.directory_id.uuid().into()]).await? {
            Some(row) => row.get("last")?,
            None => 0,
        };
        self.base().await?;
        if sequence < last {
            self.log(sequence).await?;
            self.save("sequence = $3", (sequence + WINDOW).min(last).into()).await?;
            return Ok(false);
        }
        if let Some(next) = self.bodies(after).await? {
            self.save("after_id = $3", next.into()).await?;
            return Ok(false);
        }
        let passes = row.get::<i32>("passes")? + 1;
        let due = (passes < PASSES).then(|| now.plus(AGAIN).millis());
        let sql = "UPDATE erasures SET sequence = 0, after_id = NULL, passes = $3, due_at = $4 \
                   WHERE directory_id = $1 AND user_id = $2";
        let [directory, user] = self.key();
        exec(self.tx, sql, [directory, user, passes.into(), due.into()]).await?;
        Ok(true)
    }

    fn key(&self) -> [sea_orm::Value; 2] {
        [
            self.erasure.directory_id.uuid().into(),
            self.erasure.user_id.uuid().into(),
        ]
    }

    async fn save(&self, what: &str, value: sea_orm::Value) -> Result<(), StoreError> {
        let sql = format!("UPDATE erasures SET {what} WHERE directory_id = $1 AND user_id = $2");
        let [directory, user] = self.key();
        exec(self.tx, &sql, [directory, user, value]).await.map(|_| ())
    }

    /// What the beginning of the log left of the person.
    async fn base(&self) -> Result<(), StoreError> {
        for (table, column) in [
            ("group_members_base", "member_id"),
            ("user_emails_base", "user_id"),
            ("users_base", "id"),
        ] {
            let sql = format!("DELETE FROM {table} WHERE directory_id = $1 AND {column} = $2");
            exec(self.tx, &sql, self.key()).await?;
        }
        Ok(())
    }

    fn pattern(&self) -> String {
        format!("%{}%", self.erasure.user_id)
    }

    /// A stretch of the log.
    async fn log(&self, after: i64) -> Result<(), StoreError> {
        let sql = "SELECT id, body FROM events WHERE directory_id = $1 AND sequence > $2 AND sequence <= $3 \
                   AND body LIKE $4";
        let values = [
            self.erasure.directory_id.uuid().into(),
            after.into(),
            (after + WINDOW).into(),
            self.pattern().into(),
        ];
        let rows = query_all(self.tx, sql, values).await?;
        let found = rows.iter().map(|row| found(row, "id")).collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<Uuid> = found.iter().map(|found| found.id).collect();
        // Events about the person are told as what they have become.
        self.rewrite(
            "events",
            "id",
            "type = CASE WHEN r.gone THEN 'user.deleted' ELSE type END, ",
            found,
        )
        .await?;
        self.forget_answers(
            "SELECT d.id FROM endpoints p JOIN deliveries d ON d.endpoint_id = p.id WHERE d.event_id IN",
            ids,
        )
        .await
    }

    /// A stretch of the bodies that deliveries have of their own; where the next one begins, if there is more.
    async fn bodies(&self, after: Option<Uuid>) -> Result<Option<Uuid>, StoreError> {
        let sql = "SELECT delivery_id, CASE WHEN body LIKE $4 THEN body END AS body FROM delivery_bodies \
                   WHERE directory_id = $1 AND delivery_id > $2 ORDER BY delivery_id LIMIT $3";
        let values = [
            self.erasure.directory_id.uuid().into(),
            after.unwrap_or_default().into(),
            WINDOW.into(),
            self.pattern().into(),
        ];
        let rows = query_all(self.tx, sql, values).await?;
        let mut hits = Vec::new();
        let mut last = None;
        for row in &rows {
            let id: Uuid = row.get("delivery_id")?;
            last = Some(id);
            if let Some(body) = row.get::<Option<String>>("body")? {
                hits.push(Found { id, body });
            }
        }
        let ids: Vec<Uuid> = hits.iter().map(|found| found.id).collect();
        self.rewrite("delivery_bodies", "delivery_id", "", hits).await?;
        self.forget_answers("SELECT d.id FROM deliveries d WHERE d.id IN", ids)
            .await?;
        Ok(last)
    }

    /// Writes the bodies without the person.
    async fn rewrite(&self, table: &str, key: &str, more: &str, found: Vec<Found>) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(found.len());
        for Found { id, body } in found {
            let erased = directory::erase(&body, self.erasure.user_id).map_err(StoreError::corrupt)?;
            if let Some(erased) = erased {
                let id = json_id(self.dialect, id);
                rows.push(json!({ "id": id, "body": erased.body, "gone": erased.is_tombstone }));
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let columns = [("id", Column::Id), ("body", Column::Text), ("gone", Column::Bool)];
        let set = row_set(self.dialect, 1, "r", &columns);
        let sql = format!("UPDATE {table} SET {more}body = r.body FROM {set} WHERE {table}.{key} = r.id");
        exec(self.tx, &sql, [Value::Array(rows).to_string().into()])
            .await
            .map(|_| ())
    }

    /// What receivers answered may repeat what they were sent.
    async fn forget_answers(&self, deliveries: &str, ids: Vec<Uuid>) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids = json_ids(self.dialect, ids);
        // The last success is in the delivery itself.
        for (table, key) in [("attempts", "delivery_id"), ("deliveries", "id")] {
            let sql = |ids: &str| {
                format!(
                    "UPDATE {table} SET response_head = NULL WHERE response_head IS NOT NULL AND {key} IN ({deliveries} ({ids}))"
                )
            };
            let (postgres, sqlite) = (sql(IDS.0), sql(IDS.1));
            exec(self.tx, (postgres.as_str(), sqlite.as_str()), [ids.clone().into()]).await?;
        }
        Ok(())
    }
}

fn found(row: &QueryResult, key: &str) -> Result<Found, StoreError> {
    Ok(Found {
        id: row.get(key)?,
        body: row.get("body")?,
    })
}
