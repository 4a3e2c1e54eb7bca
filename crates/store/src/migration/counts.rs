//! How many users and groups each directory holds, so that no list has to count them.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both(
        "CREATE TABLE directory_counts (
            directory_id ID NOT NULL PRIMARY KEY,
            users BIGINT NOT NULL DEFAULT 0,
            active_users BIGINT NOT NULL DEFAULT 0,
            groups BIGINT NOT NULL DEFAULT 0
        ) STRICT",
    ),
    Both(BACKFILL),
];

/// Counts what is there already.
pub(super) const BACKFILL: &str = "INSERT INTO directory_counts (directory_id, users, active_users, groups)
         SELECT d.id, COALESCE(u.users, 0), COALESCE(u.active_users, 0), COALESCE(g.groups, 0) FROM directories d
         LEFT JOIN (SELECT directory_id, COUNT(*) AS users, COUNT(*) FILTER (WHERE active) AS active_users
                    FROM users GROUP BY directory_id) u ON u.directory_id = d.id
         LEFT JOIN (SELECT directory_id, COUNT(*) AS groups FROM groups GROUP BY directory_id) g
                   ON g.directory_id = d.id";
