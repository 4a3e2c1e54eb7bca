//! The settings of a directory, and what has to follow when they change.

use super::authentication::members;
use super::{AdminTx, Directory};
use crate::rows::{Column, row_set};
use crate::sql::{Row, exec, json_id, query_all, query_one};
use crate::{Dialect, Store, StoreError};
use directory::{Indexing, Policy};
use events::{DirectoryId, ResourceId};
use scim::schema::ResourceType;
use sea_orm::Value;
use serde_json::{Map, json};
use uuid::Uuid;

/// Users that are looked at in one transaction: it takes some tens of milliseconds, and that long the lane waits.
const PORTION: i64 = 2_000;

/// The member of the settings that tells what is being indexed; see [`Indexing`].
const INDEXING: &str = "indexing";

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

fn set_indexing(directory: &mut Directory, indexing: Option<Indexing>) -> Result<(), StoreError> {
    directory.set_setting(INDEXING, indexing.map(|indexing| json!(indexing)))
}

impl Store {
    /// The directories whose users are being written again for search.
    ///
    /// # Errors
    /// As any query.
    pub async fn indexing(&self) -> Result<Vec<DirectoryId>, StoreError> {
        // As in the index of these few.
        let sql = (
            "SELECT id FROM directories WHERE strpos(settings, '\"indexing\":') > 0 ORDER BY id",
            "SELECT id FROM directories WHERE instr(settings, '\"indexing\":') > 0 ORDER BY id",
        );
        let rows = query_all(self.read(), sql, Vec::<Value>::new()).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// Writes some more users of a directory again for search, in a transaction of its own; several processes may do so at
    /// the same time. Returns whether there is more to do.
    ///
    /// # Errors
    /// As any write.
    pub async fn index_portion(&self, directory: DirectoryId, lane: u16) -> Result<bool, StoreError> {
        let change = self.change(Some(lane)).await?;
        let Some(mut directory) = change.directory(directory).await? else {
            return Ok(false);
        };
        let policy = directory.policy()?;
        let Some(indexing) = &policy.indexing else {
            return Ok(false);
        };
        let left = change.portion(directory.id, indexing, policy.user_type()).await?;
        let goes_on = left.is_some();
        set_indexing(&mut directory, left)?;
        change.save_directory(&directory).await?;
        change.commit().await?;
        Ok(goes_on)
    }
}

impl AdminTx {
    /// What filters see of the data of these extensions has to be written again, because their schemas changed. Where the
    /// directory is small that is done within this change; else the directory notes it (`Policy::indexing`), and
    /// the caller of [`Store::index_portion`] does it. The change must be open on the lane of the directory, and the
    /// settings of `directory` must be those after the change.
    ///
    /// # Errors
    /// As any write.
    pub async fn reindex(&self, directory: &mut Directory, urns: &[&str]) -> Result<(), StoreError> {
        let policy = directory.policy()?;
        let pending = policy.indexing.as_ref().map_or(&[][..], |indexing| &indexing.urns);
        let mut all: Vec<String> = pending
            .iter()
            .cloned()
            .chain(urns.iter().map(|urn| (*urn).to_owned()))
            .collect();
        all.sort_unstable();
        all.dedup();
        if urns.is_empty() || all.is_empty() {
            return Ok(());
        }
        let start = Indexing { urns: all, after: None };
        let portion = if self.is_small(directory.id).await? {
            self.portion(directory.id, &start, policy.user_type()).await?
        } else {
            Some(start)
        };
        set_indexing(directory, portion)
    }

    async fn is_small(&self, directory: DirectoryId) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM users WHERE directory_id = $1 LIMIT $2) counted";
        let row = query_one(&self.tx, sql, vec![directory.uuid().into(), PORTION.into()]).await?;
        Ok(row.map(|row| row.get::<i64>("n")).transpose()?.unwrap_or_default() < PORTION)
    }

    /// Writes the next users, in order of creation, and tells what is left.
    async fn portion(
        &self,
        directory: DirectoryId,
        indexing: &Indexing,
        users: &ResourceType,
    ) -> Result<Option<Indexing>, StoreError> {
        let (created_at, id) = indexing
            .after
            .map_or((i64::MIN, Uuid::nil()), |(created_at, id)| (created_at, id.uuid()));
        let mut values: Vec<Value> = vec![directory.uuid().into(), created_at.into(), id.into(), PORTION.into()];
        values.extend(indexing.urns.iter().map(|urn| Value::from(urn.to_ascii_lowercase())));
        let rows = query_all(&self.tx, &self.portion_with_data_of(indexing.urns.len()), values).await?;
        let (mut changed, mut after) = (Vec::new(), indexing.after);
        for row in &rows {
            let id: ResourceId = row.id("id")?;
            after = Some((row.get("created_at")?, id));
            let Some(resource) = row.get::<Option<String>>("resource")? else {
                continue;
            };
            let attributes: Map<String, serde_json::Value> =
                serde_json::from_str(&resource).map_err(StoreError::corrupt)?;
            let search = scim::resource::search_document(users, &attributes);
            let search = serde_json::Value::Object(search).to_string();
            changed.push(json!({ "id": json_id(self.dialect, id.uuid()), "search": search }));
        }
        self.write_search(changed).await?;
        let goes_on = (rows.len() as u64) >= PORTION.unsigned_abs();
        let urns = indexing.urns.clone();
        Ok(goes_on.then_some(Indexing { urns, after }))
    }

    /// The next users in order of creation, with their resource only where it has data of one of the extensions.
    fn portion_with_data_of(&self, urns: usize) -> String {
        let has = (0..urns).map(|n| match self.dialect {
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
