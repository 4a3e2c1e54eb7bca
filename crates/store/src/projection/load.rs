//! Loading: one statement per kind of row, whatever the number of commands and directories.

use super::DirectoryFacts;
use crate::rows::{Column, row_set};
use crate::sql::{Row, json_id, query_all};
use crate::{Dialect, StoreError};
use directory::{Directory, GroupRow, MemberBrief, Needs, UserRow};
use events::{DirectoryId, GroupRef, ResourceId, ResourceKind};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const RESOURCE: &str = "x.directory_id, x.id, x.resource, x.version, x.created_at, x.updated_at";

type Directories = HashMap<DirectoryId, Directory>;

pub(super) async fn load(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    wanted: Vec<(DirectoryId, DirectoryFacts, Needs)>,
) -> Result<Directories, StoreError> {
    let loader = Loader {
        tx,
        dialect,
        wanted: &wanted,
    };
    let mut found: Directories = wanted
        .iter()
        .map(|(id, facts, needs)| {
            (
                *id,
                Directory::new(*id, facts.organization_id, facts.policy.clone(), needs),
            )
        })
        .collect();
    loader.users(&mut found).await?;
    loader.groups(&mut found).await?;
    loader.briefs(&mut found).await?;
    loader.memberships(&mut found).await?;
    Ok(found)
}

struct Loader<'a> {
    tx: &'a DatabaseTransaction,
    dialect: Dialect,
    wanted: &'a [(DirectoryId, DirectoryFacts, Needs)],
}

