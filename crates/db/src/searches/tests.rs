//! What becomes of searches that do not end by themselves.

use super::Searches;
use crate::links::{Deadlines, Party};
use crate::lookups::Lookups;
use crate::sql::query_all;
use crate::testing::ScratchDatabase;
use crate::{Dialect, Reads, StoreError};
use events::DirectoryId;
use std::time::Duration;

/// Longer than any test waits.
const ENDLESS: (&str, &str) = (
    "SELECT 1 AS one FROM pg_sleep(600)",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) AS one FROM c",
);
const ONE: &str = "SELECT 1 AS one";
const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];

/// Four searches at a time, one of them of the same directory.
fn searches(database: &ScratchDatabase, limit: Duration) -> Searches {
    let searches = match database.database.dialect() {
        // Without the session's own limit, so that what ends a statement is what is looked at here.
        Dialect::Postgres => Searches::postgres(database.url.parse().unwrap(), 4, 1),
        Dialect::Sqlite => Searches::sqlite(database.url.parse().unwrap(), 4, 1),
    };
    Searches {
        patience: Deadlines {
            wait: Duration::from_secs(30),
            limit,
        },
        ..searches
    }
}

fn directory() -> Party {
    Party::Directory(DirectoryId::new())
}

/// Nothing that a search has asked runs at the server any more.
async fn nothing_runs(database: &ScratchDatabase) {
    assert_eq!(database.running("pg_sleep(600)").await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_search_ends_when_its_time_is_over_and_so_does_its_statement() {
    for dialect in BOTH {
        let database = ScratchDatabase::of(dialect).await;
        let searches = searches(&database, Duration::from_millis(300));
        let one = directory();
        let slow = query_all(&searches.of(one), ENDLESS, []).await;
        assert!(matches!(slow, Err(StoreError::TooSlow)), "{slow:?}");
        // The only place of this directory is free when the statement has ended, and not before.
        query_all(&searches.of(one), ONE, []).await.unwrap();
        nothing_runs(&database).await;
        searches.close().await;
        database.close().await;
    }
}

#[tokio::test]
async fn all_statements_of_a_search_together_have_its_time() {
    for dialect in BOTH {
        let database = ScratchDatabase::of(dialect).await;
        let searches = searches(&database, Duration::from_millis(300));
        let search = searches.of(directory());
        let mut answered = 0_u32;
        let refused = loop {
            match query_all(&search, ONE, []).await {
                Ok(_) => answered += 1,
                Err(error) => break error,
            }
        };
        assert!(answered > 0);
        assert!(
            matches!(refused, StoreError::TooSlow | StoreError::Unavailable(_)),
            "{refused:?}"
        );
        drop(search);
        searches.close().await;
        database.close().await;
    }
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_any_more_ends_with_its_statement() {
    for dialect in BOTH {
        let database = ScratchDatabase::of(dialect).await;
        let searches = searches(&database, Duration::from_secs(600));
        let one = directory();
        // At different moments: before the statement has reached the database, and while it runs.
        for millis in [0, 1, 2, 5, 20, 100] {
            let search = searches.of(one);
            let gone = tokio::time::timeout(Duration::from_millis(millis), query_all(&search, ENDLESS, [])).await;
            assert!(gone.is_err(), "it is endless");
        }
        query_all(&searches.of(one), ONE, []).await.unwrap();
        nothing_runs(&database).await;
        searches.close().await;
        database.close().await;
    }
}

#[tokio::test]
async fn a_directory_that_searches_without_end_leaves_connections_to_others() {
    for dialect in BOTH {
        let database = ScratchDatabase::of(dialect).await;
        let searches = Searches {
            patience: Deadlines {
                wait: Duration::from_millis(200),
                limit: Duration::from_secs(600),
            },
            ..searches(&database, Duration::ZERO)
        };
        let (hostile, other) = (directory(), directory());
        let running = {
            let searches = searches.clone();
            tokio::spawn(async move { query_all(&searches.of(hostile), ENDLESS, []).await.map(|_| ()) })
        };
        let refused = loop {
            match query_all(&searches.of(hostile), ONE, []).await {
                // The other one has not begun yet.
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => break error,
            }
        };
        let is_crowded = matches!(
            refused,
            StoreError::Crowded {
                what: Reads::Searches,
                share: 1
            }
        );
        assert!(is_crowded, "{refused:?}");
        query_all(&searches.of(other), ONE, []).await.unwrap();
        running.abort();
        assert!(running.await.is_err());
        query_all(&searches.of(hostile), ONE, []).await.unwrap();
        searches.close().await;
        database.close().await;
    }
}

#[tokio::test]
async fn other_reading_statements_end_too() {
    let ends = async |dialect| {
        let database = ScratchDatabase::of(dialect).await;
        let connections = &database.database;
        let (read, keys) = tokio::join!(
            query_all(connections.read(), ENDLESS, []),
            query_all(connections.keys(), ENDLESS, [])
        );
        for slow in [read, keys] {
            assert!(matches!(slow, Err(StoreError::Unavailable(_))), "{slow:?}");
        }
        query_all(connections.read(), ONE, []).await.unwrap();
        query_all(connections.keys(), ONE, []).await.unwrap();
        database.close().await;
    };
    tokio::join!(ends(Dialect::Postgres), ends(Dialect::Sqlite));
}

#[tokio::test]
async fn a_directory_with_too_many_lookups_is_told_so_and_leaves_connections_to_others() {
    let is_told = async |dialect| {
        let database = ScratchDatabase::of(dialect).await;
        let lookups = match dialect {
            Dialect::Postgres => Lookups::postgres(database.url.parse().unwrap(), 4),
            Dialect::Sqlite => Lookups::sqlite(database.url.parse().unwrap(), 4),
        };
        let (hostile, other) = (directory(), directory());
        let [first, second, third] = [(); 3].map(|()| lookups.of(hostile));
        let endless = async {
            tokio::join!(
                query_all(&first, ENDLESS, []),
                query_all(&second, ENDLESS, []),
                query_all(&third, ENDLESS, [])
            )
        };
        let asking = async {
            let refused = loop {
                match query_all(&lookups.of(hostile), ONE, []).await {
                    // The others have not all begun yet.
                    Ok(_) => tokio::task::yield_now().await,
                    Err(error) => break error,
                }
            };
            query_all(&lookups.of(other), ONE, []).await.unwrap();
            refused
        };
        let refused = tokio::select! {
            refused = asking => refused,
            ended = endless => panic!("they are endless: {ended:?}"),
        };
        let is_crowded = matches!(
            refused,
            StoreError::Crowded {
                what: Reads::Lookups,
                share: 3
            }
        );
        assert!(is_crowded, "{refused:?}");
        lookups.close().await;
        database.close().await;
    };
    tokio::join!(is_told(Dialect::Postgres), is_told(Dialect::Sqlite));
}
