//! How far each directory's log is on the bus: the outbox side of the event log.

use crate::rows::{Column, row_set};
use crate::sql::{Row, exec, json_id, json_ids, of_ids, query_all};
use crate::{Store, StoreError};
use events::DirectoryId;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The cursors of the outbox.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    store: &'a Store,
}

impl Store {
    /// How far the logs have been published.
    #[must_use]
    pub const fn published(&self) -> Published<'_> {
        Published { store: self }
    }
}

impl Published<'_> {
    /// The last published sequence of each directory; none of which nothing has been published.
    ///
    /// # Errors
    /// What the database says.
    pub async fn positions(&self, directories: &[DirectoryId]) -> Result<HashMap<DirectoryId, i64>, StoreError> {
        let sql = of_ids("directory_id", |these| {
            format!("SELECT directory_id, sequence FROM publications WHERE {these}")
        });
        let parameter = json_ids(self.store.dialect(), directories.iter().map(|id| id.uuid()));
        let rows = query_all(self.store.read(), &sql, [parameter.into()]).await?;
        rows.iter()
            .map(|row| Ok((row.id("directory_id")?, row.get("sequence")?)))
            .collect()
    }

    /// Moves the cursors forward, never back: the broker has confirmed everything up to these sequences.
    ///
    /// # Errors
    /// What the database says; the events are then published again later.
    pub async fn advance(&self, positions: &[(DirectoryId, i64)]) -> Result<(), StoreError> {
        let dialect = self.store.dialect();
        let mut sorted = positions.to_vec();
        sorted.sort_unstable();
        let rows: Vec<Value> = sorted
            .iter()
            .map(|(directory, sequence)| {
                json!({ "directory_id": json_id(dialect, directory.uuid()), "sequence": sequence })
            })
            .collect();
        let set = row_set(
            dialect,
            1,
            "r",
            &[("directory_id", Column::Id), ("sequence", Column::Int)],
        );
        let sql = format!(
            "INSERT INTO publications (directory_id, sequence) SELECT r.directory_id, r.sequence FROM {set} WHERE true \
             ON CONFLICT (directory_id) DO UPDATE SET sequence = excluded.sequence \
             WHERE publications.sequence < excluded.sequence"
        );
        exec(self.store.write(), &sql, [Value::Array(rows).to_string().into()])
            .await
            .map(|_| ())
    }
}