impl Loader<'_> {
    /// Rows of `sql` joined with the row set `r` of what `pick` takes from each directory's needs; nothing is asked
    /// when nothing is needed. `{r}` in the text stands for the row set.
    async fn joined(
        &self,
        sql: &str,
        columns: &[(&str, Column)],
        pick: impl Fn(&Needs) -> Vec<Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut rows = Vec::new();
        for (directory, _, needs) in self.wanted {
            let directory = json_id(self.dialect, directory.uuid());
            for mut row in pick(needs) {
                if let Some(row) = row.as_object_mut() {
                    row.insert("directory_id".to_owned(), directory.clone());
                }
                rows.push(row);
            }
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = vec![("directory_id", Column::Id)];
        all.extend_from_slice(columns);
        let sql = sql.replace("{r}", &row_set(self.dialect, 1, "r", &all));
        query_all(self.tx, &sql, [Value::Array(rows).to_string().into()]).await
    }

    fn ids<'n>(&self, ids: impl IntoIterator<Item = &'n ResourceId>) -> Vec<Value> {
        ids.into_iter()
            .map(|id| json!({ "id": json_id(self.dialect, id.uuid()) }))
            .collect()
    }

    async fn users(&self, found: &mut Directories) -> Result<(), StoreError> {
        let by_id =
            format!("SELECT {RESOURCE} FROM {{r}} JOIN users x ON x.id = r.id AND x.directory_id = r.directory_id");
        let by_name = format!(
            "SELECT {RESOURCE} FROM {{r}} JOIN users x ON x.directory_id = r.directory_id AND x.user_name_key = r.key"
        );
        let reports = format!(
            "SELECT {RESOURCE} FROM {{r}} JOIN users x ON x.directory_id = r.directory_id AND x.manager_id = r.key"
        );
        let by_email = format!(
            "SELECT {RESOURCE} FROM {{r}} JOIN user_emails e ON e.directory_id = r.directory_id AND e.value_key = r.key \
             JOIN users x ON x.id = e.user_id AND x.directory_id = r.directory_id"
        );
        let id = [("id", Column::Id)];
        let key = [("key", Column::Text)];
        let mut rows = self.joined(&by_id, &id, |needs| self.ids(&needs.users)).await?;
        rows.extend(self.joined(&by_email, &key, |needs| keys(&needs.emails)).await?);
        rows.extend(self.joined(&by_name, &key, |needs| keys(&needs.user_names)).await?);
        let managers = |needs: &Needs| {
            needs
                .deleted
                .iter()
                .map(|id| json!({ "key": id.to_string() }))
                .collect()
        };
        rows.extend(self.joined(&reports, &key, managers).await?);
        for row in rows {
            let user = UserRow {
                id: row.id("id")?,
                attributes: attributes(&row)?,
                version: row.get("version")?,
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
            };
            if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
                directory.load_user(user);
            }
        }
        Ok(())
    }

    async fn groups(&self, found: &mut Directories) -> Result<(), StoreError> {
        let by_id =
            format!("SELECT {RESOURCE} FROM {{r}} JOIN groups x ON x.id = r.id AND x.directory_id = r.directory_id");
        let by_name = format!(
            "SELECT {RESOURCE} FROM {{r}} JOIN groups x ON x.directory_id = r.directory_id AND x.display_name_key = r.key"
        );
        // Whoever is deleted leaves its groups, and they change by that.
        let left = format!(
            "SELECT {RESOURCE} FROM {{r}} JOIN group_members m ON m.member_id = r.id AND m.directory_id = r.directory_id \
             JOIN groups x ON x.id = m.group_id AND x.directory_id = r.directory_id"
        );
        let id = [("id", Column::Id)];
        let mut rows = self.joined(&by_id, &id, |needs| self.ids(&needs.groups)).await?;
        rows.extend(
            self.joined(&by_name, &[("key", Column::Text)], |needs| keys(&needs.group_names))
                .await?,
        );
        rows.extend(self.joined(&left, &id, |needs| self.ids(&needs.deleted)).await?);
        for row in rows {
            let group = GroupRow {
                id: row.id("id")?,
                attributes: attributes(&row)?,
                version: row.get("version")?,
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
            };
            if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
                directory.load_group(group);
            }
        }
        Ok(())
    }

    /// What members are and are called: those named by id, and all members of the groups that are wanted whole.
    async fn briefs(&self, found: &mut Directories) -> Result<(), StoreError> {
        const USER: &str = "x.directory_id, x.id, x.user_name, x.display_name, x.email, x.external_id, x.active";
        const GROUP: &str = "x.directory_id, x.id, x.display_name, x.external_id";
        let id = [("id", Column::Id)];
        let named = |columns: &str, table: &str| {
            format!("SELECT {columns} FROM {{r}} JOIN {table} x ON x.id = r.id AND x.directory_id = r.directory_id")
        };
        let members = |columns: &str, table: &str| {
            format!(
                "SELECT {columns} FROM {{r}} JOIN group_members m ON m.group_id = r.id AND m.directory_id = r.directory_id \
                 JOIN {table} x ON x.id = m.member_id AND x.directory_id = r.directory_id"
            )
        };
        let mut users = self
            .joined(&named(USER, "users"), &id, |needs| self.ids(&needs.briefs))
            .await?;
        users.extend(
            self.joined(&members(USER, "users"), &id, |needs| self.ids(&needs.all_members))
                .await?,
        );
        for row in users {
            let brief = MemberBrief::User {
                id: row.id("id")?,
                user_name: row.get("user_name")?,
                display_name: row.get("display_name")?,
                email: row.get("email")?,
                external_id: row.get("external_id")?,
                active: row.get("active")?,
            };
            if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
                directory.load_brief(brief);
            }
        }
        let mut groups = self
            .joined(&named(GROUP, "groups"), &id, |needs| self.ids(&needs.briefs))
            .await?;
        groups.extend(
            self.joined(&members(GROUP, "groups"), &id, |needs| self.ids(&needs.all_members))
                .await?,
        );
        for row in groups {
            let brief = MemberBrief::Group {
                id: row.id("id")?,
                display_name: row.get("display_name")?,
                external_id: row.get("external_id")?,
            };
            if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
                directory.load_brief(brief);
            }
        }
        Ok(())
    }

    async fn memberships(&self, found: &mut Directories) -> Result<(), StoreError> {
        const COLUMNS: &str = "m.directory_id, m.group_id, m.member_id, m.kind, g.display_name";
        let id = [("id", Column::Id)];
        let pairs = format!(
            "SELECT {COLUMNS} FROM {{r}} JOIN group_members m ON m.group_id = r.id AND m.member_id = r.member_id \
             AND m.directory_id = r.directory_id JOIN groups g ON g.id = m.group_id"
        );
        let of_group = format!(
            "SELECT {COLUMNS} FROM {{r}} JOIN group_members m ON m.group_id = r.id AND m.directory_id = r.directory_id \
             JOIN groups g ON g.id = m.group_id"
        );
        let of_member = format!(
            "SELECT {COLUMNS} FROM {{r}} JOIN group_members m ON m.member_id = r.id AND m.directory_id = r.directory_id \
             JOIN groups g ON g.id = m.group_id"
        );
        let pair = |(group, member): &(ResourceId, ResourceId)| json!({ "id": json_id(self.dialect, group.uuid()), "member_id": json_id(self.dialect, member.uuid()) });
        let pair_columns = [("id", Column::Id), ("member_id", Column::Id)];
        let mut rows = self
            .joined(&pairs, &pair_columns, |needs| needs.pairs.iter().map(pair).collect())
            .await?;
        rows.extend(
            self.joined(&of_group, &id, |needs| self.ids(&needs.all_members))
                .await?,
        );
        rows.extend(
            self.joined(&of_member, &id, |needs| self.ids(&needs.memberships))
                .await?,
        );
        for row in rows {
            let kind = if row.get::<i16>("kind")? == 1 {
                ResourceKind::Group
            } else {
                ResourceKind::User
            };
            let group = GroupRef {
                id: row.id("group_id")?,
                display_name: row.get("display_name")?,
            };
            if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
                directory.load_membership(group, row.id("member_id")?, kind);
            }
        }
        Ok(())
    }
}

fn keys<'n>(keys: impl IntoIterator<Item = &'n String>) -> Vec<Value> {
    keys.into_iter().map(|key| json!({ "key": key })).collect()
}

fn attributes(row: &QueryResult) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(&row.get::<String>("resource")?).map_err(StoreError::corrupt)
}
