//! Announcing ends: each notice once, however many do it and however often they are stopped.

use super::list::{Face, faces};
use super::{CredentialKind, next_notice, notice};
use crate::event_log::append::{append, lock_lane};
use crate::{Directory, EventDraft, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::credentials::{Column, Entity, Model};
use db::entity::directories;
use db::rows::{Columns, Rows, ValueKind, is_one_of_ids};
use db::send::{execute, fetch_all};
use events::{DirectoryId, EventId, EventType, Source, Timestamp, lane_of};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _,
};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use uuid::Uuid;

/// Credentials looked at in one go.
const AT_ONCE: u64 = 200;
/// Kinds that open a directory, and so have a log to be told in.
const ANNOUNCED: [CredentialKind; 5] = [
    CredentialKind::DirectoryKey,
    CredentialKind::OauthClient,
    CredentialKind::Connection,
    CredentialKind::GraphCertificate,
    CredentialKind::GraphSecret,
];

impl Store {
    /// Announces ends that come near, as `directory.credential_expiring`. Whether there may be more.
    ///
    /// # Errors
    /// As any write; what was announced before stays so.
    pub async fn announce_endings(&self, now: Timestamp, partitions: u16) -> Result<bool, StoreError> {
        let due = Entity::find()
            .filter(Column::NextNoticeAt.lte(Millis::from(now)))
            .order_by_asc(Column::NextNoticeAt)
            .limit(AT_ONCE);
        let due: Vec<Model> = fetch_all(self.read(), due.as_query()).await?;
        let goes_on = due.len() as u64 >= AT_ONCE;
        let mut lanes: BTreeMap<u16, Vec<Uuid>> = BTreeMap::new();
        for row in due {
            if let Some(Id(directory)) = row.directory_id {
                lanes.entry(lane_of(directory, partitions)).or_default().push(row.id);
            }
        }
        for (lane, ids) in lanes {
            self.announce_in(lane, &ids, now).await?;
        }
        Ok(goes_on)
    }

    /// Forgets previous secrets of endpoints that are no longer good, a bounded number of them.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_previous_secrets(&self, now: Timestamp) -> Result<(), StoreError> {
        let over = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Kind.eq(CredentialKind::PreviousSecret))
            .filter(Column::EndsAt.lt(Millis::from(now)))
            .order_by_asc(Column::EndsAt)
            .limit(AT_ONCE)
            .into_query();
        let forgotten = Entity::delete_many()
            .filter(Column::Kind.eq(CredentialKind::PreviousSecret))
            .filter(Column::Id.in_subquery(over));
        execute(self.write(), forgotten.as_query()).await?;
        Ok(())
    }

    /// Announces those of one lane in one transaction; what somebody else announced meanwhile is no longer due.
    async fn announce_in(&self, lane: u16, ids: &[Uuid], now: Timestamp) -> Result<(), StoreError> {
        let dialect = self.dialect();
        let tx = self.begin().await?;
        // Before the first write, so that the log keeps its order.
        lock_lane(&tx, dialect, lane).await?;
        let held = Entity::find()
            .filter(Column::Kind.is_in(ANNOUNCED))
            .filter(is_one_of_ids(dialect, Expr::col(Column::Id), ids.iter().copied()))
            .filter(Column::NextNoticeAt.lte(Millis::from(now)))
            .lock_exclusive();
        let mut held: Vec<Model> = fetch_all(&tx, held.as_query()).await?;
        // Here and not by the database, which would walk the whole index for the order. Nobody else in the lane holds any.
        held.sort_unstable_by_key(|row| (row.kind, row.id));
        if held.is_empty() {
            return Ok(());
        }
        let of: Vec<DirectoryId> = held.iter().filter_map(|row| Some(row.directory_id?.0)).collect();
        let of = directories::Entity::find().filter(is_one_of_ids(dialect, Expr::col(directories::Column::Id), of));
        let of: Vec<directories::Model> = fetch_all(&tx, of.as_query()).await?;
        let of: HashMap<DirectoryId, Directory> = of.into_iter().map(|row| (row.id.0, Directory::from(row))).collect();
        let faces = faces(&tx, dialect, &held).await?;
        let drafts = held.iter().filter_map(|row| {
            let directory = of.get(&row.directory_id?.0)?;
            let days = notice(row.ends_at.into(), now)?;
            Some(draft(directory, row, faces.get(&(row.kind, row.id)), days, now))
        });
        append(&tx, dialect, lane, drafts.collect()).await?;
        let mut rows = Rows::new(&NEXT);
        for row in &held {
            let next = next_notice(row.ends_at.into(), now).map(Timestamp::millis);
            rows.push([row.kind.to_value().into(), row.id.into(), next.into()]);
        }
        let noted = Query::update()
            .table(Entity)
            .value(Column::NextNoticeAt, Expr::col((ROW, Column::NextNoticeAt)))
            .from(rows.table(dialect, ROW))
            .and_where(Expr::col((Entity, Column::Kind)).equals((ROW, Column::Kind)))
            .and_where(Expr::col((Entity, Column::Id)).equals((ROW, Column::Id)))
            .take();
        execute(&tx, &noted).await?;
        tx.commit().await?;
        Ok(())
    }
}

const ROW: &str = "r";
static NEXT: LazyLock<Columns> = LazyLock::new(|| {
    let columns = Columns::default();
    columns
        .and(Column::Kind, ValueKind::Text)
        .and(Column::Id, ValueKind::Id)
        .and_nullable(Column::NextNoticeAt, ValueKind::BigInt)
});

fn draft(directory: &Directory, row: &Model, face: Option<&Face>, days: u32, now: Timestamp) -> EventDraft {
    EventDraft {
        id: EventId::new(),
        kind: EventType::DirectoryCredentialExpiring,
        organization_id: directory.organization_id,
        directory_id: directory.id,
        source: Source::System,
        subject_id: None,
        timestamp: now,
        traceparent: None,
        data: json!({
            "directory": directory.about(),
            "credential": {
                "id": row.id,
                "kind": row.kind.to_value(),
                "name": face.map(|face| &face.name),
                "expires_at": Timestamp::from(row.ends_at),
                "days_left": days,
                "last_used_at": face.and_then(|face| face.last_used_at).map(Timestamp::from),
            },
        }),
    }
}
