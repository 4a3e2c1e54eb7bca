//! Saving: deletions, then names set free, then upserts, then memberships; one statement per table.

use crate::rows::{Column, row_set};
use crate::sql::{exec, json_id};
use crate::{Dialect, StoreError};
use directory::{GroupRow, UserRow, Writes};
use events::{DirectoryId, ResourceId, ResourceKind, Timestamp};
use scim::schema::ResourceType;
use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value, json};

pub(super) async fn save(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    writes: &[(DirectoryId, Writes)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let saver = Saver { tx, dialect };
    let all = |pick: fn(&Writes) -> &[ResourceId]| -> Vec<ResourceId> {
        writes.iter().flat_map(|(_, writes)| pick(writes)).copied().collect()
    };
    saver.delete_memberships(writes).await?;
    saver
        .by_ids(
            "DELETE FROM group_members WHERE group_id IN ({ids})",
            &all(|w| &w.deleted_groups),
        )
        .await?;
    saver
        .by_ids("DELETE FROM groups WHERE id IN ({ids})", &all(|w| &w.deleted_groups))
        .await?;
    saver
        .by_ids(
            "DELETE FROM user_emails WHERE user_id IN ({ids})",
            &all(|w| &w.deleted_users),
        )
        .await?;
    saver
        .by_ids("DELETE FROM users WHERE id IN ({ids})", &all(|w| &w.deleted_users))
        .await?;
    saver
        .set_names_free("users", "user_name_key", &all(|w| &w.renamed_users))
        .await?;
    saver
        .set_names_free("groups", "display_name_key", &all(|w| &w.renamed_groups))
        .await?;
    saver.upsert_users(writes).await?;
    saver.upsert_groups(writes).await?;
    saver.insert_memberships(writes, now).await
}

struct Saver<'a> {
    tx: &'a DatabaseTransaction,
    dialect: Dialect,
}

