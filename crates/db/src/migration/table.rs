//! What `sea_orm_migration::schema` lacks: tables with enforced types on both databases, and short forms for indexes.

use crate::Dialect;
use crate::sql::dialect_of;
use sea_orm_migration::prelude::*;

/// The database that is migrated.
pub(super) fn dialect(manager: &SchemaManager) -> Dialect {
    dialect_of(manager.get_database_backend())
}

/// Creates a table. On SQLite it is `STRICT`: types are enforced there too.
pub(super) async fn create(manager: &SchemaManager<'_>, table: &mut TableCreateStatement) -> Result<(), DbErr> {
    create_with(manager, table, "STRICT").await
}

/// Creates a table that SQLite stores in the order of its primary key.
pub(super) async fn create_clustered(
    manager: &SchemaManager<'_>,
    table: &mut TableCreateStatement,
) -> Result<(), DbErr> {
    create_with(manager, table, "STRICT, WITHOUT ROWID").await
}

async fn create_with(
    manager: &SchemaManager<'_>,
    table: &mut TableCreateStatement,
    of_sqlite: &str,
) -> Result<(), DbErr> {
    let statement = match dialect(manager) {
        Dialect::Postgres => table.take(),
        Dialect::Sqlite => strict(table, of_sqlite),
    };
    manager.create_table(statement).await
}

/// The same table with the types that a strict one may have.
fn strict(table: &TableCreateStatement, end: &str) -> TableCreateStatement {
    let mut strict = Table::create();
    if let Some(name) = table.get_table_name() {
        strict.table(name.clone());
    }
    for column in table.get_columns() {
        strict.col(strict_column(column.clone()));
    }
    for index in table.get_indexes() {
        strict.index(&mut index.clone());
    }
    for key in table.get_foreign_key_create_stmts() {
        strict.foreign_key(&mut key.clone());
    }
    strict.extra(end).take()
}

fn strict_column(mut column: ColumnDef) -> ColumnDef {
    let name = match column.get_column_type() {
        Some(ColumnType::Uuid | ColumnType::Blob) => "BLOB",
        Some(ColumnType::Text | ColumnType::JsonBinary) => "TEXT",
        Some(ColumnType::Boolean | ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger) => {
            "INTEGER"
        }
        Some(ColumnType::Custom(name)) if name.to_string() == KEY_TEXT => "TEXT",
        other => unreachable!("no table has a column of type {other:?}"),
    };
    column.custom(name).take()
}

/// Adds a column to a table.
pub(super) async fn add_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &mut ColumnDef,
) -> Result<(), DbErr> {
    let column = match dialect(manager) {
        Dialect::Postgres => column.take(),
        Dialect::Sqlite => strict_column(column.take()),
    };
    manager
        .alter_table(Table::alter().table(table).add_column(column).take())
        .await
}

/// On PostgreSQL the order of the code points, as SQLite has it.
const KEY_TEXT: &str = "text COLLATE \"C\"";

/// A text that sorts and compares by code point.
pub(super) fn key_text(name: &'static str) -> ColumnDef {
    key_text_null(name).not_null().take()
}

/// The same, or null.
pub(super) fn key_text_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).custom(KEY_TEXT).take()
}

/// What is deleted with the row of another table that a column names by its `id`.
pub(super) fn owned_by(column: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from_col(column)
        .to(table, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// A primary key of several columns.
pub(super) fn key(columns: &[&'static str]) -> IndexCreateStatement {
    columns
        .iter()
        .fold(Index::create(), |mut key, column| key.col(*column).take())
}

/// An index.
pub(super) fn index<T: IntoIden>(name: impl Into<String>, table: T, columns: &[&'static str]) -> IndexCreateStatement {
    key(columns).name(name).table(table.into_iden()).take()
}

/// Drops an index.
pub(super) async fn drop_index(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).to_owned()).await
}

/// Statements that no builder can say.
pub(super) async fn raw(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
