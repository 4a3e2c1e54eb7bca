//! What migrations make of the data that an earlier version has left, as the store reads it.

use db::backfills;
use events::{DirectoryId, OrganizationId, ResourceId, StoredResource, Timestamp};
use scim::filter::Filter;
use scim::schema::ResourceType;
use serde_json::{Value, json};
use store::testing::{TestDatabase, insert_users};
use store::{Dialect, NewDirectory, NewOrganization, Query, Total};

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
        let schemas = json!([{ "id": URN, "name": "Acme", "attributes": [{ "name": "hired", "type": "dateTime" }] }]);
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

        let filter = Filter::parse(&format!("{URN}:hired eq \"2026-01-30T08:16:00Z\""), policy.user_type()).unwrap();
        let query = Query {
            schema: Some(policy.user_type()),
            filter: Some(&filter),
            total: Total::Counted,
            ..Query::default()
        };
        let found = async || store.users(id).list(&query).await.unwrap().total;
        assert_eq!(found().await, Some(0), "no error, whatever was stored");

        database.execute(backfills::instants(dialect)).await;
        assert_eq!(store.indexing().await.unwrap(), [id], "the other one has no dates");
        let meanwhile = store.directories().by_id(id).await.unwrap().unwrap().policy().unwrap();
        assert_eq!(meanwhile.indexing_of(&filter), Some(URN));
        assert!(!store.index_portion(id, 0).await.unwrap());
        assert!(store.indexing().await.unwrap().is_empty());
        assert_eq!(found().await, Some(1));
        database.close().await;
    }
}

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
        insert_users(store, directory, ResourceType::user(), &users)
            .await
            .unwrap();
        for statement in backfills::active(dialect) {
            database.execute(statement).await;
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
            let filter = Filter::parse(filter, ResourceType::user()).unwrap();
            let query = Query {
                filter: Some(&filter),
                total: Total::Counted,
                ..Query::default()
            };
            assert_eq!(store.users(directory).count(&query).await.unwrap(), count);
        }
        database.close().await;
    }
}
