//! What can go wrong in the database, sorted by what the caller can do about it.

use sea_orm::sqlx;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, refuses connections, timed out or is overloaded; nothing is known to be wrong with the
    /// request, and trying again later may succeed.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// A value that must be unique exists already; the text names the constraint or columns, never the value.
    #[error("a value that must be unique exists already ({0})")]
    Conflict(String),
    /// Finding or counting what matches takes longer than a statement may. Asking the same again is no help.
    #[error("finding what matches takes too long")]
    TooSlow,
    /// So many questions of one directory run at a time and no more, and these take long. Later there is a place again.
    #[error("as many {what} as may run at a time, {share}, are running")]
    Crowded {
        /// What runs.
        what: Reads,
        /// How many of it may run at a time.
        share: u32,
    },
    /// A parameter of the request does not fit what is stored. The only error that says what a client did wrong.
    #[error("{parameter}: {detail}")]
    BadParameter {
        /// Its name in the management API.
        parameter: &'static str,
        /// What is wrong with it and how to mend it, in sentences for the client.
        detail: String,
    },
    /// What a write belongs to does not exist any more, for example a directory that was deleted meanwhile.
    #[error("{0}")]
    Missing(String),
    /// What the operator configured cannot be used, or does not fit the database. The program cannot start with it.
    #[error("{0}")]
    Misconfigured(String),
    /// What is stored cannot be read, or what is to be stored makes no sense: damage, or a defect of this program.
    #[error("{0}")]
    Defect(String),
    /// What was asked for has been removed, as it was to be after its time.
    #[error("{0}")]
    Gone(String),
    /// The database refused a statement, or its answer has not the expected types: a defect, not a passing condition.
    #[error("the database refused a statement")]
    Internal(#[source] DbErr),
}

/// What a directory has so many of at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Lists by a filter or in another order.
    Searches,
    /// Single resources, and pages of the whole directory.
    Lookups,
}

impl std::fmt::Display for Reads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Searches => "searches",
            Self::Lookups => "reads",
        })
    }
}

impl StoreError {
    /// A cursor that the list asked did not give out.
    pub fn foreign_cursor() -> Self {
        Self::BadParameter {
            parameter: "cursor",
            detail:
                "The cursor is not one of this list. Use the next_cursor of the page before, with the same filters."
                    .to_owned(),
        }
    }

    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether a unique constraint was violated.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// There was no connection in time.
    pub const fn no_connection() -> Self {
        Self::Unavailable(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
    }

    /// Whether the database ended the statement, or its transaction, for what these did: they took too long, waited too
    /// long for a lock or for the next statement, or needed too much. The database is there, and it is no use to wait for
    /// it; less at once may succeed.
    #[must_use]
    pub fn was_cut_short(&self) -> bool {
        self.code().is_some_and(|code| is_cut_short(&code))
    }

    /// What the database calls it.
    fn code(&self) -> Option<String> {
        let Self::Unavailable(error) = self else { return None };
        let error = driver_error(error).and_then(sqlx::Error::as_database_error);
        error?.code().map(std::borrow::Cow::into_owned)
    }

    /// The log of a directory has moved on between being read and being written: trying again reads it again.
    pub fn overtaken() -> Self {
        Self::Unavailable(DbErr::Custom("a log has moved on meanwhile".to_owned()))
    }

    /// For values that the database gave back in a shape that this program never writes.
    pub fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Defect(what.to_string())
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(message)) => return Self::Conflict(constraint(&error, message)),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
                return Self::Missing("it belongs to something that does not exist".to_owned());
            }
            _ => {}
        }
        if is_passing(&error) {
            Self::Unavailable(error)
        } else {
            Self::Internal(error)
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::from(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
    }
}

/// The name of the violated constraint where the database tells it (PostgreSQL), else its message, which names
/// table and columns (SQLite).
fn constraint(error: &DbErr, message: String) -> String {
    driver_error(error)
        .and_then(sqlx::Error::as_database_error)
        .and_then(|e| e.constraint())
        .map_or(message, str::to_owned)
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e.as_ref()),
        _ => None,
    }
}

fn is_passing(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        return true;
    }
    match driver_error(error) {
        Some(sqlx::Error::Database(e)) => e.code().is_some_and(|code| is_passing_code(&code)),
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            // A server killed in the middle of an answer looks like a protocol violation.
            | sqlx::Error::Protocol(_),
        ) => true,
        _ => false,
    }
}

/// SQLSTATEs of PostgreSQL (five characters) and result codes of SQLite (a number whose low byte is the primary code).
fn is_passing_code(code: &str) -> bool {
    if code.len() == 5 {
        // Connection exceptions, insufficient resources, operator intervention (shutdown, statement timeout).
        let class = code.get(..2).unwrap_or_default();
        // Serialisation failure, deadlock, lock timeout, idle transaction ended, fail-over to a read-only standby.
        // 08P01 is a message that the server did not understand, which no waiting mends.
        return (matches!(class, "08" | "53" | "57") && code != "08P01")
            || matches!(code, "40001" | "40P01" | "55P03" | "25P03" | "25P04" | "25006");
    }
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const INTERRUPTED: u32 = 9;
    const IO: u32 = 10;
    const FULL: u32 = 13;
    const CANNOT_OPEN: u32 = 14;
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, BUSY | LOCKED | INTERRUPTED | IO | FULL | CANNOT_OPEN))
}

/// Statement cancelled or out of time, lock timeout, idle transaction ended, transaction out of time (PostgreSQL 17), out
/// of memory, serialisation failure, deadlock.
fn is_cut_short(code: &str) -> bool {
    matches!(
        code,
        "57014" | "55P03" | "25P03" | "25P04" | "53200" | "40001" | "40P01"
    )
}

#[cfg(test)]
mod tests {
    use super::{is_cut_short, is_passing_code};

    #[test]
    fn a_fault_of_the_statement_is_distinguished_from_a_database_that_is_away() {
        for code in ["57014", "55P03", "25P03", "25P04", "53200", "40P01", "40001"] {
            assert!(is_cut_short(code) && is_passing_code(code), "{code}");
        }
        for code in ["57P01", "57P03", "08006", "53300", "53100", "25006", "5", "23505", ""] {
            assert!(!is_cut_short(code), "{code}");
        }
    }

    #[test]
    fn passing_conditions_are_distinguished_from_defects() {
        for code in [
            "57P01", "57014", "08006", "53300", "40P01", "55P03", "5", "517", "6", "9", "13",
        ] {
            assert!(is_passing_code(code), "{code}");
        }
        for code in ["23505", "42P01", "22P02", "08P01", "1", "2067", "787", "", "x"] {
            assert!(!is_passing_code(code), "{code}");
        }
    }
}
