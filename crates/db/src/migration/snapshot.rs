//! The whole schema after all migrations, compared with `snapshot/*.txt`: what a released migration makes never changes.
//!
//! After a new migration, `ROLLCALL_TEST_SNAPSHOT=write` has the files written; their diff is what it does.

use crate::Dialect;
use crate::testing::ScratchDatabase;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::path::Path;

#[tokio::test]
async fn the_schema_is_the_one_that_was_released_on_postgres() {
    compare(Dialect::Postgres, POSTGRES, "postgres.txt").await;
}

#[tokio::test]
async fn the_schema_is_the_one_that_was_released_on_sqlite() {
    compare(Dialect::Sqlite, SQLITE, "sqlite.txt").await;
}

async fn compare(dialect: Dialect, queries: &[&str], file: &str) {
    let database = ScratchDatabase::of(dialect).await;
    let mut lines = Vec::new();
    for query in queries {
        lines.extend(lines_of(&database, dialect, query).await);
    }
    database.close().await;
    lines.sort_unstable();
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/migration/snapshot")
        .join(file);
    if std::env::var("ROLLCALL_TEST_SNAPSHOT").is_ok_and(|word| word == "write") {
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    let released = std::fs::read_to_string(&path).unwrap();
    let released: Vec<&str> = released.lines().collect();
    let missing: Vec<&&str> = released
        .iter()
        .filter(|line| !lines.iter().any(|found| found == **line))
        .collect();
    let new: Vec<&String> = lines.iter().filter(|line| !released.contains(&line.as_str())).collect();
    assert!(
        missing.is_empty() && new.is_empty(),
        "missing {missing:#?}, new {new:#?}"
    );
}

/// The texts that a query gives, each in one line.
async fn lines_of(database: &ScratchDatabase, dialect: Dialect, query: &str) -> Vec<String> {
    let backend = match dialect {
        Dialect::Postgres => DbBackend::Postgres,
        Dialect::Sqlite => DbBackend::Sqlite,
    };
    let rows = database
        .database
        .read()
        .query_all_raw(Statement::from_string(backend, query))
        .await
        .unwrap();
    let texts = rows.iter().map(|row| row.try_get::<String>("", "line").unwrap());
    texts.flat_map(|text| normalized(&text)).collect()
}

/// A text without what builders write otherwise than people: quotes around names, and blanks. Of the text of a table (as
/// SQLite keeps it) only the checks, and whether its numbers are given once: the rest is listed column by column.
fn normalized(text: &str) -> Vec<String> {
    let plain: String = text.replace('"', "").split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = plain.replace("( ", "(").replace(" )", ")");
    let Some(table) = plain.strip_prefix("CREATE TABLE ") else {
        return vec![plain];
    };
    let name = table.split([' ', '(']).next().unwrap_or_default();
    let checks = table.match_indices("CHECK (").map(|(at, _)| {
        let check = balanced(&table[at..]);
        format!("check {name}: {check}")
    });
    let numbered = table.contains("AUTOINCREMENT").then(|| format!("numbered {name}"));
    checks.chain(numbered).collect()
}

/// Up to the bracket that closes the first one.
fn balanced(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return &text[..=at],
            ')' => depth -= 1,
            _ => {}
        }
    }
    text
}

const POSTGRES: &[&str] = &[
    "SELECT concat_ws(' ', 'column', table_name, ordinal_position, column_name, data_type, collation_name, \
     CASE is_nullable WHEN 'NO' THEN 'not null' END, 'default ' || column_default, identity_generation) AS line \
     FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT concat_ws(' ', 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)) AS line \
     FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
    "SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT pg_get_triggerdef(oid) AS line FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT pg_get_functiondef(oid) AS line FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
];

const SQLITE: &[&str] = &[
    "SELECT concat_ws(' ', 'table', name, iif(wr, 'clustered', NULL), iif(strict, 'strict', NULL)) AS line \
     FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'",
    "SELECT concat_ws(' ', 'column', t.name, c.cid, c.name, upper(c.type), iif(c.\"notnull\", 'not null', NULL), \
     'default ' || lower(c.dflt_value), iif(c.pk, 'key ' || c.pk, NULL)) AS line FROM sqlite_schema t \
     JOIN pragma_table_xinfo(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    "SELECT concat_ws(' ', 'index of', t.name, l.name, iif(l.\"unique\", 'unique', NULL), l.origin, \
     iif(l.partial, 'partial', NULL), i.seqno, coalesce(i.name, 'expression'), iif(i.desc, 'desc', NULL), i.coll, \
     iif(i.key, 'key', NULL)) AS line FROM sqlite_schema t JOIN pragma_index_list(t.name) l \
     JOIN pragma_index_xinfo(l.name) i WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    "SELECT concat_ws(' ', 'reference', t.name, f.\"from\", f.\"table\", f.\"to\", f.on_delete, f.on_update) AS line \
     FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
    "SELECT sql AS line FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
];
