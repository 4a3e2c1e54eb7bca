//! What filters see of users is written again when schemas change: at once in a small directory, in portions in a large one.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use directory::Policy;
use events::{DirectoryId, OrganizationId, ResourceId, StoredResource, Timestamp, lane_of};
use scim::filter::Filter;
use scim::schema::ResourceType;
use serde_json::{Value, json};
use store::testing::{TestDatabase, insert_users};
use store::{Dialect, NewDirectory, NewOrganization, Query, Store};

const BADGE: &str = "urn:acme:params:scim:schemas:badge:2.0:User";
/// More than one portion, and not a whole number of them.
const MANY: usize = 4_500;
const LANES: u16 = 4;

fn user(n: usize) -> StoredResource {
    // Every third has data of the extension, written as it came.
    let mut attributes = json!({ "userName": format!("p{n}"), "active": true });
    if n.is_multiple_of(3) {
        attributes[BADGE] = json!({ "number": "Ab" });
    }
    let Value::Object(attributes) = attributes else {
        unreachable!()
    };
    let at = Timestamp::from_millis(1_000 + i64::try_from(n / 10).unwrap());
    StoredResource {
        id: ResourceId::new(),
        version: 1,
        created_at: at,
        updated_at: at,
        attributes,
        groups: Vec::new(),
        members: None,
    }
}

async fn directory(store: &Store, users: usize) -> DirectoryId {
    let at = Timestamp::from_millis(1_000);
    let organization = NewOrganization {
        id: OrganizationId::new(),
        name: "Contoso".to_owned(),
        domains: Vec::new(),
        at,
    };
    let new = NewDirectory {
        id: DirectoryId::new(),
        organization_id: organization.id,
        name: "Entra".to_owned(),
        provider: "entra_id".to_owned(),
        at,
    };
    let lane = lane_of(new.id, LANES);
    let change = store.change(Some(lane)).await.unwrap();
    assert_eq!(change.create_organization(&organization).await.unwrap(), None);
    change.create_directory(&new, lane).await.unwrap();
    change.commit().await.unwrap();
    let users: Vec<_> = (0..users).map(user).collect();
    insert_users(store, new.id, ResourceType::user(), &users).await.unwrap();
    new.id
}

/// Declares the extension, or takes the declaration back, as the management API does.
async fn declare(store: &Store, id: DirectoryId, schemas: Option<Value>) {
    let change = store.change(Some(lane_of(id, LANES))).await.unwrap();
    let mut directory = change.directory(id).await.unwrap().unwrap();
    directory.set_setting("schemas", schemas).unwrap();
    change.reindex(&mut directory, &[BADGE]).await.unwrap();
    change.save_directory(&directory).await.unwrap();
    change.commit().await.unwrap();
}

async fn policy(store: &Store, id: DirectoryId) -> Policy {
    let directory = store.directories().by_id(id).await.unwrap().unwrap();
    directory.policy().unwrap()
}

/// How many users a filter finds by the schemas in force.
async fn found(store: &Store, id: DirectoryId, number: &str) -> u64 {
    let policy = policy(store, id).await;
    let filter = Filter::parse(&format!("{BADGE}:number eq \"{number}\""), policy.user_type()).unwrap();
    assert_eq!(policy.indexing_of(&filter), None);
    let query = Query {
        schema: Some(policy.user_type()),
        filter: Some(&filter),
        limit: 0,
        total: store::Total::Counted,
        ..Query::default()
    };
    store.users(id).list(&query).await.unwrap().total.unwrap()
}

#[tokio::test]
async fn a_large_directory_is_indexed_in_portions_and_says_so_meanwhile() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = TestDatabase::of(dialect).await;
        let store = &database.store;
        let (large, small) = (directory(store, MANY).await, directory(store, 6).await);
        let exact = json!([{ "id": BADGE, "name": "Badge", "attributes": [{ "name": "number", "case_exact": true }] }]);
        let with_data = u64::try_from(MANY.div_ceil(3)).unwrap();
        assert_eq!(
            found(store, large, "AB").await,
            with_data,
            "before it is declared, case does not matter"
        );
        for id in [large, small] {
            declare(store, id, Some(exact.clone())).await;
        }
        assert_eq!(policy(store, small).await.indexing, None, "done within the change");
        assert_eq!(
            (found(store, small, "AB").await, found(store, small, "Ab").await),
            (0, 2)
        );

        let filter = |policy: &Policy, text: &str| Filter::parse(text, policy.user_type()).unwrap();
        let meanwhile = policy(store, large).await;
        for text in [
            format!("{BADGE}:number eq \"Ab\""),
            format!("not (userName pr and ({BADGE}:NUMBER sw \"A\" or active eq true))"),
        ] {
            assert_eq!(meanwhile.indexing_of(&filter(&meanwhile, &text)), Some(BADGE), "{text}");
        }
        assert_eq!(meanwhile.indexing_of(&filter(&meanwhile, "userName eq \"p1\"")), None);
        assert_eq!(store.indexing().await.unwrap(), [large]);

        let lane = lane_of(large, LANES);
        let mut portions = 0;
        while store.index_portion(large, lane).await.unwrap() {
            portions += 1;
            // What is left to do is in the settings, so that any process can go on.
            assert_ne!(policy(store, large).await.indexing.unwrap().after, None);
            if portions == 1 {
                // Declared once more in the middle of it: it starts over.
                declare(store, large, Some(exact.clone())).await;
                assert_eq!(policy(store, large).await.indexing.unwrap().after, None);
            }
        }
        assert_eq!(
            portions, 3,
            "one before it started over, then two with the last one behind them"
        );
        assert!(store.indexing().await.unwrap().is_empty());
        assert!(
            !store.index_portion(large, lane).await.unwrap(),
            "nothing is left to do"
        );
        assert_eq!(
            (found(store, large, "AB").await, found(store, large, "Ab").await),
            (0, with_data)
        );
        database.close().await;
    }
}
