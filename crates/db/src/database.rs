//! The database of a process: its connections by what they are for, and its transactions.

use crate::connect;
use crate::entity::settings;
use crate::expr::{call, number, truth};
use crate::lookups::Lookups;
use crate::migration::Migrator;
use crate::searches::Searches;
use crate::send::{execute, fetch_one};
use crate::session::{WALKING, Writers};
use crate::steady::Steady;
use crate::{Dialect, StoreError, StoreOptions};
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, EntityTrait as _, QueryTrait as _, Set, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use std::time::Duration;

/// What else holds while migrating, which may take as long as it takes.
const MIGRATION_SESSION: [(&str, &str); 2] = [("statement_timeout", "0"), ("lock_timeout", "120s")];
/// Held while migrating, so that services that start together do it one after the other.
const MIGRATION_LOCK: i64 = 7_262;

/// The setting that has the number of lanes.
const PARTITIONS: &str = "partitions";

/// The database of a service. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct Database {
    pub(crate) dialect: Dialect,
    pub(crate) write: DatabaseConnection,
    pub(crate) read: DatabaseConnection,
    /// PostgreSQL only: on SQLite there is one writing connection for everybody.
    pub(crate) writers: Option<Writers>,
    /// SQLite only: where a heavy command is read, whose statements together may take longer than those of others.
    pub(crate) heavy: Option<DatabaseConnection>,
    pub(crate) keys: DatabaseConnection,
    pub(crate) lookups: Lookups,
    pub(crate) searches: Searches,
    pub(crate) steady: Steady,
    pub(crate) page_bytes: u64,
}

impl Database {
    /// Opens the database; a SQLite file is created when missing. Does not migrate.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection could be made within two seconds, [`StoreError::Misconfigured`] when
    /// the URL is not understood.
    pub async fn connect(options: &StoreOptions) -> Result<Self, StoreError> {
        let scheme = options.url.split(':').next().unwrap_or_default();
        match scheme {
            "postgres" | "postgresql" => connect::postgres(options).await,
            "sqlite" => connect::sqlite(options).await,
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
    pub const fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Connections for finding out who may do what: keys, and whose they are. Nothing else waits in their line.
    pub const fn keys(&self) -> &DatabaseConnection {
        &self.keys
    }

    /// Connections for filters, orders and their totals.
    pub const fn searches(&self) -> &Searches {
        &self.searches
    }

    /// Connections for finding one resource by a unique key, and for pages of whole directories.
    pub const fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// The connection for single writing statements outside a transaction. With several, use [`Self::begin`].
    pub const fn write(&self) -> &DatabaseConnection {
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
    pub const fn steady(&self) -> &Steady {
        &self.steady
    }

    /// Where the projector's transactions on PostgreSQL come from.
    pub const fn writers(&self) -> Option<&Writers> {
        self.writers.as_ref()
    }

    /// A transaction for writing; dropped without `commit()` it rolls back. On SQLite it holds the only write
    /// connection, so keep it short and never wait for anything but the database inside.
    pub async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        self.begin_on(&self.write).await
    }

    /// A transaction that sees one state of the whole database and writes nothing, for one heavy command at a time.
    pub async fn begin_reading(&self) -> Result<DatabaseTransaction, StoreError> {
        Ok(self.heavy.as_ref().unwrap_or(&self.read).begin().await?)
    }

    /// [`Self::begin`] on one of the [`Self::steady`] connections.
    pub async fn begin_on(&self, connection: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            // A deferred transaction that turns into a writer later can fail without waiting for the lock.
            sqlite_transaction_mode: (self.dialect == Dialect::Sqlite).then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(connection.begin_with_options(options).await?)
    }
}
