//! The two databases.

/// Which database is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// PostgreSQL 14 or later.
    Postgres,
    /// SQLite, built in.
    Sqlite,
}