impl Saver<'_> {
    fn id(&self, id: ResourceId) -> Value {
        json_id(self.dialect, id.uuid())
    }

    async fn by_ids(&self, sql: &str, ids: &[ResourceId]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let set = row_set(self.dialect, 1, "r", &[("id", Column::Id)]);
        let rows: Vec<Value> = ids.iter().map(|id| json!({ "id": self.id(*id) })).collect();
        let sql = sql.replace("{ids}", &format!("SELECT r.id FROM {set}"));
        exec(self.tx, &sql, [Value::Array(rows).to_string().into()])
            .await
            .map(|_| ())
    }

    /// A name that one row gives up may be taken by another in the same batch, and the unique index looks at each row
    /// as it is written: renamed rows first take a name that nobody can ask for.
    async fn set_names_free(&self, table: &str, column: &str, ids: &[ResourceId]) -> Result<(), StoreError> {
        let unique = match self.dialect {
            Dialect::Postgres => "chr(1) || id::text",
            Dialect::Sqlite => "char(1) || hex(id)",
        };
        self.by_ids(
            &format!("UPDATE {table} SET {column} = {unique} WHERE id IN ({{ids}})"),
            ids,
        )
        .await
    }

    async fn upsert_users(&self, writes: &[(DirectoryId, Writes)]) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        let mut emails = Vec::new();
        let mut existing = Vec::new();
        for (directory, writes) in writes {
            for user in &writes.users {
                rows.push(self.user_row(*directory, writes.user_type(), user)?);
                if user.version > 1 {
                    existing.push(user.id);
                }
                for email in user.emails() {
                    emails.push(json!({
                        "directory_id": json_id(self.dialect, directory.uuid()),
                        "value_key": scim::fold(email),
                        "user_id": self.id(user.id),
                    }));
                }
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let columns = [
            ("id", Column::Id),
            ("directory_id", Column::Id),
            ("user_name", Column::Text),
            ("user_name_key", Column::Text),
            ("external_id", Column::Text),
            ("display_name", Column::Text),
            ("display_name_key", Column::Text),
            ("email", Column::Text),
            ("active", Column::Bool),
            ("manager_id", Column::Text),
            ("resource", Column::Text),
            ("search", Column::Text),
            ("version", Column::Int),
            ("created_at", Column::Int),
            ("updated_at", Column::Int),
        ];
        self.upsert("users", &columns, rows).await?;
        self.by_ids("DELETE FROM user_emails WHERE user_id IN ({ids})", &existing)
            .await?;
        if emails.is_empty() {
            return Ok(());
        }
        let columns = [
            ("directory_id", Column::Id),
            ("value_key", Column::Text),
            ("user_id", Column::Id),
        ];
        let sql = format!(
            "INSERT INTO user_emails (directory_id, value_key, user_id) SELECT r.directory_id, r.value_key, r.user_id \
             FROM {} WHERE true ON CONFLICT DO NOTHING",
            row_set(self.dialect, 1, "r", &columns)
        );
        exec(self.tx, &sql, [Value::Array(emails).to_string().into()])
            .await
            .map(|_| ())
    }

    async fn upsert_groups(&self, writes: &[(DirectoryId, Writes)]) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for (directory, writes) in writes {
            for group in &writes.groups {
                rows.push(self.group_row(*directory, group)?);
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let columns = [
            ("id", Column::Id),
            ("directory_id", Column::Id),
            ("display_name", Column::Text),
            ("display_name_key", Column::Text),
            ("external_id", Column::Text),
            ("resource", Column::Text),
            ("search", Column::Text),
            ("version", Column::Int),
            ("created_at", Column::Int),
            ("updated_at", Column::Int),
        ];
        self.upsert("groups", &columns, rows).await
    }

    async fn upsert(&self, table: &str, columns: &[(&str, Column)], rows: Vec<Value>) -> Result<(), StoreError> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let read: Vec<String> = names
            .iter()
            .map(|name| match (*name, self.dialect) {
                ("search", Dialect::Postgres) => "r.search::jsonb".to_owned(),
                _ => format!("r.{name}"),
            })
            .collect();
        let kept = ["id", "directory_id", "created_at"];
        let set: Vec<String> = names
            .iter()
            .filter(|name| !kept.contains(*name))
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        let sql = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {} WHERE true ON CONFLICT (id) DO UPDATE SET {}",
            names.join(", "),
            read.join(", "),
            row_set(self.dialect, 1, "r", columns),
            set.join(", ")
        );
        exec(self.tx, &sql, [Value::Array(rows).to_string().into()])
            .await
            .map(|_| ())
    }

    async fn delete_memberships(&self, writes: &[(DirectoryId, Writes)]) -> Result<(), StoreError> {
        let pairs = writes.iter().flat_map(|(_, writes)| &writes.members_removed);
        let rows: Vec<Value> = pairs
            .map(|(group, member)| json!({ "group_id": self.id(*group), "member_id": self.id(*member) }))
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let set = row_set(
            self.dialect,
            1,
            "r",
            &[("group_id", Column::Id), ("member_id", Column::Id)],
        );
        let sql = format!(
            "DELETE FROM group_members WHERE (group_id, member_id) IN (SELECT r.group_id, r.member_id FROM {set})"
        );
        exec(self.tx, &sql, [Value::Array(rows).to_string().into()])
            .await
            .map(|_| ())
    }

    async fn insert_memberships(&self, writes: &[(DirectoryId, Writes)], now: Timestamp) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for (directory, writes) in writes {
            for (group, member, kind) in &writes.members_added {
                rows.push(json!({
                    "directory_id": json_id(self.dialect, directory.uuid()),
                    "group_id": self.id(*group),
                    "member_id": self.id(*member),
                    "kind": i32::from(*kind == ResourceKind::Group),
                }));
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let columns = [
            ("directory_id", Column::Id),
            ("group_id", Column::Id),
            ("member_id", Column::Id),
            ("kind", Column::Int),
        ];
        let sql = format!(
            "INSERT INTO group_members (directory_id, group_id, member_id, kind, added_at) \
             SELECT r.directory_id, r.group_id, r.member_id, r.kind, $2 FROM {} WHERE true ON CONFLICT DO NOTHING",
            row_set(self.dialect, 1, "r", &columns)
        );
        let values = [Value::Array(rows).to_string().into(), now.millis().into()];
        exec(self.tx, &sql, values).await.map(|_| ())
    }

    fn user_row(&self, directory: DirectoryId, kind: &ResourceType, user: &UserRow) -> Result<Value, StoreError> {
        Ok(json!({
            "id": self.id(user.id),
            "directory_id": json_id(self.dialect, directory.uuid()),
            "user_name": user.user_name(),
            "user_name_key": user.user_name_key(),
            "external_id": user.external_id(),
            "display_name": user.display_name(),
            "display_name_key": user.display_name().map(scim::fold),
            "email": user.email(),
            "active": user.is_active(),
            "manager_id": user.manager_id(),
            "resource": text(&user.attributes)?,
            "search": text(&scim::resource::search_document(kind, &user.attributes))?,
            "version": user.version,
            "created_at": user.created_at.millis(),
            "updated_at": user.updated_at.millis(),
        }))
    }

    fn group_row(&self, directory: DirectoryId, group: &GroupRow) -> Result<Value, StoreError> {
        Ok(json!({
            "id": self.id(group.id),
            "directory_id": json_id(self.dialect, directory.uuid()),
            "display_name": group.display_name(),
            "display_name_key": group.display_name_key(),
            "external_id": group.external_id(),
            "resource": text(&group.attributes)?,
            "search": text(&scim::resource::search_document(ResourceType::group(), &group.attributes))?,
            "version": group.version,
            "created_at": group.created_at.millis(),
            "updated_at": group.updated_at.millis(),
        }))
    }
}

fn text(attributes: &Map<String, Value>) -> Result<String, StoreError> {
    serde_json::to_string(attributes)
        .map_err(|error| StoreError::Invalid(format!("a resource cannot be written as JSON: {error}")))
}
