//! A migrated database for each test, on PostgreSQL or SQLite.
//!
//! PostgreSQL databases are copies of a template that is migrated once for each version of the schema, so making one
//! takes tens of milliseconds. Everything here panics when the database server is missing: a test without its
//! database must fail, not pass.

pub mod statements;

use crate::{Database, Dialect, StoreOptions, migration};
use events::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use uuid::Uuid;

/// Where test databases are created unless `ROLLCALL_TEST_DATABASE_URL` says otherwise.
const DEFAULT_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres";
const PREFIX: &str = "rollcall_test_";
const TEMPLATE_PREFIX: &str = "rollcall_template_";
/// Held while a database is made from the template.
const TEMPLATE_LOCK: i64 = 7_261;
/// Test databases sort the way people do, as many installations do: what must be compared by code point has to say so.
const COLLATION: &str = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
/// Databases left behind by tests that died are removed after this time.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);

/// A database of its own for one test; call [`ScratchDatabase::close`] at the end.
#[derive(Debug)]
pub struct ScratchDatabase {
    /// The URL to open it with.
    pub url: String,
    /// Opened and migrated.
    pub database: Database,
    home: Home,
}

/// See [`ScratchDatabase::hold`].
#[derive(Debug)]
pub struct OpenTransaction(#[allow(dead_code, reason = "held for its Drop")] sea_orm::DatabaseTransaction);

#[derive(Debug)]
enum Home {
    Server { server: String, name: String },
    // Removes the file when dropped.
    Folder(#[allow(dead_code, reason = "held for its Drop")] tempfile::TempDir),
}

impl ScratchDatabase {
    /// A fresh database on the PostgreSQL server of the tests.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn postgres() -> Self {
        Self::postgres_on(&base_url()).await
    }

    /// The same on another PostgreSQL server, named by the URL of a database in which databases may be made.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn postgres_on(server: &str) -> Self {
        let admin = admin(server).await;
        let name = format!("{PREFIX}{}_{}", Timestamp::now().millis(), Uuid::new_v4().simple());
        create_from_template(&admin, server, &name).await;
        admin.close().await;
        let url = url_of(server, &name);
        let database = open(&url).await;
        Self {
            url,
            database,
            home: Home::Server {
                server: server.to_owned(),
                name,
            },
        }
    }

    /// A fresh SQLite file in a temporary folder.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = format!("sqlite://{}", folder.path().join("rollcall.db").display());
        let database = open(&url).await;
        database.migrate().await.expect("the schema can be created");
        Self {
            url,
            database,
            home: Home::Folder(folder),
        }
    }

    /// One of the two, for tests that run on both.
    ///
    /// # Panics
    /// When the database cannot be made.
    pub async fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres => Self::postgres().await,
            Dialect::Sqlite => Self::sqlite().await,
        }
    }

    /// Ends every connection to the database from the server's side, as a restart would. Nothing to do on SQLite.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn end_connections(&self) {
        if let Home::Server { server, name } = &self.home {
            let admin = admin(server).await;
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
            ask_server(&admin, sql, [name.as_str().into()]).await;
            admin.close().await;
        }
    }

    /// Runs statements as they are: what no program of this project does, for example damage.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn execute(&self, sql: &str) {
        self.database
            .write()
            .execute_unprepared(sql)
            .await
            .expect("the statements run");
    }

    /// How many statements with this part in their text the server runs at this moment; `None` on SQLite, which has no
    /// server to ask.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn running(&self, part: &str) -> Option<i64> {
        if self.database.dialect() == Dialect::Sqlite {
            return None;
        }
        let sql = "SELECT COUNT(*) AS running FROM pg_stat_activity WHERE datname = current_database() \
                   AND state = 'active' AND strpos(query, $1) > 0 AND pid <> pg_backend_pid()";
        let rows = ask_server(&self.database, sql, [part.into()]).await;
        let row = rows.first().expect("a count");
        Some(row.try_get("", "running").expect("a count is a number"))
    }

    /// How many connections to this database each program has at this moment, by the name that it gives itself. PostgreSQL
    /// only.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn connections(&self) -> BTreeMap<String, i64> {
        let sql = "SELECT application_name AS name, COUNT(*) AS count FROM pg_stat_activity \
                   WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY application_name";
        let rows = ask_server(&self.database, sql, []).await;
        let read = |row: &QueryResult| {
            let name = row.try_get("", "name").expect("a name is a text");
            (name, row.try_get("", "count").expect("a count is a number"))
        };
        rows.iter().map(read).collect()
    }

    /// A transaction of somebody else, which has run these statements and stays open until it is dropped: what it locks,
    /// others wait for.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn hold(&self, sql: &str) -> OpenTransaction {
        let tx = self.database.begin().await.expect("a transaction can be opened");
        tx.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0")
            .await
            .expect("it may stay open");
        tx.execute_unprepared(sql).await.expect("the statements run");
        OpenTransaction(tx)
    }

    /// How SQLite would execute a statement: a line for each step.
    ///
    /// # Panics
    /// When the statement is not one that it could execute.
    pub async fn query_plan(&self, sql: &str) -> Vec<String> {
        let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
        let steps = self
            .database
            .read()
            .query_all_raw(explain)
            .await
            .expect("a statement that was sent is understood");
        let detail = |step: &QueryResult| step.try_get("", "detail").expect("a step has a text");
        steps.iter().map(detail).collect()
    }

    /// Closes and removes the database, ending connections of others to it.
    ///
    /// # Panics
    /// When the database cannot be dropped.
    pub async fn close(self) {
        self.database.close().await;
        if let Home::Server { server, name } = &self.home {
            let admin = admin(server).await;
            // On a busy machine this takes longer than a statement of the program may.
            run(&admin, "SET statement_timeout = 0").await;
            run(&admin, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
            admin.close().await;
        }
    }
}

