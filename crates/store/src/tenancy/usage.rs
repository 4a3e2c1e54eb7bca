//! Which keys were used and how it went, and who was refused: noted by the ingress from time to time, never within a
//! request.

use super::Directories;
use crate::{Dialect, StoreError};
use db::entity::column::Id;
use db::entity::{directories, directory_keys, directory_refusals, oauth_clients};
use db::expr::{insert_from, number};
use db::rows::{Columns, Rows, ValueKind};
use db::send::{execute, fetch_one};
use events::{DirectoryId, KeyId, Timestamp};
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, OnConflict, Query, UpdateStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryTrait as _};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use uuid::Uuid;

/// Rows of a statement, and the row of a table that stands in the way of one.
const NEW: &str = "r";
const EXCLUDED: &str = "excluded";

const ID: &str = "id";
const USED_AT: &str = "used_at";
const ERROR: &str = "error";
static KEYS: LazyLock<Columns> = LazyLock::new(|| {
    Columns::default()
        .and(ID, ValueKind::Id)
        .and(USED_AT, ValueKind::BigInt)
});
static DIRECTORIES: LazyLock<Columns> = LazyLock::new(|| KEYS.clone().and_nullable(ERROR, ValueKind::Text));
static REFUSALS: LazyLock<Columns> = LazyLock::new(|| Columns::of(REFUSAL));
const REFUSAL: [directory_refusals::Column; 3] = [
    directory_refusals::Column::DirectoryId,
    directory_refusals::Column::RefusedAt,
    directory_refusals::Column::Reason,
];

/// One use of a directory key or an OAuth client, written down later and in bulk.
#[derive(Clone, Debug)]
pub struct KeyUse {
    /// The key, or the client.
    pub key_id: KeyId,
    /// Its directory.
    pub directory_id: DirectoryId,
    /// When it was used last.
    pub at: Timestamp,
    /// What was wrong with that request, in a sentence for the operator; `None` when nothing was.
    pub error: Option<String>,
}

/// Somebody who did not prove who they are was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationFailure {
    /// The directory that they wanted to get into.
    pub directory_id: DirectoryId,
    /// When.
    pub at: Timestamp,
    /// Why, in a sentence for the directory's administrator; nothing of what was sent.
    pub reason: String,
}

impl Directories {
    /// Keeps the last refusal of each directory, in one statement for any number of them. It is no request of the
    /// directory: neither its health nor its last error change.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_refusals(&self, refusals: &[AuthenticationFailure]) -> Result<(), StoreError> {
        if refusals.is_empty() {
            return Ok(());
        }
        use directory_refusals::Column::{DirectoryId as Refused, Reason, RefusedAt};
        let mut rows = Rows::new(&REFUSALS);
        for refusal in refusals {
            let at = refusal.at.millis();
            rows.push([
                Id(refusal.directory_id).into(),
                at.into(),
                refusal.reason.as_str().into(),
            ]);
        }
        // A directory may have been deleted meanwhile.
        let directory = Query::select()
            .expr(number(1))
            .from(directories::Entity)
            .and_where(directories::Column::Id.into_expr().equals((NEW, Refused)))
            .take();
        let rows = Query::select()
            .columns(REFUSAL.map(|column| (NEW, column)))
            .from(rows.table(self.store.dialect(), NEW))
            .and_where(Expr::exists(directory))
            .take();
        let known = RefusedAt.into_expr();
        let newest = OnConflict::column(Refused)
            .update_columns([RefusedAt, Reason])
            .action_and_where(known.lte(Expr::col((EXCLUDED, RefusedAt))))
            .to_owned();
        let kept = insert_from(directory_refusals::Entity, REFUSAL, rows)
            .on_conflict(newest)
            .to_owned();
        execute(self.store.write(), &kept).await?;
        Ok(())
    }

    /// The last refusal of a directory.
    ///
    /// # Errors
    /// As any query.
    pub async fn last_refusal(&self, directory_id: DirectoryId) -> Result<Option<AuthenticationFailure>, StoreError> {
        let last = directory_refusals::Entity::find_by_id(directory_id);
        let last: Option<directory_refusals::Model> = fetch_one(self.store.read(), last.as_query()).await?;
        Ok(last.map(|last| AuthenticationFailure {
            directory_id,
            at: last.refused_at.into(),
            reason: last.reason,
        }))
    }

    /// Notes which keys were used and how the latest request of each directory went, in three statements for any
    /// number of uses.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let dialect = self.store.dialect();
        let (keys, directories) = latest(uses);
        let mut key_rows = Rows::new(&KEYS);
        for (id, used) in keys {
            key_rows.push([id.into(), used.at.millis().into()]);
        }
        let mut directory_rows = Rows::new(&DIRECTORIES);
        for (id, used) in directories {
            directory_rows.push([id.into(), used.at.millis().into(), used.error.clone().into()]);
        }
        let tx = self.store.begin().await?;
        // An id names a key or an OAuth client, never both.
        let keys = key_uses(
            dialect,
            (directory_keys::Column::Id, directory_keys::Column::LastUsedAt),
            key_rows.clone(),
        );
        execute(&tx, &keys).await?;
        let clients = key_uses(
            dialect,
            (oauth_clients::Column::Id, oauth_clients::Column::LastUsedAt),
            key_rows,
        );
        execute(&tx, &clients).await?;
        execute(&tx, &requests(dialect, directory_rows)).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Notes the uses in the rows of a table of keys, where no later one is known.
fn key_uses<C: ColumnTrait>(dialect: Dialect, (id, last_used_at): (C, C), uses: Rows) -> UpdateStatement {
    let known = last_used_at.into_expr();
    let is_newest = Condition::any()
        .add(known.clone().is_null())
        .add(known.lt(Expr::col((NEW, USED_AT))));
    Query::update()
        .table(id.entity_name())
        .value(last_used_at, Expr::col((NEW, USED_AT)))
        .from(uses.table(dialect, NEW))
        .and_where(id.into_expr().equals((NEW, ID)))
        .cond_where(is_newest)
        .take()
}

/// Notes the requests in the rows of directories, where no later one is known.
fn requests(dialect: Dialect, uses: Rows) -> UpdateStatement {
    use directories::Column::{Id as DirectoryId, LastError, LastRequestAt};
    let known = LastRequestAt.into_expr();
    let is_newest = Condition::any()
        .add(known.clone().is_null())
        .add(known.lte(Expr::col((NEW, USED_AT))));
    Query::update()
        .table(directories::Entity)
        .value(LastRequestAt, Expr::col((NEW, USED_AT)))
        .value(LastError, Expr::col((NEW, ERROR)))
        .from(uses.table(dialect, NEW))
        .and_where(DirectoryId.into_expr().equals((NEW, ID)))
        .cond_where(is_newest)
        .take()
}

/// The latest use of each key and of each directory: `UPDATE … FROM` must find one row for each.
fn latest(uses: &[KeyUse]) -> (BTreeMap<Uuid, &KeyUse>, BTreeMap<Uuid, &KeyUse>) {
    let (mut keys, mut directories) = (BTreeMap::new(), BTreeMap::new());
    for used in uses {
        for (map, id) in [
            (&mut keys, used.key_id.uuid()),
            (&mut directories, used.directory_id.uuid()),
        ] {
            let known: &mut &KeyUse = map.entry(id).or_insert(used);
            if used.at >= known.at {
                *known = used;
            }
        }
    }
    (keys, directories)
}
