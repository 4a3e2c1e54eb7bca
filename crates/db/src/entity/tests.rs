//! The entities against the migrated schema of both databases.

use super::*;
use crate::Dialect;
use crate::testing::ScratchDatabase;
use sea_orm::sea_query::{ColumnType, Iden};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, Statement,
};
use std::collections::{BTreeMap, BTreeSet};

/// A column: its type as the database calls it, whether it may be null, whether it is part of the primary key.
type Column = (String, bool, bool);
/// Columns by name.
type Table = BTreeMap<String, Column>;

#[tokio::test]
async fn the_entities_are_the_tables_that_the_migrations_make() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = ScratchDatabase::of(dialect).await;
        let mut expected = entities(dialect);
        let copied = |copy: copies::CopyTable| {
            copy.to_string()
                .trim_end_matches("_base")
                .trim_end_matches("_fresh")
                .to_owned()
        };
        for copy in copies::CopyTable::iter() {
            let columns = expected[&copied(copy)].clone();
            expected.insert(copy.to_string(), columns);
        }
        if dialect == Dialect::Postgres {
            let tx = ("xid8".to_owned(), false, false);
            expected.get_mut("events").unwrap().insert("tx".to_owned(), tx);
        }
        let mut found = schema(&database, dialect).await;
        found
            .remove("seaql_migrations")
            .expect("what was migrated is remembered");
        let names = |tables: &BTreeMap<String, Table>| tables.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&found), names(&expected), "{dialect:?}");
        for (table, columns) in expected {
            assert_eq!(found[&table], columns, "{dialect:?} {table}");
        }
        database.close().await;
    }
}

macro_rules! tables {
    ($dialect:expr, $($entity:ident),+ $(,)?) => {
        BTreeMap::from([$(table::<$entity::Entity>($dialect)),+])
    };
}

fn entities(dialect: Dialect) -> BTreeMap<String, Table> {
    tables!(
        dialect,
        activity,
        admin_keys,
        attempts,
        audit_log,
        catch_ups,
        connections,
        console_access,
        credentials,
        dead_letters,
        deliveries,
        delivery_bodies,
        directories,
        directory_contacts,
        directory_counts,
        directory_federations,
        directory_keys,
        directory_refusals,
        directory_removals,
        endpoint_activity,
        endpoint_version,
        endpoints,
        erasures,
        events,
        graph_credentials,
        graph_cursors,
        graph_drift,
        graph_members,
        graph_objects,
        graph_pulls,
        graph_rounds,
        graph_subscriptions,
        group_members,
        groups,
        idempotency_keys,
        inbox,
        incidents,
        lanes,
        log_copies,
        log_readers,
        mails,
        oauth_clients,
        organization_domains,
        organizations,
        portal_links,
        portal_sessions,
        publications,
        request_log,
        sequences,
        settings,
        ssf_removed_subjects,
        ssf_streams,
        sso_bindings,
        sso_client_people,
        sso_clients,
        sso_keys,
        sso_logins,
        sso_sessions,
        sync_cycles,
        test_receipts,
        test_receivers,
        user_emails,
        users,
    )
}

fn table<E: EntityTrait>(dialect: Dialect) -> (String, Table) {
    let keys: BTreeSet<&str> = E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect();
    let column = |column: E::Column| {
        let (name, definition) = (column.as_str(), column.def());
        let kind = name_of(dialect, definition.get_column_type());
        (
            name.to_owned(),
            (kind.to_owned(), definition.is_null(), keys.contains(name)),
        )
    };
    let name = E::default().table_name().to_owned();
    (name, E::Column::iter().map(column).collect())
}

/// What each database calls a type of sea-orm in the tables of this program.
fn name_of(dialect: Dialect, kind: &ColumnType) -> &'static str {
    let (postgres, sqlite) = match kind {
        ColumnType::Uuid => ("uuid", "BLOB"),
        ColumnType::Text => ("text", "TEXT"),
        ColumnType::JsonBinary => ("jsonb", "TEXT"),
        ColumnType::VarBinary(_) => ("bytea", "BLOB"),
        ColumnType::Boolean => ("boolean", "INTEGER"),
        ColumnType::SmallInteger => ("smallint", "INTEGER"),
        ColumnType::Integer => ("integer", "INTEGER"),
        ColumnType::BigInteger => ("bigint", "INTEGER"),
        other => panic!("no table has a {other:?}"),
    };
    match dialect {
        Dialect::Postgres => postgres,
        Dialect::Sqlite => sqlite,
    }
}

const POSTGRES: &str = "SELECT c.table_name::text AS name, c.column_name::text AS column_name, c.data_type::text AS kind, \
    c.is_nullable = 'YES' AS nullable, EXISTS (SELECT 1 FROM information_schema.table_constraints t \
    JOIN information_schema.key_column_usage k ON k.constraint_schema = t.constraint_schema \
    AND k.constraint_name = t.constraint_name WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_name = c.table_name \
    AND k.column_name = c.column_name) AS is_key FROM information_schema.columns c WHERE c.table_schema = 'public'";

/// A primary key of one column that is an integer is not null there, whatever the column says.
const SQLITE: &str = "SELECT t.name, c.name AS column_name, upper(c.type) AS kind, c.\"notnull\" = 0 AND c.pk = 0 AS nullable, \
    c.pk > 0 AS is_key FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";

async fn schema(database: &ScratchDatabase, dialect: Dialect) -> BTreeMap<String, Table> {
    let (backend, sql) = match dialect {
        Dialect::Postgres => (DbBackend::Postgres, POSTGRES),
        Dialect::Sqlite => (DbBackend::Sqlite, SQLITE),
    };
    let statement = Statement::from_string(backend, sql);
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in database.database.read().query_all_raw(statement).await.unwrap() {
        let text = |column: &str| row.try_get::<String>("", column).unwrap();
        let truth = |column: &str| row.try_get::<bool>("", column).unwrap();
        let column = (text("kind"), truth("nullable"), truth("is_key"));
        tables
            .entry(text("name"))
            .or_default()
            .insert(text("column_name"), column);
    }
    tables
}
