//! What the same database servers do without Rollcall.

use crate::load::{self, Load};
use bus::testing::Vhost;
use bus::{Bus, RabbitOptions};
use events::{
    Command, CommandId, DirectoryId, OrganizationId, Outcome, ResourceId, ResourceKind, Source, Timestamp, Verb,
    Verdict,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};
use store::testing::TestDatabase;

/// More sessions than this make a server with few cores slower, not faster.
const MOST_CONNECTIONS: usize = 64;

/// About what a stored person weighs.
fn document(n: usize) -> String {
    format!("{{\"userName\":\"user{n}\",\"padding\":\"{}\"}}", "x".repeat(640))
}

const TABLES: [&str; 3] = [
    "CREATE TABLE y_users (id uuid PRIMARY KEY, directory uuid, name text, resource text, search jsonb, UNIQUE (directory, name))",
    "CREATE TABLE y_events (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid UNIQUE, body text)",
    "CREATE TABLE y_inbox (id uuid PRIMARY KEY, status smallint)",
];

/// What became of a statement.
fn done<T, E: std::fmt::Display>(outcome: Result<T, E>) -> Result<(), String> {
    outcome.map(|_| ()).map_err(|error| error.to_string())
}

/// A database of its own on the server of the tests, with as many sessions as clients up to 64.
pub(crate) async fn postgres(clients: usize) -> (TestDatabase, PgPool) {
    let database = TestDatabase::postgres().await;
    let options: PgConnectOptions = database.url.parse().unwrap();
    let size = u32::try_from(clients.min(MOST_CONNECTIONS)).unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(size)
        .connect_with(options)
        .await
        .unwrap();
    for table in TABLES {
        sqlx::query(table).execute(&pool).await.unwrap();
    }
    (database, pool)
}

/// y1: for each request a transaction that inserts a person, an event and a verdict.
pub(crate) async fn three_rows(pool: &PgPool, clients: usize, requests: usize) -> Load {
    let pool = pool.clone();
    load::run(clients, requests, move |n| {
        let pool = pool.clone();
        async move {
            let (id, document) = (uuid::Uuid::now_v7(), document(n));
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("INSERT INTO y_users VALUES ($1, $2, $3, $4, $4::jsonb)")
                .bind(id)
                .bind(uuid::Uuid::nil())
                .bind(id.to_string())
                .bind(&document)
                .execute(&mut *tx)
                .await
                .unwrap();
            sqlx::query("INSERT INTO y_events (id, body) VALUES ($1, $2)")
                .bind(id)
                .bind(&document)
                .execute(&mut *tx)
                .await
                .unwrap();
            sqlx::query("INSERT INTO y_inbox VALUES ($1, 201)")
                .bind(id)
                .execute(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.map_err(|error| error.to_string())
        }
    })
    .await
}

/// y0: for each request one row, committed by itself.
pub(crate) async fn one_row(pool: &PgPool, clients: usize, requests: usize) -> Load {
    let pool = pool.clone();
    load::run(clients, requests, move |_| {
        let pool = pool.clone();
        async move {
            let insert = sqlx::query("INSERT INTO y_inbox VALUES ($1, 201)").bind(uuid::Uuid::now_v7());
            done(insert.execute(&pool).await)
        }
    })
    .await
}

/// y4: SQLite in WAL mode with `synchronous=FULL`, one row a commit, one writer.
pub(crate) async fn sqlite_rows(clients: usize, requests: usize) -> Load {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("y.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool: SqlitePool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    sqlx::query("CREATE TABLE y (id BLOB PRIMARY KEY, body TEXT)")
        .execute(&pool)
        .await
        .unwrap();
    let load = load::run(clients, requests, move |n| {
        let pool = pool.clone();
        async move {
            let insert = sqlx::query("INSERT INTO y VALUES ($1, $2)")
                .bind(uuid::Uuid::now_v7())
                .bind(document(n));
            done(insert.execute(&pool).await)
        }
    })
    .await;
    drop(folder);
    load
}

/// y2: commands as Rollcall sends them, through a quorum queue to a consumer that answers them at once.
pub(crate) async fn echo(clients: usize, requests: usize) -> Load {
    let vhost = Vhost::create().await;
    let bus = Bus::rabbit(RabbitOptions {
        url: vhost.url.clone(),
        partitions: 1,
        name: "y2".to_owned(),
    });
    let consumer = bus.commands(vec![0]);
    let echo = tokio::spawn(async move {
        while let Some(batch) = consumer.next(256).await {
            for delivery in &batch {
                let verdict = Verdict {
                    command_id: delivery.payload.id,
                    outcome: Outcome::Deleted,
                };
                consumer.replier().reply(delivery, &verdict).await;
            }
            consumer.acker().ack(&batch).await;
        }
    });
    while !bus.health().up || bus.request(&command(0)).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let sender = bus.clone();
    let load = load::run(clients, requests, move |n| {
        let bus = sender.clone();
        async move { done(bus.request(&command(n)).await) }
    })
    .await;
    bus.close().await;
    let _ = echo.await;
    drop(vhost);
    load
}

/// A create of about the usual size.
fn command(n: usize) -> Command {
    let now = Timestamp::now();
    let attributes = serde_json::json!({ "userName": format!("user{n}"), "padding": "x".repeat(640) });
    Command {
        id: CommandId::new(),
        organization_id: OrganizationId::new(),
        directory_id: DirectoryId::new(),
        source: Source::Scim,
        issued_at: now,
        deadline: now.plus(std::time::Duration::from_secs(60)),
        kind: ResourceKind::User,
        resource_id: ResourceId::new(),
        if_match: Vec::new(),
        verb: Verb::Create(attributes.as_object().cloned().unwrap_or_default()),
    }
}
