//! Every user has `active`: earlier versions took it away where a client removed it, which meant inactive. Its place in the
//! text is the first, so that the text needs not be taken apart.

use super::table::{dialect, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        raw(manager, statements(dialect(manager))).await
    }
}

/// Raw: they move data, by functions for JSON of each database.
const fn statements(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &[
            "UPDATE users SET resource = '{\"active\":false,' || substr(resource, 2),
             search = jsonb_set(search, '{active}', 'false') WHERE NOT active AND NOT jsonb_exists(search, 'active')",
            "UPDATE users_base SET resource = '{\"active\":false,' || substr(resource, 2),
             search = jsonb_set(search, '{active}', 'false') WHERE NOT active AND NOT jsonb_exists(search, 'active')",
        ],
        Dialect::Sqlite => &[
            "UPDATE users SET resource = '{\"active\":false,' || substr(resource, 2),
             search = json_set(search, '$.active', json('false'))
             WHERE NOT active AND json_type(search, '$.active') IS NULL",
            "UPDATE users_base SET resource = '{\"active\":false,' || substr(resource, 2),
             search = json_set(search, '$.active', json('false'))
             WHERE NOT active AND json_type(search, '$.active') IS NULL",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::statements;
    use crate::testing::{TestDatabase, insert_users};
    use crate::{Dialect, NewDirectory, NewOrganization};
    use events::{DirectoryId, OrganizationId, ResourceId, StoredResource, Timestamp};
    use sea_orm::ConnectionTrait as _;
    use serde_json::{Value, json};

    // Rules: R50
    #[tokio::test]
    async fn users_who_lost_active_before_it_always_had_a_value_get_it_back_as_false() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let database = TestDatabase::of(dialect).await;
            let store = &database.store;
            let (organization_id, at) = (OrganizationId::new(), Timestamp::now());
            let directory = DirectoryId::new();
            let change = store.change(None).await.unwrap();
            let organization = NewOrganization {
                id: organization_id,
                name: "Test".into(),
                domains: vec![],
                at,
            };
            change.create_organization(&organization).await.unwrap();
            let new = NewDirectory {
                id: directory,
                organization_id,
                name: "Test".into(),
                provider: "entra_id".into(),
                at,
            };
            change.create_directory(&new, 0).await.unwrap();
            change.commit().await.unwrap();
            let user = |name: &str, active: Option<bool>| {
                let mut attributes = json!({ "userName": name, "title": "x" });
                if let Some(active) = active {
                    attributes["active"] = active.into();
                }
                let Value::Object(attributes) = attributes else {
                    unreachable!()
                };
                StoredResource {
                    id: ResourceId::new(),
                    version: 1,
                    created_at: at,
                    updated_at: at,
                    attributes,
                    groups: Vec::new(),
                    members: None,
                }
            };
            let users = [user("lost", None), user("on", Some(true)), user("off", Some(false))];
            insert_users(store, directory, scim::schema::ResourceType::user(), &users)
                .await
                .unwrap();
            for statement in statements(dialect) {
                store.write().execute_unprepared(statement).await.unwrap();
            }
            for (user, active) in users.iter().zip([false, true, false]) {
                let found = store.users(directory).by_id(user.id, false).await.unwrap().unwrap();
                let stored: Value = serde_json::from_str(&found.resource).unwrap();
                assert_eq!(stored["active"], active, "{dialect:?} {}", stored["userName"]);
                let mut expected = Value::Object(user.attributes.clone());
                expected["active"] = active.into();
                assert_eq!(stored, expected);
            }
            for (filter, count) in [("active eq false", 2), ("active eq true", 1)] {
                let filter = scim::filter::Filter::parse(filter, scim::schema::ResourceType::user()).unwrap();
                let query = crate::Query {
                    filter: Some(&filter),
                    total: crate::Total::Counted,
                    ..crate::Query::default()
                };
                assert_eq!(store.users(directory).count(&query).await.unwrap(), count);
            }
            database.close().await;
        }
    }
}
