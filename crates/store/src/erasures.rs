//! Erasing persons: from the log, from what is to be sent, and from what receivers answered.
//!
//! An erasure is a row with its progress, worked off in bounded steps that each commit. It goes over everything twice:
//! once at once, and once an hour later for what was still on its way through the bus the first time.

use crate::entity::column::{Id, Millis};
use crate::entity::copies::CopyTable;
use crate::entity::erasures::{ActiveModel, Column as Progress, Entity, Model};
use crate::entity::{group_members, sequences, user_emails, users};
use crate::rows::{Column, row_set};
use crate::send::{execute, fetch_all, fetch_one};
use crate::sql::{IDS, Row, exec, json_id, json_ids, query_all, query_one};
use crate::{Dialect, Store, StoreError};
use events::{DeliveryId, DirectoryId, ResourceId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden as _, OnConflict, Query};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, DerivePartialModel, EntityTrait as _, PartialModelTrait as _,
    QueryFilter as _, QueryOrder as _, QueryResult, QuerySelect as _, QueryTrait as _, Set,
};
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
        let again = OnConflict::columns([Progress::DirectoryId, Progress::UserId])
            .value(Progress::Sequence, 0)
            .value(Progress::AfterId, Option::<uuid::Uuid>::None)
            .value(Progress::Passes, 0)
            .update_column(Progress::DueAt)
            .to_owned();
        let started = Entity::insert(ActiveModel {
            directory_id: Set(erasure.directory_id.into()),
            user_id: Set(erasure.user_id.into()),
            due_at: Set(Some(now.into())),
            created_at: Set(now.into()),
            ..ActiveModel::default()
        })
        .on_conflict(again);
        execute(self.store.write(), started.as_query()).await?;
        Ok(())
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
        let due = Entity::find()
            .filter(Progress::DueAt.lte(Millis::from(now)))
            .order_by_asc(Progress::DueAt)
            .limit(u64::from(limit))
            .select_only();
        let rows: Vec<Due> = fetch_all(self.store.read(), Due::select_cols(due).as_query()).await?;
        let erasure = |row: Due| Erasure {
            directory_id: row.directory_id.0,
            user_id: row.user_id.0,
        };
        Ok(rows.into_iter().map(erasure).collect())
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
        let Erasure { directory_id, user_id } = self.erasure;
        let held = Entity::find_by_id((Id(directory_id), Id(user_id))).lock_exclusive();
        let row: Option<Model> = fetch_one(self.tx, held.as_query()).await?;
        let Some(row) = row.filter(|row| row.due_at.is_some_and(|due| due <= Millis::from(now))) else {
            return Ok(true);
        };
        let log = sequences::Entity::find_by_id(directory_id);
        let log: Option<sequences::Model> = fetch_one(self.tx, log.as_query()).await?;
        let last = log.map_or(0, |log| log.last);
        self.base().await?;
        if row.sequence < last {
            self.log(row.sequence).await?;
            let sequence = Set(Ord::min(row.sequence + WINDOW, last));
            self.save(ActiveModel {
                sequence,
                ..ActiveModel::default()
            })
            .await?;
            return Ok(false);
        }
        if let Some(next) = self.bodies(row.after_id.map(|id| id.0.uuid())).await? {
            let after_id = Set(Some(DeliveryId::from(next).into()));
            self.save(ActiveModel {
                after_id,
                ..ActiveModel::default()
            })
            .await?;
            return Ok(false);
        }
        let passes = row.passes + 1;
        self.save(ActiveModel {
            sequence: Set(0),
            after_id: Set(None),
            passes: Set(passes),
            due_at: Set((passes < PASSES).then(|| now.plus(AGAIN).into())),
            ..ActiveModel::default()
        })
        .await?;
        Ok(true)
    }

    async fn save(&self, progress: ActiveModel) -> Result<(), StoreError> {
        let saved = Entity::update_many()
            .set(progress)
            .filter(Progress::DirectoryId.eq(Id(self.erasure.directory_id)))
            .filter(Progress::UserId.eq(Id(self.erasure.user_id)));
        execute(self.tx, saved.as_query()).await?;
        Ok(())
    }

    /// What the beginning of the log left of the person.
    async fn base(&self) -> Result<(), StoreError> {
        for (copy, directory, user) in [
            (
                CopyTable::GroupMembersBase,
                group_members::Column::DirectoryId.into_iden(),
                group_members::Column::MemberId.into_iden(),
            ),
            (
                CopyTable::UserEmailsBase,
                user_emails::Column::DirectoryId.into_iden(),
                user_emails::Column::UserId.into_iden(),
            ),
            (
                CopyTable::UsersBase,
                users::Column::DirectoryId.into_iden(),
                users::Column::Id.into_iden(),
            ),
        ] {
            let deleted = Query::delete()
                .from_table(copy)
                .and_where(Expr::col(directory).eq(Id(self.erasure.directory_id)))
                .and_where(Expr::col(user).eq(Id(self.erasure.user_id)))
                .to_owned();
            execute(self.tx, &deleted).await?;
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
        // Events about the person are sent as what they have become.
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

/// Whom something is to be done for.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Due {
    directory_id: Id<DirectoryId>,
    user_id: Id<ResourceId>,
}

fn found(row: &QueryResult, key: &str) -> Result<Found, StoreError> {
    Ok(Found {
        id: row.get(key)?,
        body: row.get("body")?,
    })
}
