//! Rows put straight into the tables, for tests of reading.

use crate::rows::{Column, row_set};
use crate::sql::{exec, json_id};
use crate::{Dialect, Store, StoreError};
use events::{DirectoryId, ResourceId, ResourceKind, StoredResource};
use scim::schema::ResourceType;
use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value};

/// Inserts users as they are: ids, versions and times included, `groups` left out. `schema` says which attributes
/// are searched without regard to case.
///
/// # Errors
/// What the database says, [`StoreError::Conflict`] for a user name that is taken.
pub async fn insert_users(
    store: &Store,
    directory: DirectoryId,
    schema: &ResourceType,
    users: &[StoredResource],
) -> Result<(), StoreError> {
    let tx = store.begin().await?;
    for user in users {
        insert_user(&tx, store.dialect(), directory, schema, user).await?;
    }
    let is_active = |user: &&StoredResource| user.attributes.get("active").and_then(Value::as_bool).unwrap_or(false);
    let active = users.iter().filter(is_active).count();
    count(&tx, directory, [users.len(), active, 0]).await?;
    tx.commit().await?;
    Ok(())
}

/// Inserts so many active users, who have a name and an address; their ids. For tests that need very many.
///
/// # Errors
/// What the database says.
pub async fn insert_many_users(
    store: &Store,
    directory: DirectoryId,
    count_of: usize,
) -> Result<Vec<ResourceId>, StoreError> {
    const PORTION: usize = 10_000;
    let dialect = store.dialect();
    let columns = [
        ("id", Column::Id),
        ("directory_id", Column::Id),
        ("name", Column::Text),
        ("resource", Column::Text),
        ("search", Column::Text),
    ];
    let as_json = if dialect == Dialect::Postgres { "::jsonb" } else { "" };
    let sql = format!(
        "INSERT INTO users (id, directory_id, user_name, user_name_key, external_id, display_name, display_name_key, \
         email, active, manager_id, resource, search, version, created_at, updated_at) \
         SELECT r.id, r.directory_id, r.name, r.name, NULL, NULL, NULL, NULL, TRUE, NULL, r.resource, \
         r.search{as_json}, 1, 0, 0 FROM {}",
        row_set(dialect, 1, "r", &columns)
    );
    let ids: Vec<ResourceId> = (0..count_of).map(|_| ResourceId::new()).collect();
    let tx = store.begin().await?;
    for (portion, some) in ids.chunks(PORTION).enumerate() {
        let row = |(n, id): (usize, &ResourceId)| {
            let name = format!("person{}@seed.test", portion * PORTION + n);
            let attributes = serde_json::json!({ "userName": name, "active": true });
            let Value::Object(attributes) = attributes else {
                unreachable!("an object")
            };
            Ok::<_, StoreError>(serde_json::json!({
                "id": json_id(dialect, id.uuid()),
                "directory_id": json_id(dialect, directory.uuid()),
                "name": name,
                "resource": json(&attributes)?,
                "search": search(ResourceType::user(), &attributes)?,
            }))
        };
        let rows: Vec<Value> = some.iter().enumerate().map(row).collect::<Result<_, _>>()?;
        exec(&tx, &sql, [Value::Array(rows).to_string().into()]).await?;
    }
    count(&tx, directory, [count_of, count_of, 0]).await?;
    tx.commit().await?;
    Ok(ids)
}

/// Inserts groups as they are, with their members.
///
/// # Errors
/// What the database says, [`StoreError::Conflict`] for a display name that is taken.
pub async fn insert_groups(store: &Store, directory: DirectoryId, groups: &[StoredResource]) -> Result<(), StoreError> {
    let tx = store.begin().await?;
    for group in groups {
        insert_group(&tx, store.dialect(), directory, group).await?;
    }
    count(&tx, directory, [0, 0, groups.len()]).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes the kept numbers follow: users, active users, groups.
async fn count(tx: &DatabaseTransaction, directory: DirectoryId, added: [usize; 3]) -> Result<(), StoreError> {
    let sql = "UPDATE directory_counts SET users = users + $2, active_users = active_users + $3, \
               groups = groups + $4 WHERE directory_id = $1";
    let [users, active_users, groups] = added.map(|number| i64::try_from(number).unwrap_or(i64::MAX).into());
    exec(tx, sql, [directory.uuid().into(), users, active_users, groups])
        .await
        .map(|_| ())
}

fn text<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str)
}

