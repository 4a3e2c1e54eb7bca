//! The schema, as a list of migrations that run the same on both databases.
//!
//! Released migrations are never edited: a change is a new entry in the list below. They name tables and columns by plain
//! texts and not by the entities, which later changes alter.

mod active;
mod activity;
mod audit_log;
mod brake;
mod catalogue;
mod consumers;
mod counts;
mod credentials;
mod dead_letters;
mod delivery;
mod directory;
mod endpoint_urls;
mod endpoint_version;
mod graph;
mod graph_drift;
mod graph_subscriptions;
mod instants;
mod kinds_of_apps;
mod log;
mod log_copies;
mod logout_tokens;
mod mail;
mod member_events;
mod oauth;
mod people_of_portal;
mod portal_doors;
mod portal_links;
mod portal_sessions;
mod publication;
mod reading;
mod refusals;
mod requests;
mod scopes;
mod security_events;
mod signals;
#[cfg(test)]
mod snapshot;
mod sso;
mod sso_traces;
mod table;
mod test_receivers;
mod verified_domains;
mod webhooks;

use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait};

pub(crate) struct Migrator;

macro_rules! migrations {
    ($($name:literal: $module:ident),+ $(,)?) => {
        $(impl MigrationName for $module::Migration {
            fn name(&self) -> &str {
                $name
            }
        })+

        impl MigratorTrait for Migrator {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![$(Box::new($module::Migration)),+]
            }
        }

        /// The source of every migration: tests name their template database after it.
        #[cfg(any(test, feature = "testing"))]
        pub(crate) const fn sources() -> &'static [&'static str] {
            &[include_str!("table.rs"), $(include_str!(concat!(stringify!($module), ".rs"))),+]
        }
    };
}

migrations! {
    "0001_catalogue": catalogue,
    "0002_directory": directory,
    "0003_log": log,
    "0004_webhooks": webhooks,
    "0005_oauth": oauth,
    "0006_security_events": security_events,
    "0007_counts": counts,
    "0008_log_copies": log_copies,
    "0009_brake": brake,
    "0010_delivery": delivery,
    "0011_publications": publication,
    "0012_consumers": consumers,
    "0013_endpoint_version": endpoint_version,
    "0014_instants": instants,
    "0015_refusals": refusals,
    "0016_active": active,
    "0017_endpoint_urls": endpoint_urls,
    "0018_reading": reading,
    "0019_member_events": member_events,
    "0020_requests": requests,
    "0021_scopes": scopes,
    "0022_audit_log": audit_log,
    "0023_portal_links": portal_links,
    "0024_dead_letters": dead_letters,
    "0025_credentials": credentials,
    "0026_verified_domains": verified_domains,
    "0027_mail": mail,
    "0029_portal_sessions": portal_sessions,
    "0030_portal_doors": portal_doors,
    "0031_test_receivers": test_receivers,
    "0034_activity": activity,
    "0035_sso": sso,
    "0036_logout_tokens": logout_tokens,
    "0037_signals": signals,
    "0038_people_of_portal": people_of_portal,
    "0040_sso_traces": sso_traces,
    "0041_graph": graph,
    "0043_kinds_of_apps": kinds_of_apps,
    "0044_graph_subscriptions": graph_subscriptions,
    "0045_graph_drift": graph_drift,
}

/// Statements of migrations that change data, for tests of what they do to the data of an earlier version.
#[cfg(any(test, feature = "testing"))]
pub mod backfills {
    use crate::Dialect;
    use sea_orm_migration::prelude::{PostgresQueryBuilder, SqliteQueryBuilder};

    /// Counts the users and groups of every directory, whose counts are not kept yet (`0007_counts`).
    #[must_use]
    pub const fn counts() -> &'static str {
        super::counts::BACKFILL
    }

    /// Has directories with dates written again for search (`0014_instants`).
    #[must_use]
    pub const fn instants(dialect: Dialect) -> &'static str {
        super::instants::refold(dialect)
    }

    /// Notes who has a session of an app (`0037_signals`).
    #[must_use]
    pub const fn app_people() -> &'static str {
        super::signals::BACKFILL
    }

    /// Notes which apps run on people's devices (`0043_kinds_of_apps`).
    #[must_use]
    pub fn native_apps(dialect: Dialect) -> String {
        let statement = super::kinds_of_apps::native();
        match dialect {
            Dialect::Postgres => statement.to_string(PostgresQueryBuilder),
            Dialect::Sqlite => statement.to_string(SqliteQueryBuilder),
        }
    }

    /// Gives `active` to users who have none (`0016_active`).
    #[must_use]
    pub const fn active(dialect: Dialect) -> &'static [&'static str] {
        super::active::statements(dialect)
    }
}
