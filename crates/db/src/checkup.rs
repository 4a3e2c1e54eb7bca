//! How a database fares, read without changing anything in it: for a person who asks before or while the services run.

use crate::entity::settings;
use crate::expr::call;
use crate::migration::Migrator;
use crate::send::{fetch_all, fetch_one};
use crate::{Database, Dialect, StoreError};
use sea_orm::sea_query::{Alias, Expr, Query};
use sea_orm::{EntityTrait as _, FromQueryResult, QueryTrait as _};
use sea_orm_migration::MigratorTrait as _;
use std::collections::HashSet;

/// Where the migrations are noted that were applied.
const APPLIED: &str = "seaql_migrations";
/// The setting that has the number of lanes.
const PARTITIONS: &str = "partitions";

/// How a database fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// The version of the server, or of SQLite.
    pub version: String,
    /// Migrations of this program that were not applied yet.
    pub pending: Vec<String>,
    /// Migrations that were applied and that this program does not know: a newer one was here.
    pub unknown: Vec<String>,
    /// The number of lanes that the database was set up with; `None` before the first start.
    pub partitions: Option<String>,
}

#[derive(FromQueryResult)]
struct Version {
    version: String,
}

impl Database {
    /// Looks at the database; works on one that was never migrated, too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn checkup(&self) -> Result<Checkup, StoreError> {
        let version = match self.dialect {
            Dialect::Postgres => call("current_setting", [Expr::val("server_version")]),
            Dialect::Sqlite => call("sqlite_version", []),
        };
        let version = Query::select().expr_as(version, "version").take();
        let version: Option<Version> = fetch_one(&self.read, &version).await?;
        let known: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
        let mut checkup = Checkup {
            version: version.map(|row| row.version).unwrap_or_default(),
            pending: known.clone(),
            unknown: Vec::new(),
            partitions: None,
        };
        let applied = Query::select()
            .column(Alias::new("version"))
            .from(Alias::new(APPLIED))
            .take();
        let applied: Vec<Version> = match fetch_all(&self.read, &applied).await {
            Ok(applied) => applied,
            // There is no such table before the first migration.
            Err(error) if !error.is_transient() => return Ok(checkup),
            Err(error) => return Err(error),
        };
        let applied: HashSet<String> = applied.into_iter().map(|row| row.version).collect();
        checkup.unknown = applied.iter().filter(|name| !known.contains(name)).cloned().collect();
        checkup.unknown.sort_unstable();
        checkup.pending.retain(|name| !applied.contains(name));
        if checkup.pending.is_empty() {
            let partitions = settings::Entity::find_by_id(PARTITIONS);
            let partitions: Option<settings::Model> = fetch_one(&self.read, partitions.as_query()).await?;
            checkup.partitions = partitions.map(|row| row.value);
        }
        Ok(checkup)
    }
}
