//! Opening a database: PostgreSQL as one pool, SQLite as one writing connection and a pool of readers.

use crate::entity::settings;
use crate::expr::{call, number, truth};
use crate::links::limit_pool;
use crate::lookups::Lookups;
use crate::migration::Migrator;
use crate::searches::Searches;
use crate::send::{execute, fetch_one};
use crate::session::{ACQUIRE_TIMEOUT, TEST_AFTER_IDLE, WALKING, WRITER_SESSION, Writers};
use crate::steady::Steady;
use crate::{Dialect, StoreError};
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, EntityTrait as _, QueryTrait as _, Set, SqliteTransactionMode,
    SqlxPostgresConnector, SqlxSqliteConnector, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
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
/// What else holds while migrating, which may take as long as it takes.
const MIGRATION_SESSION: [(&str, &str); 2] = [("statement_timeout", "0"), ("lock_timeout", "120s")];
/// Held while migrating, so that services that start together do it one after the other.
const MIGRATION_LOCK: i64 = 7_262;

/// The setting that has the number of lanes.
const PARTITIONS: &str = "partitions";

/// How to open a database.
#[derive(Clone)]
pub struct StoreOptions {
    /// `postgres://…`, `postgresql://…` or `sqlite://<file>`.
    pub url: String,
    /// Size of the pool (of the readers' pool on SQLite), of the set of connections that look up single resources and of
    /// that which searches; what a program does not use it does not open. At least 1.
    pub max_connections: u32,
    /// How many searches one directory may have at a time, of `max_connections` that there may be; at least 1, and never
    /// so many that none is left to others.
    pub searches_per_directory: u32,
    /// Shown by the database server beside each connection.
    pub application_name: String,
    /// How many bytes a page of a list has at most, unless its first row alone has more.
    pub page_bytes: u64,
}

impl StoreOptions {
    /// How many bytes a page has unless told otherwise: a thousand people of usual size.
    pub const PAGE_BYTES: u64 = 2 * 1024 * 1024;

    /// Ten connections, four searches of a directory, named `rollcall`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            searches_per_directory: 4,
            application_name: "rollcall".to_owned(),
            page_bytes: Self::PAGE_BYTES,
        }
    }
}

impl std::fmt::Debug for StoreOptions {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions")
            .field("max_connections", &self.max_connections)
            .field("searches_per_directory", &self.searches_per_directory)
            .field("application_name", &self.application_name)
            .field("page_bytes", &self.page_bytes)
            .finish_non_exhaustive()
    }
}

/// The database of a service. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    dialect: Dialect,
    write: DatabaseConnection,
    read: DatabaseConnection,
    /// PostgreSQL only: on SQLite there is one writing connection for everybody.
    writers: Option<Writers>,
    /// SQLite only: where a heavy command is read, whose statements together may take longer than those of others.
    heavy: Option<DatabaseConnection>,
    keys: DatabaseConnection,
    lookups: Lookups,
    searches: Searches,
    steady: Steady,
    page_bytes: u64,
}

impl Store {
    /// Opens the database; a SQLite file is created when missing. Does not migrate.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection could be made within two seconds, [`StoreError::Misconfigured`] when
    /// the URL is not understood.
    pub async fn connect(options: &StoreOptions) -> Result<Self, StoreError> {
        let scheme = options.url.split(':').next().unwrap_or_default();
        match scheme {
            "postgres" | "postgresql" => connect_postgres(options).await,
            "sqlite" => connect_sqlite(options).await,
            _ => Err(StoreError::Misconfigured(
                "the database URL must start with postgres://, postgresql:// or sqlite://".to_owned(),
            )),
        }
    }

