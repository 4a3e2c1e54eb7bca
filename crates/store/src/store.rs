//! The one value that all questions start from.

use crate::sso::Gatherings;
use crate::{ActivityMeter, Checkup, Dialect, StoreError, StoreOptions};
use db::session::Writers;
use db::{Database, Lookup, Lookups, Party, Searches, Steady};
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use std::sync::Arc;
use std::time::Duration;

/// What a service has stored. Cheap to clone; clones share the connections, and what is counted.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    meter: Arc<ActivityMeter>,
    gatherings: Gatherings,
}

impl Store {
    /// Opens the database; a SQLite file is created when missing. Does not migrate.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection could be made within two seconds, [`StoreError::Misconfigured`] when
    /// the URL is not understood.
    pub async fn connect(options: &StoreOptions) -> Result<Self, StoreError> {
        Database::connect(options).await.map(Self::of)
    }

    /// Over connections that are there already.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn over(database: Database) -> Self {
        Self::of(database)
    }

    fn of(database: Database) -> Self {
        Self {
            database,
            meter: Arc::default(),
            gatherings: Gatherings::new(),
        }
    }

    /// Counts what this process does; [`Store::keep_activity`] adds it to the database.
    #[must_use]
    pub fn meter(&self) -> &ActivityMeter {
        &self.meter
    }

    /// Which database this is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    /// Brings the schema up to date. Safe to call from several processes at once: one does it, the others wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database; [`StoreError::Internal`] when a migration fails or the
    /// database was migrated by a newer version; the schema is then unchanged.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.database.migrate().await
    }

    /// Looks at version and schema, and changes nothing; works on a database that was never migrated, too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn checkup(&self) -> Result<Checkup, StoreError> {
        self.database.checkup().await
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is none within the timeouts.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database.ping().await
    }

    /// Stores the number of partitions at the first start and compares it from then on: directories are spread over
    /// lanes by it, so two services with different numbers would break the order of changes.
    ///
    /// # Errors
    /// [`StoreError::Misconfigured`] when the database was set up with another number.
    pub async fn check_partitions(&self, partitions: u16) -> Result<(), StoreError> {
        self.database.check_partitions(partitions).await
    }

    /// Closes all connections; later calls fail as [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// How many bytes a page of a list has at most, unless its first row alone has more.
    #[must_use]
    pub const fn page_bytes(&self) -> u64 {
        self.database.page_bytes()
    }

    /// Waits until nobody writes, but no longer than `patience`: for what can wait and should keep nobody else waiting.
    /// SQLite has one writer; on PostgreSQL there is nothing to wait for.
    pub async fn wait_for_writer(&self, patience: Duration) {
        self.database.wait_for_writer(patience).await;
    }

    // What follows stays within this crate: whoever has a connection could ask for another tenant's rows.

    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) const fn gatherings(&self) -> &Gatherings {
        &self.gatherings
    }

    pub(crate) const fn read(&self) -> &DatabaseConnection {
        self.database.read()
    }

    pub(crate) const fn write(&self) -> &DatabaseConnection {
        self.database.write()
    }

    pub(crate) const fn keys(&self) -> &DatabaseConnection {
        self.database.keys()
    }

    pub(crate) const fn lookups(&self) -> &Lookups {
        self.database.lookups()
    }

    /// For what logins ask: no more than its share of the lookups.
    pub(crate) const fn sign_on(&self) -> Lookup<'_> {
        self.database.lookups().of(Party::SignOn)
    }

    pub(crate) const fn searches(&self) -> &Searches {
        self.database.searches()
    }

    pub(crate) const fn steady(&self) -> &Steady {
        self.database.steady()
    }

    pub(crate) const fn writers(&self) -> Option<&Writers> {
        self.database.writers()
    }

    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        self.database.begin().await
    }

    pub(crate) async fn begin_reading(&self) -> Result<DatabaseTransaction, StoreError> {
        self.database.begin_reading().await
    }

    pub(crate) async fn begin_on(&self, connection: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
        self.database.begin_on(connection).await
    }
}
