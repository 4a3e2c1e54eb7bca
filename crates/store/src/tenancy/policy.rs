//! The settings of a directory, and what has to follow when they change.

use super::authentication::members;
use super::{Change, Directory};
use crate::rows::{Column, row_set};
use crate::sql::{Row, exec, json_id, query_all};
use crate::{Dialect, StoreError};
use directory::Policy;
use events::{DirectoryId, ResourceId};
use scim::schema::ResourceType;
use sea_orm::Value;
use serde_json::{Map, json};
use uuid::Uuid;

/// Rows that are looked at in one statement, so that each stays far below the time that a statement may take.
const PORTION: i64 = 2_000;

impl Directory {
    /// The settings as the rules read them.
    ///
    /// # Errors
    /// `Internal` when the stored settings cannot be read.
    pub fn policy(&self) -> Result<Policy, StoreError> {
        Policy::from_settings(&self.settings)
            .map_err(|error| StoreError::corrupt(format!("the settings of a directory cannot be read: {error}")))
    }

    /// Changes one member of the settings and leaves the others as they are; `None` brings its default back.
    ///
    /// # Errors
    /// `Internal` when the stored settings cannot be read.
    pub fn set_setting(&mut self, name: &str, value: Option<serde_json::Value>) -> Result<(), StoreError> {
        let mut settings = members(&self.settings)?;
        match value {
            Some(value) => settings.insert(name.to_owned(), value),
            None => settings.shift_remove(name),
        };
        self.settings = serde_json::Value::Object(settings).to_string();
        Ok(())
    }
}

impl Change {
    /// Writes anew what filters see of the users that have data of these extensions, and tells how many there were.
    ///
    /// This is part of the change that declares the schemas, so no filter ever compares by facts that the rows do not
    /// follow yet, and a crash leaves nothing half done. The change must be open on the lane of the directory: the
    /// projector waits that long. Rows without such data are passed over in portions, which takes about a second for
    /// each few hundred thousand of them; mostly a schema is declared before there is any data.
    ///
    /// # Errors
    /// As any write.
    pub async fn reindex_users(
        &self,
        directory: DirectoryId,
        urns: &[&str],
        users: &ResourceType,
    ) -> Result<u64, StoreError> {
        if urns.is_empty() {
            return Ok(0);
        }
        let select = self.portion_with_data_of(urns);
        let mut after = (i64::MIN, Uuid::nil());
        let mut written = 0;
        loop {
            let mut values: Vec<Value> = vec![directory.uuid().into(), after.0.into(), after.1.into(), PORTION.into()];
            values.extend(urns.iter().map(|urn| Value::from(urn.to_ascii_lowercase())));
            let rows = query_all(&self.tx, &select, values).await?;
            let mut changed = Vec::new();
            for row in &rows {
                let id: ResourceId = row.id("id")?;
                after = (row.get("created_at")?, id.uuid());
                let Some(resource) = row.get::<Option<String>>("resource")? else {
                    continue;
                };
                let attributes: Map<String, serde_json::Value> =
                    serde_json::from_str(&resource).map_err(StoreError::corrupt)?;
                let search = scim::resource::search_document(users, &attributes);
                let search = serde_json::Value::Object(search).to_string();
                changed.push(json!({ "id": json_id(self.dialect, id.uuid()), "search": search }));
            }
            written += self.write_search(changed).await?;
            if (rows.len() as u64) < PORTION.unsigned_abs() {
                return Ok(written);
            }
        }
    }

    /// The next users in order of creation, with their resource only where it has data of one of the extensions.
    fn portion_with_data_of(&self, urns: &[&str]) -> String {
        let has = (0..urns.len()).map(|n| match self.dialect {
            Dialect::Postgres => format!("strpos(lower(resource COLLATE \"C\"), ${}) > 0", n + 5),
            Dialect::Sqlite => format!("instr(lower(resource), ${}) > 0", n + 5),
        });
        let has: Vec<String> = has.collect();
        format!(
            "SELECT id, created_at, CASE WHEN {} THEN resource END AS resource FROM users \
             WHERE directory_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4",
            has.join(" OR ")
        )
    }

    async fn write_search(&self, rows: Vec<serde_json::Value>) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let set = row_set(self.dialect, 1, "r", &[("id", Column::Id), ("search", Column::Text)]);
        let cast = match self.dialect {
            Dialect::Postgres => "::jsonb",
            Dialect::Sqlite => "",
        };
        let sql = format!("UPDATE users SET search = r.search{cast} FROM {set} WHERE users.id = r.id");
        exec(&self.tx, &sql, [serde_json::Value::Array(rows).to_string().into()]).await
    }
}