    /// Which database this is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Brings the schema up to date. Safe to call from several processes at once: one does it, the others wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database; [`StoreError::Internal`] when a migration fails or the
    /// database was migrated by a newer version; the schema is then unchanged.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        if self.dialect == Dialect::Postgres {
            // A migration goes through whole tables.
            let walks = WALKING.map(|(setting, _)| (setting, "on"));
            let for_this_transaction = |(setting, value): &(&str, &str)| {
                call("set_config", [Expr::val(*setting), Expr::val(*value), truth(true)])
            };
            let settings = MIGRATION_SESSION.iter().chain(&walks).map(for_this_transaction);
            execute(&tx, &Query::select().exprs(settings).take()).await?;
            let lock = call("pg_advisory_xact_lock", [Expr::val(MIGRATION_LOCK)]);
            execute(&tx, &Query::select().expr(lock).take()).await?;
        }
        Migrator::up(&tx, None).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is none within the timeouts.
    pub async fn ping(&self) -> Result<(), StoreError> {
        execute(&self.read, &Query::select().expr(number(1)).take())
            .await
            .map(drop)
    }

    /// Stores the number of partitions at the first start and compares it from then on: directories are spread over
    /// lanes by it, so two services with different numbers would break the order of changes.
    ///
    /// # Errors
    /// [`StoreError::Misconfigured`] when the database was set up with another number.
    pub async fn check_partitions(&self, partitions: u16) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        let wanted = settings::Entity::insert(settings::ActiveModel {
            key: Set(PARTITIONS.to_owned()),
            value: Set(partitions.to_string()),
        })
        .on_conflict(OnConflict::column(settings::Column::Key).do_nothing().to_owned());
        execute(&tx, wanted.as_query()).await?;
        let stored = settings::Entity::find_by_id(PARTITIONS);
        let stored: Option<settings::Model> = fetch_one(&tx, stored.as_query()).await?;
        tx.commit().await?;
        let stored = stored
            .ok_or_else(|| StoreError::corrupt("the setting just written is missing"))?
            .value;
        if stored == partitions.to_string() {
            return Ok(());
        }
        Err(StoreError::Misconfigured(format!(
            "this database was set up with {stored} partition(s) but {partitions} are configured; use {stored}, or \
             drain the queues and change the number in every service and in the settings table"
        )))
    }

    /// Closes all connections; later calls fail as [`StoreError::Unavailable`].
    pub async fn close(&self) {
        // Closing a pool cannot fail; the result type is sea-orm's for other back ends.
        self.lookups.close().await;
        self.searches.close().await;
        let _ = self.keys.close_by_ref().await;
        if let Some(heavy) = &self.heavy {
            let _ = heavy.close_by_ref().await;
        }
        self.steady.close().await;
        let _ = self.read.close_by_ref().await;
        let _ = self.write.close_by_ref().await;
        if let Some(writers) = &self.writers {
            writers.close().await;
        }
    }

    /// How many bytes a page of a list has at most, unless its first row alone has more.
    #[must_use]
    pub const fn page_bytes(&self) -> u64 {
        self.page_bytes
    }

    /// Connections for single reads. On SQLite they cannot write.
    pub(crate) const fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Connections for finding out who may do what: keys, clients, directories. Nothing else waits in their line.
    pub(crate) const fn keys(&self) -> &DatabaseConnection {
        &self.keys
    }

    /// Connections for filters, orders and their totals.
    pub(crate) const fn searches(&self) -> &Searches {
        &self.searches
    }

    /// Connections for finding one resource by a unique key, and for pages of whole directories.
    pub(crate) const fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// The connection for single writing statements outside a transaction. With several, use [`Self::begin`].
    pub(crate) const fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Waits until nobody writes, but no longer than `patience`: for what can wait and should keep nobody else waiting.
    /// SQLite has one writer; on PostgreSQL there is nothing to wait for.
    pub async fn wait_for_writer(&self, patience: Duration) {
        const LOOK_EVERY: Duration = Duration::from_millis(5);
        if self.dialect == Dialect::Postgres {
            return;
        }
        let until = tokio::time::Instant::now() + patience;
        let writer = self.write.get_sqlite_connection_pool();
        while writer.num_idle() == 0 && tokio::time::Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Connections for the few statements that the dispatcher repeats all the time.
    pub(crate) const fn steady(&self) -> &Steady {
        &self.steady
    }

    /// Where the projector's transactions on PostgreSQL come from.
    pub(crate) const fn writers(&self) -> Option<&Writers> {
        self.writers.as_ref()
    }

    /// A transaction for writing; dropped without `commit()` it rolls back. On SQLite it holds the only write
    /// connection, so keep it short and never wait for anything but the database inside.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        self.begin_on(&self.write).await
    }

    /// A transaction that sees one state of the whole database and writes nothing, for one heavy command at a time.
    pub(crate) async fn begin_reading(&self) -> Result<DatabaseTransaction, StoreError> {
        Ok(self.heavy.as_ref().unwrap_or(&self.read).begin().await?)
    }

    /// [`Self::begin`] on one of the [`Self::steady`] connections.
    pub(crate) async fn begin_on(&self, connection: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            // A deferred transaction that turns into a writer later can fail without waiting for the lock.
            sqlite_transaction_mode: (self.dialect == Dialect::Sqlite).then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(connection.begin_with_options(options).await?)
    }
}

// The pools are built here and handed to sea-orm ready-made: its own `connect` records all its options, the URL with
// the password among them, in a tracing span.

async fn connect_postgres(options: &StoreOptions) -> Result<Store, StoreError> {
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
    Ok(Store {
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

async fn connect_sqlite(options: &StoreOptions) -> Result<Store, StoreError> {
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
    Ok(Store {
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
