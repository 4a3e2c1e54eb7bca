//! The schema, as a list of migrations that run the same on both databases.
//!
//! Released migrations are never edited: a change is a new entry in [`Migrator::migrations`].

mod active;
mod brake;
mod catalogue;
mod consumers;
mod counts;
mod ddl;
mod delivery;
mod directory;
mod endpoint_urls;
mod endpoint_version;
mod instants;
mod log;
mod log_copies;
mod oauth;
mod publication;
mod reading;
mod refusals;
mod security_events;
#[cfg(test)]
mod snapshot;
mod webhooks;

use ddl::TableSet;
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        sets()
            .into_iter()
            .map(|set| Box::new(set) as Box<dyn MigrationTrait>)
            .collect()
    }
}

const fn sets() -> [TableSet; 18] {
    [
        TableSet {
            name: "0001_catalogue",
            statements: catalogue::STATEMENTS,
        },
        TableSet {
            name: "0002_directory",
            statements: directory::STATEMENTS,
        },
        TableSet {
            name: "0003_log",
            statements: log::STATEMENTS,
        },
        TableSet {
            name: "0004_webhooks",
            statements: webhooks::STATEMENTS,
        },
        TableSet {
            name: "0005_oauth",
            statements: oauth::STATEMENTS,
        },
        TableSet {
            name: "0006_security_events",
            statements: security_events::STATEMENTS,
        },
        TableSet {
            name: "0007_counts",
            statements: counts::STATEMENTS,
        },
        TableSet {
            name: "0008_log_copies",
            statements: log_copies::STATEMENTS,
        },
        TableSet {
            name: "0009_brake",
            statements: brake::STATEMENTS,
        },
        TableSet {
            name: "0010_delivery",
            statements: delivery::STATEMENTS,
        },
        TableSet {
            name: "0011_publications",
            statements: publication::STATEMENTS,
        },
        TableSet {
            name: "0012_consumers",
            statements: consumers::STATEMENTS,
        },
        TableSet {
            name: "0013_endpoint_version",
            statements: endpoint_version::STATEMENTS,
        },
        TableSet {
            name: "0014_instants",
            statements: instants::STATEMENTS,
        },
        TableSet {
            name: "0015_refusals",
            statements: refusals::STATEMENTS,
        },
        TableSet {
            name: "0016_active",
            statements: active::STATEMENTS,
        },
        TableSet {
            name: "0017_endpoint_urls",
            statements: endpoint_urls::STATEMENTS,
        },
        TableSet {
            name: "0018_reading",
            statements: reading::STATEMENTS,
        },
    ]
}

/// Every statement of every migration: tests name their template database after it.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn text() -> String {
    sets()
        .iter()
        .flat_map(|set| set.statements)
        .map(|statement| format!("{statement:?}"))
        .collect()
}

/// The statements that give `active` to users who lost it.
#[cfg(test)]
pub(crate) fn active_statements(dialect: crate::Dialect) -> Vec<&'static str> {
    use crate::Dialect::{Postgres, Sqlite};
    let of = |statement: &ddl::Ddl| match (statement, dialect) {
        (ddl::Ddl::Postgres(text), Postgres) | (ddl::Ddl::Sqlite(text), Sqlite) => Some(*text),
        _ => None,
    };
    active::STATEMENTS.iter().filter_map(of).collect()
}

/// The statement that counts what is there when counts begin to be kept.
#[cfg(test)]
pub(crate) const fn backfill_counts() -> &'static str {
    counts::BACKFILL
}
