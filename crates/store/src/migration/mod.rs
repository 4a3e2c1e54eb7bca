//! The schema, as a list of migrations that run the same on both databases.
//!
//! Released migrations are never edited: a change is a new entry in [`Migrator::migrations`].

mod catalogue;
mod ddl;
mod directory;
mod log;
mod oauth;
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

const fn sets() -> [TableSet; 5] {
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
