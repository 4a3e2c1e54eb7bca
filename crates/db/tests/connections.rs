//! Migrations that are run on both databases, and connections that come and go.

use db::testing::ScratchDatabase;
use db::{Database, Dialect, StoreError, StoreOptions};

#[tokio::test]
async fn migrations_run_on_both_databases_and_twice() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let scratch = ScratchDatabase::of(dialect).await;
        assert_eq!(scratch.database.dialect(), dialect);
        scratch.database.migrate().await.unwrap();
        scratch.database.ping().await.unwrap();
        scratch.close().await;
    }
}

#[tokio::test]
async fn migrations_started_together_wait_for_each_other() {
    let scratch = ScratchDatabase::postgres().await;
    let other = Database::connect(&StoreOptions::new(&scratch.url)).await.unwrap();
    let (a, b) = tokio::join!(scratch.database.migrate(), other.migrate());
    a.unwrap();
    b.unwrap();
    other.close().await;
    scratch.close().await;
}

#[tokio::test]
async fn the_number_of_partitions_is_fixed_at_the_first_start() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let scratch = ScratchDatabase::of(dialect).await;
        scratch.database.check_partitions(4).await.unwrap();
        scratch.database.check_partitions(4).await.unwrap();
        let error = scratch.database.check_partitions(8).await.unwrap_err();
        assert!(matches!(error, StoreError::Misconfigured(_)), "{error:?}");
        assert!(error.to_string().contains("set up with 4"), "{error}");
        scratch.close().await;
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_reported_as_unavailable_within_seconds() {
    let started = std::time::Instant::now();
    let error = Database::connect(&StoreOptions::new("postgres://nobody@127.0.0.1:1/none"))
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(4));
    for url in ["mysql://localhost/x", "sqlite::memory:", "", "postgres://h:notaport/x"] {
        let error = Database::connect(&StoreOptions::new(url)).await.unwrap_err();
        assert!(matches!(error, StoreError::Misconfigured(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced() {
    let scratch = ScratchDatabase::postgres().await;
    let database = &scratch.database;
    let (a, b) = tokio::join!(database.ping(), database.ping());
    a.unwrap();
    b.unwrap();
    scratch.end_connections().await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while let Err(error) = database.ping().await {
        assert!(error.is_transient(), "{error:?}");
        assert!(std::time::Instant::now() < deadline, "no new connection was made");
    }
    scratch.close().await;
}
