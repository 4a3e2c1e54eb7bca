//! Dates are searched in one form, in UTC, which search documents that were written before do not have: directories that
//! declare dates have their users written again for search, in portions, as after a change of schemas.

use super::table::{dialect, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        raw(manager, &[refold(dialect(manager))]).await
    }
}

/// Raw: it moves data, by functions for JSON of each database.
const fn refold(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => REFOLD_POSTGRES,
        Dialect::Sqlite => REFOLD_SQLITE,
    }
}

const REFOLD_POSTGRES: &str =
    "UPDATE directories SET settings = jsonb_set(settings::jsonb, '{indexing}', jsonb_build_object(
    'urns', jsonb_path_query_array(settings::jsonb, '$.schemas[*].id'), 'after', NULL))::text
    WHERE settings LIKE '%\"dateTime\"%'";

const REFOLD_SQLITE: &str = "UPDATE directories SET settings = json_set(settings, '$.indexing', json_object(
    'urns', json((SELECT json_group_array(json_extract(value, '$.id')) FROM json_each(settings, '$.schemas'))), 'after', NULL))
    WHERE settings LIKE '%\"dateTime\"%'";

#[cfg(test)]
mod tests {
    use super::refold;
    use crate::testing::{TestDatabase, insert_users};
    use crate::{Dialect, NewDirectory, NewOrganization, Query, Total};
    use events::{DirectoryId, OrganizationId, ResourceId, StoredResource, Timestamp};
    use scim::filter::Filter;
    use serde_json::json;

    const URN: &str = "urn:acme:2.0:User";

    // Rules: R8
    #[tokio::test]
    async fn dates_written_by_an_earlier_version_are_found_once_they_are_written_again() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let database = TestDatabase::of(dialect).await;
            let store = &database.store;
            let (organization_id, at) = (OrganizationId::new(), Timestamp::now());
            let (id, other) = (DirectoryId::new(), DirectoryId::new());
            let change = store.change(Some(0)).await.unwrap();
            let (name, domains) = ("Test".to_owned(), vec![]);
            let organization = NewOrganization {
                id: organization_id,
                name,
                domains,
                at,
            };
            change.create_organization(&organization).await.unwrap();
            for id in [id, other] {
                let (name, provider) = ("Directory".to_owned(), "entra_id".to_owned());
                let directory = NewDirectory {
                    id,
                    organization_id,
                    name,
                    provider,
                    at,
                };
                change.create_directory(&directory, 0).await.unwrap();
            }
            let mut directory = change.directory(id).await.unwrap().unwrap();
            let schemas =
                json!([{ "id": URN, "name": "Acme", "attributes": [{ "name": "hired", "type": "dateTime" }] }]);
            directory.set_setting("schemas", Some(schemas)).unwrap();
            change.save_directory(&directory).await.unwrap();
            change.commit().await.unwrap();
            let policy = directory.policy().unwrap();
            let hired = "2026-01-31T08:15:00+23:59";
            let attributes = json!({ "userName": "a", URN: { "hired": hired } });
            let user = StoredResource {
                id: ResourceId::new(),
                version: 1,
                created_at: at,
                updated_at: at,
                attributes: attributes.as_object().unwrap().clone(),
                groups: Vec::new(),
                members: None,
            };
            insert_users(store, id, policy.user_type(), &[user]).await.unwrap();
            let old = r#"{"userName": "a", "urn:acme:2.0:User": {"hired": "2026-01-31T08:15:00+23:59"}}"#;
            database.execute(&format!("UPDATE users SET search = '{old}'")).await;

            let filter =
                Filter::parse(&format!("{URN}:hired eq \"2026-01-30T08:16:00Z\""), policy.user_type()).unwrap();
            let query = Query {
                schema: Some(policy.user_type()),
                filter: Some(&filter),
                total: Total::Counted,
                ..Query::default()
            };
            let found = async || store.users(id).list(&query).await.unwrap().total;
            assert_eq!(found().await, Some(0), "no error, whatever was stored");

            database.execute(refold(dialect)).await;
            assert_eq!(store.indexing().await.unwrap(), [id], "the other one has no dates");
            let meanwhile = store.directories().by_id(id).await.unwrap().unwrap().policy().unwrap();
            assert_eq!(meanwhile.indexing_of(&filter), Some(URN));
            assert!(!store.index_portion(id, 0).await.unwrap());
            assert!(store.indexing().await.unwrap().is_empty());
            assert_eq!(found().await, Some(1));
            database.close().await;
        }
    }
}
