//! Commands settled, lanes held, and the event log, which is also the outbox.

use super::ddl::Ddl::{self, Both, Postgres};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both(
        "CREATE TABLE sequences (
            directory_id ID NOT NULL PRIMARY KEY,
            lane INT NOT NULL,
            last BIGINT NOT NULL DEFAULT 0,
            published BIGINT NOT NULL DEFAULT 0
        ) STRICT",
    ),
    Both("CREATE INDEX sequences_unpublished ON sequences (lane) WHERE last > published"),
    Both(
        "CREATE TABLE events (
            position POSITION,
            id ID NOT NULL UNIQUE,
            directory_id ID NOT NULL,
            organization_id ID NOT NULL,
            sequence BIGINT NOT NULL,
            type text NOT NULL,
            subject_id ID,
            body text NOT NULL,
            traceparent text,
            created_at TIME NOT NULL,
            UNIQUE (directory_id, sequence)
        ) STRICT",
    ),
    // The transaction that wrote the row: readers of the whole log stop before the oldest one still open.
    Postgres("ALTER TABLE events ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id()"),
    Postgres("CREATE INDEX events_commit_order ON events (tx, position)"),
    Both("CREATE INDEX events_type ON events (directory_id, type)"),
    Both("CREATE INDEX events_organization ON events (organization_id, position)"),
    Both(
        "CREATE TABLE lanes (
            id INT NOT NULL,
            role text NOT NULL,
            epoch BIGINT NOT NULL,
            owner text NOT NULL,
            updated_at TIME NOT NULL,
            PRIMARY KEY (id, role)
        ) STRICT",
    ),
    Both(
        "CREATE TABLE inbox (
            command_id ID NOT NULL PRIMARY KEY,
            status SMALLINT NOT NULL,
            result text,
            created_at TIME NOT NULL
        ) STRICT",
    ),
    Both("CREATE INDEX inbox_created ON inbox (created_at)"),
];
