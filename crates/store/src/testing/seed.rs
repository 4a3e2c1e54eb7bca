//! Rows put straight into the tables, for tests of reading.

use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::group_members::MemberKind;
use db::entity::{directory_counts, group_members, groups, user_emails, users};
use db::expr::{insert_from, truth};
use db::rows::{Columns, Rows};
use db::send::execute;
use events::{DirectoryId, ResourceId, ResourceKind, StoredResource};
use scim::schema::ResourceType;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, Query};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, Iterable as _, QueryFilter as _, QueryTrait as _, Set,
};
use serde_json::{Map, Value};
use std::sync::LazyLock;

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
        insert_user(&tx, directory, schema, user).await?;
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
    static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns::of(users::Column::iter()));
    let ids: Vec<ResourceId> = (0..count_of).map(|_| ResourceId::new()).collect();
    let tx = store.begin().await?;
    for (portion, some) in ids.chunks(PORTION).enumerate() {
        let mut rows = Rows::new(&COLUMNS);
        for (n, id) in some.iter().enumerate() {
            let name = format!("person{}@seed.test", portion * PORTION + n);
            let attributes = serde_json::json!({ "userName": name, "active": true });
            let Value::Object(attributes) = attributes else {
                unreachable!("an object")
            };
            let none = || sea_orm::Value::String(None);
            rows.push([
                Id(*id).into(),
                Id(directory).into(),
                name.clone().into(),
                name.into(),
                none(),
                none(),
                none(),
                none(),
                true.into(),
                none(),
                json(&attributes)?.into(),
                search(ResourceType::user(), &attributes).to_string().into(),
                1_i64.into(),
                Millis(0).into(),
                Millis(0).into(),
            ]);
        }
        let people = Query::select()
            .columns(users::Column::iter().map(|column| ("r", column)))
            .from(rows.table(store.dialect(), "r"))
            .and_where(truth(true))
            .take();
        execute(&tx, &insert_from(users::Entity, users::Column::iter(), people)).await?;
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
        insert_group(&tx, directory, group).await?;
    }
    count(&tx, directory, [0, 0, groups.len()]).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes the kept numbers follow: users, active users, groups.
async fn count(tx: &DatabaseTransaction, directory: DirectoryId, added: [usize; 3]) -> Result<(), StoreError> {
    use directory_counts::Column::{ActiveUsers, DirectoryId, Groups, Users};
    let mut counted = directory_counts::Entity::update_many().filter(DirectoryId.eq(Id(directory)));
    for (column, number) in [Users, ActiveUsers, Groups].into_iter().zip(added) {
        let more = i64::try_from(number).unwrap_or(i64::MAX);
        counted = counted.col_expr(column, Expr::col(column).add(more));
    }
    execute(tx, counted.as_query()).await.map(drop)
}

fn text<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str)
}

fn json(value: &Map<String, Value>) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::corrupt)
}

fn search(kind: &ResourceType, attributes: &Map<String, Value>) -> Value {
    Value::Object(scim::resource::search_document(kind, attributes))
}

async fn insert_user(
    tx: &DatabaseTransaction,
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
    let row = users::ActiveModel {
        id: Set(Id(user.id)),
        directory_id: Set(Id(directory)),
        user_name: Set(name.to_owned()),
        user_name_key: Set(scim::fold(name)),
        external_id: Set(text(attributes, "externalId").map(str::to_owned)),
        display_name: Set(display_name.map(str::to_owned)),
        display_name_key: Set(display_name.map(scim::fold)),
        email: Set(emails.first().map(|email| (*email).to_owned())),
        active: Set(attributes.get("active") == Some(&Value::Bool(true))),
        manager_id: Set(manager.map(str::to_owned)),
        resource: Set(json(attributes)?),
        search: Set(search(schema, attributes)),
        version: Set(user.version),
        created_at: Set(user.created_at.into()),
        updated_at: Set(user.updated_at.into()),
    };
    execute(tx, users::Entity::insert(row).as_query()).await?;
    for email in emails {
        let row = user_emails::Entity::insert(user_emails::ActiveModel {
            directory_id: Set(Id(directory)),
            value_key: Set(scim::fold(email)),
            user_id: Set(Id(user.id)),
        })
        .on_conflict(OnConflict::new().do_nothing().to_owned());
        execute(tx, row.as_query()).await?;
    }
    Ok(())
}

async fn insert_group(
    tx: &DatabaseTransaction,
    directory: DirectoryId,
    group: &StoredResource,
) -> Result<(), StoreError> {
    let name = text(&group.attributes, "displayName").unwrap_or_default();
    let row = groups::ActiveModel {
        id: Set(Id(group.id)),
        directory_id: Set(Id(directory)),
        display_name: Set(name.to_owned()),
        display_name_key: Set(scim::fold(name)),
        external_id: Set(text(&group.attributes, "externalId").map(str::to_owned)),
        resource: Set(json(&group.attributes)?),
        search: Set(search(ResourceType::group(), &group.attributes)),
        version: Set(group.version),
        created_at: Set(group.created_at.into()),
        updated_at: Set(group.updated_at.into()),
    };
    execute(tx, groups::Entity::insert(row).as_query()).await?;
    for member in group.members.as_deref().unwrap_or_default() {
        let kind = match member.kind {
            ResourceKind::User => MemberKind::User,
            ResourceKind::Group => MemberKind::Group,
        };
        let row = group_members::ActiveModel {
            directory_id: Set(Id(directory)),
            group_id: Set(Id(group.id)),
            member_id: Set(Id(member.id)),
            kind: Set(kind),
            added_at: Set(group.created_at.into()),
        };
        execute(tx, group_members::Entity::insert(row).as_query()).await?;
    }
    Ok(())
}