fn base_url() -> String {
    std::env::var("ROLLCALL_TEST_DATABASE_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned())
}

/// A server's URL with another database name; its query, if any, is kept.
fn url_of(base: &str, database: &str) -> String {
    let (address, query) = base
        .split_once('?')
        .map_or((base, None), |(address, query)| (address, Some(query)));
    let server = address.rsplit_once('/').map_or(address, |(server, _)| server);
    query.map_or_else(
        || format!("{server}/{database}"),
        |query| format!("{server}/{database}?{query}"),
    )
}

async fn open(url: &str) -> Database {
    let options = StoreOptions {
        application_name: "rollcall-test".to_owned(),
        ..StoreOptions::new(url)
    };
    Database::connect(&options)
        .await
        .expect("the test database can be opened")
}

async fn admin(server: &str) -> Database {
    let options = StoreOptions {
        max_connections: 1,
        ..StoreOptions::new(server)
    };
    Database::connect(&options)
        .await
        .expect("the PostgreSQL server of the tests runs (ROLLCALL_TEST_DATABASE_URL)")
}

async fn run(admin: &Database, sql: &str) {
    admin
        .write()
        .execute_unprepared(sql)
        .await
        .expect("a statement of the test support is accepted");
}

/// Asks PostgreSQL about itself.
async fn ask_server<const VALUES: usize>(database: &Database, sql: &str, values: [Value; VALUES]) -> Vec<QueryResult> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let rows = database.read().query_all_raw(statement).await;
    rows.expect("the server answers")
}

/// `CREATE DATABASE` cannot run in a transaction, so the lock is one of the session: the pool has one connection.
async fn create_from_template(admin: &Database, server: &str, name: &str) {
    run(admin, "SET statement_timeout = 0; SET lock_timeout = 0").await;
    run(admin, &format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
    let mut hasher = DefaultHasher::new();
    (migration::sources(), COLLATION).hash(&mut hasher);
    let template = format!("{TEMPLATE_PREFIX}{:016x}", hasher.finish());
    if !is_ready(admin, &template).await {
        remove_leftovers(admin).await;
        run(admin, &format!("DROP DATABASE IF EXISTS \"{template}\" WITH (FORCE)")).await;
        run(admin, &format!("CREATE DATABASE \"{template}\" {COLLATION}")).await;
        let database = open(&url_of(server, &template)).await;
        database.migrate().await.expect("the schema can be created");
        database.close().await;
        run(
            admin,
            &format!("ALTER DATABASE \"{template}\" WITH IS_TEMPLATE false ALLOW_CONNECTIONS false"),
        )
        .await;
    }
    run(admin, &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"")).await;
    run(admin, &format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).await;
}

/// A template that takes no connections was finished; one that does was left half made.
async fn is_ready(admin: &Database, template: &str) -> bool {
    let sql = "SELECT 1 FROM pg_database WHERE datname = $1 AND NOT datallowconn";
    !ask_server(admin, sql, [template.into()]).await.is_empty()
}

/// Drops templates of other versions of the schema, and databases of tests that never ended.
async fn remove_leftovers(admin: &Database) {
    let rows = ask_server(admin, "SELECT datname::text AS name FROM pg_database", []).await;
    let oldest = Timestamp::now().minus(LEFT_BEHIND).millis();
    for row in rows {
        let name: String = row.try_get("", "name").expect("a database has a name");
        let made_at = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('_').next()?.parse::<i64>().ok());
        if name.starts_with(TEMPLATE_PREFIX) || made_at.is_some_and(|at| at < oldest) {
            // Another process may be dropping it too.
            let sql = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
            let _ = admin.write().execute_unprepared(&sql).await;
        }
    }
}