fn json(value: &Map<String, Value>) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::corrupt)
}

fn search(kind: &ResourceType, attributes: &Map<String, Value>) -> Result<String, StoreError> {
    json(&scim::resource::search_document(kind, attributes))
}

async fn insert_user(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    directory: DirectoryId,
    schema: &ResourceType,
    user: &StoredResource,
) -> Result<(), StoreError> {
    let attributes = &user.attributes;
    let name = text(attributes, "userName").unwrap_or_default();
    let display_name = text(attributes, "displayName");
    let emails = attributes
        .get("emails")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let emails: Vec<&str> = emails
        .iter()
        .filter_map(|email| email.get("value").and_then(Value::as_str))
        .collect();
    let manager = attributes
        .get(scim::urn::ENTERPRISE_USER)
        .and_then(|e| e.get("manager")?.get("value")?.as_str());
    let search_parameter = if dialect == Dialect::Postgres {
        "$12::jsonb"
    } else {
        "$12"
    };
    let sql = format!(
        "INSERT INTO users (id, directory_id, user_name, user_name_key, external_id, display_name, display_name_key, \
         email, active, manager_id, resource, search, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, {search_parameter}, $13, $14, $15)"
    );
    let values = [
        user.id.uuid().into(),
        directory.uuid().into(),
        name.into(),
        scim::fold(name).into(),
        text(attributes, "externalId").into(),
        display_name.into(),
        display_name.map(scim::fold).into(),
        emails.first().copied().into(),
        (attributes.get("active") == Some(&Value::Bool(true))).into(),
        manager.into(),
        json(attributes)?.into(),
        search(schema, attributes)?.into(),
        user.version.into(),
        user.created_at.millis().into(),
        user.updated_at.millis().into(),
    ];
    exec(tx, &sql, values).await?;
    for email in emails {
        let sql =
            "INSERT INTO user_emails (directory_id, value_key, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let values = [directory.uuid().into(), scim::fold(email).into(), user.id.uuid().into()];
        exec(tx, sql, values).await?;
    }
    Ok(())
}

async fn insert_group(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    directory: DirectoryId,
    group: &StoredResource,
) -> Result<(), StoreError> {
    let name = text(&group.attributes, "displayName").unwrap_or_default();
    let search_parameter = if dialect == Dialect::Postgres {
        "$7::jsonb"
    } else {
        "$7"
    };
    let sql = format!(
        "INSERT INTO groups (id, directory_id, display_name, display_name_key, external_id, resource, search, version, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, {search_parameter}, $8, $9, $10)"
    );
    let values = [
        group.id.uuid().into(),
        directory.uuid().into(),
        name.into(),
        scim::fold(name).into(),
        text(&group.attributes, "externalId").into(),
        json(&group.attributes)?.into(),
        search(ResourceType::group(), &group.attributes)?.into(),
        group.version.into(),
        group.created_at.millis().into(),
        group.updated_at.millis().into(),
    ];
    exec(tx, &sql, values).await?;
    for member in group.members.as_deref().unwrap_or_default() {
        let sql = "INSERT INTO group_members (directory_id, group_id, member_id, kind, added_at) \
                   VALUES ($1, $2, $3, $4, $5)";
        let values = [
            directory.uuid().into(),
            group.id.uuid().into(),
            member.id.uuid().into(),
            i16::from(member.kind == ResourceKind::Group).into(),
            group.created_at.millis().into(),
        ];
        exec(tx, sql, values).await?;
    }
    Ok(())
}
