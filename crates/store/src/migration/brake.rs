//! The mass-change brake: how many active users went, by directory and minute, and who is held or let through.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    // A minute is the number of minutes since the epoch.
    Both(
        "CREATE TABLE directory_removals (
            directory_id ID NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
            minute BIGINT NOT NULL,
            removed BIGINT NOT NULL,
            PRIMARY KEY (directory_id, minute)
        ) CLUSTERED",
    ),
    Both("CREATE INDEX directory_removals_minute ON directory_removals (minute)"),
    // A directory is held while it has the first: whether it is also paused is another matter.
    Both("ALTER TABLE directories ADD COLUMN held_at TIME"),
    Both("ALTER TABLE directories ADD COLUMN released_until TIME"),
];
