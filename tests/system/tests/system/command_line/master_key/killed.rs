//! A change of the master key that is killed in the middle.

use super::{NEW, key, operator, rotate};
use secrets::KeyId;
use std::process::Stdio;
use std::time::Instant;
use store::testing::TestDatabase;
use store::{Dialect, SealedColumn, Store};
use system::MASTER_KEY as OLD;
use system::process::{PATIENCE, pause};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_killed_is_gone_on_with_on_postgres() {
    a_change_that_was_killed_is_gone_on_with(Dialect::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_killed_is_gone_on_with_on_sqlite() {
    a_change_that_was_killed_is_gone_on_with(Dialect::Sqlite).await;
}

/// More than a few transactions.
const MANY: usize = 5_000;

async fn a_change_that_was_killed_is_gone_on_with(dialect: Dialect) {
    let database = TestDatabase::of(dialect).await;
    fill(&database).await;
    let shell = operator(&database, NEW, Some(OLD));
    let held = match dialect {
        // Somebody else changes an endpoint in the middle: the command waits there.
        Dialect::Postgres => {
            let middle = "SELECT id FROM endpoints ORDER BY id OFFSET 2500 LIMIT 1";
            Some(
                database
                    .hold(&format!("SELECT id FROM endpoints WHERE id = ({middle}) FOR UPDATE"))
                    .await,
            )
        }
        Dialect::Sqlite => None,
    };
    let mut run = shell
        .command(&["rotate-master-key"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    loop {
        let is_there = match dialect {
            Dialect::Postgres => {
                database.running("UPDATE \"endpoints\"").await == Some(1) && count(&database.store, NEW).await > 2_000
            }
            Dialect::Sqlite => count(&database.store, NEW).await > 0,
        };
        if is_there {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "it seals nothing");
        pause().await;
    }
    run.kill().await.unwrap();
    drop(held);
    // The server ends what it was asked before, whoever asked it.
    while database
        .running("UPDATE \"endpoints\"")
        .await
        .is_some_and(|count| count > 0)
    {
        pause().await;
    }
    let (old, new) = (count(&database.store, OLD).await, count(&database.store, NEW).await);
    assert!(old > 0 && new > 0 && old + new == MANY, "{old} and {new}");

    let report = rotate(&shell).await.well().json();
    assert_eq!(report["sealed_with_master_key"], MANY, "{report}");
    assert_eq!(report["previous_key_may_be_removed"], true, "{report}");
    assert_eq!(count(&database.store, NEW).await, MANY);
    let endpoints = database.store.endpoints().all().await.unwrap();
    let new = key(NEW);
    for endpoint in &endpoints {
        let context = SealedColumn::EndpointSecret.context(&endpoint.id);
        assert_eq!(
            new.open(&endpoint.sealed_secret, &context).unwrap(),
            endpoint.id.to_string().as_bytes()
        );
    }
    database.close().await;
}

/// Endpoints whose secrets are their ids.
async fn fill(database: &TestDatabase) {
    let old = key(OLD);
    let ids: Vec<events::EndpointId> = (0..MANY).map(|_| events::EndpointId::new()).collect();
    for some in ids.chunks(500) {
        let rows: Vec<String> = some
            .iter()
            .map(|id| {
                let sealed = old.seal(id.to_string().as_bytes(), &SealedColumn::EndpointSecret.context(id));
                let sealed: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
                match database.store.dialect() {
                    Dialect::Postgres => format!("('{id}', 'https://a.example', '\\x{sealed}', false, 0, 0)"),
                    Dialect::Sqlite => {
                        format!(
                            "(X'{}', 'https://a.example', X'{sealed}', false, 0, 0)",
                            id.uuid().simple()
                        )
                    }
                }
            })
            .collect();
        let columns = "id, url, sealed_secret, ordered, created_at, updated_at";
        database
            .execute(&format!("INSERT INTO endpoints ({columns}) VALUES {}", rows.join(", ")))
            .await;
    }
}

/// How many secrets of endpoints a key sealed.
async fn count(store: &Store, master_key: &str) -> usize {
    let heads = store
        .sealed_values()
        .heads(SealedColumn::EndpointSecret, None, 100_000)
        .await
        .unwrap();
    let id = Some(key(master_key).id());
    let sealed = heads
        .iter()
        .filter(|head| head.head.as_deref().and_then(KeyId::of_sealed) == id);
    sealed.count()
}
