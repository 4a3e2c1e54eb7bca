//! Opening a database: PostgreSQL as one pool, SQLite as one writing connection and a pool of readers.

use crate::links::limit_pool;
use crate::lookups::Lookups;
use crate::searches::Searches;
use crate::session::{ACQUIRE_TIMEOUT, TEST_AFTER_IDLE, WALKING, WRITER_SESSION, Writers};
use crate::steady::Steady;
use crate::{Database, Dialect, StoreError, StoreOptions};
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{SqlxPostgresConnector, SqlxSqliteConnector};
use std::time::Duration;

/// Connections of the projector that are being opened; one is enough unless batches are refused.
const WRITERS_AT_ONCE: u32 = 4;
/// Connections that find keys, clients and directories: a millisecond each second for each key in use.
const KEY_CONNECTIONS: u32 = 2;
/// How long a statement may run; SQLite's reading ones, see [`crate::links`].
const STATEMENT_LIMIT: Duration = Duration::from_secs(5);
/// The one writer of SQLite is shared by everybody, so waiting for it is normal.
const SQLITE_WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Settings of each PostgreSQL session, in milliseconds where a time.
const SESSION: [(&str, &str); 5] = [
    ("statement_timeout", "5000"),
    ("lock_timeout", "2000"),
    ("idle_in_transaction_session_timeout", "10000"),
    // Compiling plans costs more than it saves on the short statements here.
    ("jit", "off"),
    // A plan made while a table was empty may take any index, and would be kept while the table grows, until statistics
    // are next gathered: minutes in which each lookup reads a whole directory.
    ("plan_cache_mode", "force_custom_plan"),
];

// The pools are built here and handed to sea-orm ready-made: its own `connect` records all its options, the URL with
// the password among them, in a tracing span.

pub(crate) async fn postgres(options: &StoreOptions) -> Result<Database, StoreError> {
    let connect = options
        .url
        .parse::<PgConnectOptions>()
        .map_err(|_| StoreError::Misconfigured("the PostgreSQL URL is not valid".to_owned()))?
        .application_name(&options.application_name)
        .options(SESSION)
        .disable_statement_logging();
    let port = connect.get_port();
    // What is searched for may have no index but that of its directory; a whole table is everybody's.
    let searching = connect.clone().options([("enable_seqscan", "off")]);
    let searches = Searches::postgres(searching, options.max_connections, options.searches_per_directory);
    let connect = connect.options(WALKING);
    let writers = connect.clone().options(WRITER_SESSION);
    let steady = Steady::postgres(&writers);
    let lookups = Lookups::postgres(connect.clone(), options.max_connections);
    let keys = postgres_pool(port, KEY_CONNECTIONS).connect_lazy_with(connect.clone());
    let pool = postgres_pool(port, options.max_connections)
        .connect_with(connect)
        .await?;
    // Connects when first asked: only the projector is.
    let writers = PgPoolOptions::new()
        .max_connections(WRITERS_AT_ONCE)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .after_connect(move |_, _| {
            crate::nodelay::set_nodelay(port);
            Box::pin(std::future::ready(Ok(())))
        })
        .connect_lazy_with(writers);
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Database {
        dialect: Dialect::Postgres,
        write: connection.clone(),
        read: connection,
        writers: Some(Writers::new(writers)),
        heavy: None,
        keys: SqlxPostgresConnector::from_sqlx_postgres_pool(keys),
        lookups,
        searches,
        steady,
        page_bytes: options.page_bytes,
    })
}

fn postgres_pool(port: u16, most: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(most.max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .after_connect(move |_, _| {
            crate::nodelay::set_nodelay(port);
            Box::pin(std::future::ready(Ok(())))
        })
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                use sea_orm::sqlx::Connection as _;
                if meta.idle_for >= TEST_AFTER_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

pub(crate) async fn sqlite(options: &StoreOptions) -> Result<Database, StoreError> {
    if options.url.contains(":memory:") || options.url.contains("mode=memory") {
        return Err(StoreError::Misconfigured(
            "SQLite must be given a file: readers and the writer share it".to_owned(),
        ));
    }
    let connect = options
        .url
        .parse::<SqliteConnectOptions>()
        .map_err(|_| StoreError::Misconfigured("the SQLite URL is not valid".to_owned()))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .disable_statement_logging();
    crate::private::prepare(connect.get_filename())
        .map_err(|error| StoreError::Misconfigured(format!("the file of the database cannot be made: {error}")))?;
    // Never closed while the store lives: it keeps the write-ahead log in place for the readers.
    let write = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(SQLITE_WRITE_TIMEOUT)
        .test_before_acquire(false)
        .connect_with(connect.clone())
        .await?;
    let reader = connect.pragma("query_only", "ON");
    let read = sqlite_pool(options.max_connections)
        .connect_with(reader.clone())
        .await?;
    let keys = sqlite_pool(KEY_CONNECTIONS).connect_lazy_with(reader.clone());
    let heavy = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(SQLITE_WRITE_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with(reader.clone());
    let lookups = Lookups::sqlite(reader.clone(), options.max_connections);
    let searches = Searches::sqlite(reader, options.max_connections, options.searches_per_directory);
    let write = SqlxSqliteConnector::from_sqlx_sqlite_pool(write);
    let read = SqlxSqliteConnector::from_sqlx_sqlite_pool(read);
    Ok(Database {
        dialect: Dialect::Sqlite,
        steady: Steady::sqlite(&write, &read),
        write,
        read,
        writers: None,
        heavy: Some(SqlxSqliteConnector::from_sqlx_sqlite_pool(heavy)),
        keys: SqlxSqliteConnector::from_sqlx_sqlite_pool(keys),
        lookups,
        searches,
        page_bytes: options.page_bytes,
    })
}

/// Readers. Their statements end after a while, as those of PostgreSQL do.
fn sqlite_pool(most: u32) -> SqlitePoolOptions {
    let options = SqlitePoolOptions::new()
        .max_connections(most.max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false);
    limit_pool(options, STATEMENT_LIMIT)
}
