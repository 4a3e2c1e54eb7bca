//! Deliveries that are held, superseded and fenced, and what a successful attempt leaves behind.

use super::ddl::Ddl::{self, Both, Postgres};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both("ALTER TABLE endpoints ADD COLUMN coalesce_updates BOOL NOT NULL DEFAULT FALSE"),
    Both("ALTER TABLE endpoints ADD COLUMN disabled_at TIME"),
    // Of what is held, everything made up to this time is skipped.
    Both("ALTER TABLE endpoints ADD COLUMN skip_until TIME"),
    // Counts the leases: a result is taken from the last one only.
    Both("ALTER TABLE deliveries ADD COLUMN token BIGINT NOT NULL DEFAULT 0"),
    Both("ALTER TABLE deliveries ADD COLUMN reason text"),
    // The attempt that succeeded is kept here, so that the common delivery costs no second row.
    Both("ALTER TABLE deliveries ADD COLUMN attempt_id ID"),
    Both("ALTER TABLE deliveries ADD COLUMN started_at TIME"),
    Both("ALTER TABLE deliveries ADD COLUMN duration_ms INT"),
    Both("ALTER TABLE deliveries ADD COLUMN response_head text"),
    Both("ALTER TABLE deliveries ADD COLUMN trace_id text"),
    // Who is held waits in line, too.
    Both("DROP INDEX deliveries_order"),
    Both(
        "CREATE INDEX deliveries_line ON deliveries (endpoint_id, subject_id, sequence)
         WHERE state IN ('pending', 'leased', 'scheduled', 'held')",
    ),
    Both("CREATE INDEX deliveries_held ON deliveries (endpoint_id, id) WHERE state = 'held'"),
    // Inserting looks at the endpoint anyway; a second look for each row costs as much as an index.
    Postgres("ALTER TABLE deliveries DROP CONSTRAINT deliveries_endpoint_id_fkey"),
];
