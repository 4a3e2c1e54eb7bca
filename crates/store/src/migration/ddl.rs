//! One text of DDL for both databases: column types are words in capitals that are replaced for each.

use crate::Dialect;
use crate::sql::dialect_of;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// A statement of a migration.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ddl {
    /// For both, after replacement of the type words.
    Both(&'static str),
    /// For PostgreSQL only.
    Postgres(&'static str),
    /// For SQLite only.
    Sqlite(&'static str),
}

/// A migration that creates tables and indexes.
pub(super) struct TableSet {
    pub(super) name: &'static str,
    pub(super) statements: &'static [Ddl],
}

impl MigrationName for TableSet {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TableSet {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let dialect = dialect_of(connection.get_database_backend());
        for statement in self.statements {
            let text = match (statement, dialect) {
                (Ddl::Both(text), _) => render(text, dialect),
                (Ddl::Postgres(text), Dialect::Postgres) | (Ddl::Sqlite(text), Dialect::Sqlite) => (*text).to_owned(),
                (Ddl::Postgres(_), Dialect::Sqlite) | (Ddl::Sqlite(_), Dialect::Postgres) => continue,
            };
            connection.execute_unprepared(&text).await?;
        }
        Ok(())
    }
}

/// Type words: `ID`, `TIME` (milliseconds), `BOOL`, `BYTES`, `JSON` (searchable), `SMALLINT`, `INT` (32 bits), `BIGINT`, `KEY_TEXT` (text
/// that sorts and compares by code point), `POSITION` (growing number, primary key), `STRICT` (end of a SQLite table:
/// types are enforced there too), `CLUSTERED` (the same, stored in the order of its primary key).
const WORDS: [(&str, &str, &str); 12] = [
    ("ID", "uuid", "BLOB"),
    ("TIME", "bigint", "INTEGER"),
    ("BOOL", "boolean", "INTEGER"),
    ("BYTES", "bytea", "BLOB"),
    ("JSON", "jsonb", "TEXT"),
    ("INT", "integer", "INTEGER"),
    ("SMALLINT", "smallint", "INTEGER"),
    ("BIGINT", "bigint", "INTEGER"),
    ("KEY_TEXT", "text COLLATE \"C\"", "TEXT"),
    (
        "POSITION",
        "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "INTEGER PRIMARY KEY AUTOINCREMENT",
    ),
    ("STRICT", "", "STRICT"),
    ("CLUSTERED", "", "STRICT, WITHOUT ROWID"),
];

fn render(text: &str, dialect: Dialect) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        out.push_str(before);
        match (WORDS.iter().find(|(name, ..)| *name == word), dialect) {
            (Some((_, postgres, _)), Dialect::Postgres) => out.push_str(postgres),
            (Some((_, _, sqlite)), Dialect::Sqlite) => out.push_str(sqlite),
            (None, _) => out.push_str(word),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{Dialect, render};

    #[test]
    fn type_words_are_replaced_and_nothing_else() {
        let text = "CREATE TABLE t (id ID PRIMARY KEY, key KEY_TEXT, ID_CARD text) STRICT";
        assert_eq!(
            render(text, Dialect::Postgres),
            "CREATE TABLE t (id uuid PRIMARY KEY, key text COLLATE \"C\", ID_CARD text) "
        );
        assert_eq!(
            render(text, Dialect::Sqlite),
            "CREATE TABLE t (id BLOB PRIMARY KEY, key TEXT, ID_CARD text) STRICT"
        );
    }
}
