//! Whom a change of the settings concerns: the people in some groups.

use super::AdminTx;
use crate::rows::{Column, row_set};
use crate::sql::{Row, json_id, query_all};
use crate::{Dialect, StoreError};
use directory::User;
use events::{DirectoryId, GroupRef, ResourceId};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

impl AdminTx {
    /// The users that are direct members of any of these groups, each with all groups it is in. `None` when there are
    /// more than `most`: then nobody is loaded.
    ///
    /// # Errors
    /// As any query.
    pub async fn people_in(
        &self,
        directory: DirectoryId,
        groups: &[ResourceId],
        most: usize,
    ) -> Result<Option<Vec<(User, Vec<GroupRef>)>>, StoreError> {
        let rows: Vec<Value> = groups
            .iter()
            .map(|id| json!({ "id": json_id(self.dialect, id.uuid()) }))
            .collect();
        let set = row_set(self.dialect, 1, "r", &[("id", Column::Id)]);
        let of_groups = match self.dialect {
            Dialect::Postgres => format!("m.group_id = ANY (ARRAY(SELECT r.id FROM {set}))"),
            Dialect::Sqlite => format!("m.group_id IN (SELECT r.id FROM {set})"),
        };
        let people = format!(
            "SELECT DISTINCT m.member_id FROM group_members m WHERE {of_groups} \
             AND (m.directory_id = $2) IS TRUE AND m.kind = 0 LIMIT {}",
            most + 1
        );
        let values = || vec![Value::Array(rows.clone()).to_string().into(), directory.uuid().into()];
        let found = |column: &str| match self.dialect {
            Dialect::Postgres => format!("{column} = ANY (ARRAY({people}))"),
            Dialect::Sqlite => format!("{column} IN ({people})"),
        };
        let users = format!(
            "SELECT x.id, x.resource, x.version, x.created_at, x.updated_at FROM users x \
             WHERE (x.directory_id = $2) IS TRUE AND {} ORDER BY x.id",
            found("x.id")
        );
        let users = query_all(&self.tx, &users, values()).await?;
        if users.len() > most {
            return Ok(None);
        }
        let memberships = format!(
            "SELECT m.member_id, g.id, g.display_name FROM group_members m JOIN groups g ON g.id = m.group_id \
             WHERE (m.directory_id = $2) IS TRUE AND {} ORDER BY m.member_id, g.id",
            found("m.member_id")
        );
        let mut groups_of: HashMap<ResourceId, Vec<GroupRef>> = HashMap::new();
        for row in query_all(&self.tx, &memberships, values()).await? {
            let group = GroupRef {
                id: row.id("id")?,
                display_name: row.get("display_name")?,
            };
            groups_of.entry(row.id("member_id")?).or_default().push(group);
        }
        let mut found = Vec::with_capacity(users.len());
        for row in &users {
            let attributes: Map<String, Value> =
                serde_json::from_str(&row.get::<String>("resource")?).map_err(StoreError::corrupt)?;
            let user = User {
                id: row.id("id")?,
                attributes,
                version: row.get("version")?,
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
            };
            let groups = groups_of.remove(&user.id).unwrap_or_default();
            found.push((user, groups));
        }
        Ok(Some(found))
    }
}
