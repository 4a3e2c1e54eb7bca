//! The schema on both databases, and connections that come and go.

use events::{DirectoryId, ResourceId};
use std::time::Duration;
use store::testing::TestDatabase;
use store::{Dialect, Store, StoreError, StoreOptions};

#[tokio::test]
async fn migrations_run_on_both_databases_and_twice() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = TestDatabase::of(dialect).await;
        assert_eq!(database.store.dialect(), dialect);
        database.store.migrate().await.unwrap();
        database.store.ping().await.unwrap();
        database.close().await;
    }
}

#[tokio::test]
async fn migrations_started_together_wait_for_each_other() {
    let database = TestDatabase::postgres().await;
    let other = Store::connect(&StoreOptions::new(&database.url)).await.unwrap();
    let (a, b) = tokio::join!(database.store.migrate(), other.migrate());
    a.unwrap();
    b.unwrap();
    other.close().await;
    database.close().await;
}

#[tokio::test]
async fn the_number_of_partitions_is_fixed_at_the_first_start() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = TestDatabase::of(dialect).await;
        database.store.check_partitions(4).await.unwrap();
        database.store.check_partitions(4).await.unwrap();
        let error = database.store.check_partitions(8).await.unwrap_err();
        assert!(matches!(error, StoreError::Misconfigured(_)), "{error:?}");
        assert!(error.to_string().contains("set up with 4"), "{error}");
        database.close().await;
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_reported_as_unavailable_within_seconds() {
    let started = std::time::Instant::now();
    let error = Store::connect(&StoreOptions::new("postgres://nobody@127.0.0.1:1/none"))
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(4));
    for url in ["mysql://localhost/x", "sqlite::memory:", "", "postgres://h:notaport/x"] {
        let error = Store::connect(&StoreOptions::new(url)).await.unwrap_err();
        assert!(matches!(error, StoreError::Misconfigured(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced() {
    let database = TestDatabase::postgres().await;
    let store = &database.store;
    let (a, b) = tokio::join!(store.ping(), store.ping());
    a.unwrap();
    b.unwrap();
    database.end_connections().await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while let Err(error) = store.ping().await {
        assert!(error.is_transient(), "{error:?}");
        assert!(std::time::Instant::now() < deadline, "no new connection was made");
    }
    database.close().await;
}

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
