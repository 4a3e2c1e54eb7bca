//! Lookups when connections are ended and questions are given up.

use events::{DirectoryId, ResourceId};
use std::time::Duration;
use store::Dialect;
use store::testing::TestDatabase;

#[tokio::test]
async fn a_lookup_does_not_notice_that_the_server_ended_its_connection() {
    let database = TestDatabase::postgres().await;
    let users = database.store.users(DirectoryId::new());
    for _ in 0..3 {
        let (a, b) = tokio::join!(
            users.by_id(ResourceId::new(), true),
            users.by_id(ResourceId::new(), false)
        );
        assert_eq!((a.unwrap(), b.unwrap()), (None, None));
        database.end_connections().await;
    }
    assert_eq!(users.by_id(ResourceId::new(), true).await.unwrap(), None);
    database.close().await;
}

#[tokio::test]
async fn a_lookup_that_was_given_up_leaves_its_connection_to_nobody() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = TestDatabase::of(dialect).await;
        let users = database.store.users(DirectoryId::new());
        for micros in 0..50 {
            let asked = users.by_id(ResourceId::new(), true);
            let _ = tokio::time::timeout(Duration::from_micros(micros * 20), asked).await;
        }
        for _ in 0..20 {
            assert_eq!(users.by_id(ResourceId::new(), true).await.unwrap(), None);
        }
        let store = database.store.clone();
        store.close().await;
        let error = store.users(DirectoryId::new()).by_id(ResourceId::new(), true).await;
        assert!(error.unwrap_err().is_transient());
        database.close().await;
    }
}
