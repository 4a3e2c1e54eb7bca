//! Which keys were used and how it went, and who was refused: noted by the ingress from time to time, never within a
//! request.

use super::Directories;
use crate::StoreError;
use crate::rows::{Column, row_set};
use crate::sql::{Row, exec, json_id, query_one};
use events::{DirectoryId, KeyId, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

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
        let dialect = self.store.dialect();
        let row = |refusal: &AuthenticationFailure| {
            let id = json_id(dialect, refusal.directory_id.uuid());
            json!({ "id": id, "refused_at": refusal.at.millis(), "reason": refusal.reason })
        };
        let rows = serde_json::Value::from_iter(refusals.iter().map(row)).to_string();
        let columns = [
            ("id", Column::Id),
            ("refused_at", Column::Int),
            ("reason", Column::Text),
        ];
        let set = row_set(dialect, 1, "r", &columns);
        // A directory may have been deleted meanwhile.
        let sql = format!(
            "INSERT INTO directory_refusals (directory_id, refused_at, reason) SELECT r.id, r.refused_at, r.reason \
             FROM {set} WHERE EXISTS (SELECT 1 FROM directories d WHERE d.id = r.id) \
             ON CONFLICT (directory_id) DO UPDATE SET refused_at = excluded.refused_at, reason = excluded.reason \
             WHERE directory_refusals.refused_at <= excluded.refused_at"
        );
        exec(self.store.write(), &sql, [rows.into()]).await?;
        Ok(())
    }

    /// The last refusal of a directory.
    ///
    /// # Errors
    /// As any query.
    pub async fn last_refusal(&self, directory_id: DirectoryId) -> Result<Option<AuthenticationFailure>, StoreError> {
        let sql = "SELECT refused_at, reason FROM directory_refusals WHERE directory_id = $1";
        let Some(row) = query_one(self.store.read(), sql, [directory_id.uuid().into()]).await? else {
            return Ok(None);
        };
        let (at, reason) = (row.time("refused_at")?, row.get("reason")?);
        Ok(Some(AuthenticationFailure {
            directory_id,
            at,
            reason,
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
        let rows = |latest: BTreeMap<Uuid, &KeyUse>| {
            let row = |(id, used): (Uuid, &KeyUse)| {
                let id = json_id(dialect, id);
                json!({ "id": id, "used_at": used.at.millis(), "error": used.error })
            };
            serde_json::Value::from_iter(latest.into_iter().map(row)).to_string()
        };
        let columns = [("id", Column::Id), ("used_at", Column::Int), ("error", Column::Text)];
        let set = row_set(dialect, 1, "r", &columns);
        let tx = self.store.begin().await?;
        let keys = rows(keys);
        // An id names a key or an OAuth client, never both.
        for table in ["directory_keys", "oauth_clients"] {
            let sql = format!(
                "UPDATE {table} SET last_used_at = r.used_at FROM {set} \
                 WHERE {table}.id = r.id AND (last_used_at IS NULL OR last_used_at < r.used_at)"
            );
            exec(&tx, &sql, [keys.as_str().into()]).await?;
        }
        let sql = format!(
            "UPDATE directories SET last_request_at = r.used_at, last_error = r.error FROM {set} \
             WHERE directories.id = r.id AND (last_request_at IS NULL OR last_request_at <= r.used_at)"
        );
        exec(&tx, &sql, [rows(directories).into()]).await?;
        tx.commit().await?;
        Ok(())
    }
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
