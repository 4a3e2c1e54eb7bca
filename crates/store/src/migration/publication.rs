//! The outbox cursor in a table of its own.
//!
//! Beside the counter of a log it would be moved under the row lock that the projector holds while it commits, and its
//! index made each raise of the counter touch an index.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both("CREATE TABLE publications (directory_id ID NOT NULL PRIMARY KEY, sequence BIGINT NOT NULL) STRICT"),
    Both("INSERT INTO publications (directory_id, sequence) SELECT directory_id, published FROM sequences"),
    Both("DROP INDEX sequences_unpublished"),
    Both("ALTER TABLE sequences DROP COLUMN published"),
];
