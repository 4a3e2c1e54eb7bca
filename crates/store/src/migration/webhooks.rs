//! Endpoints and what was sent to them.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both(
        "CREATE TABLE endpoints (
            id ID NOT NULL PRIMARY KEY,
            url text NOT NULL,
            description text,
            event_types text,
            directory_ids text,
            sealed_headers BYTES,
            sealed_secret BYTES NOT NULL,
            sealed_previous_secret BYTES,
            previous_secret_until TIME,
            ordered BOOL NOT NULL,
            rate_limit INT,
            state text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
            disabled_reason text,
            failing_since TIME,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL
        ) STRICT",
    ),
    Both("CREATE INDEX endpoints_created ON endpoints (created_at, id)"),
    Both(
        "CREATE TABLE deliveries (
            id ID NOT NULL PRIMARY KEY,
            endpoint_id ID NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
            event_id ID NOT NULL,
            directory_id ID NOT NULL,
            subject_id ID,
            sequence BIGINT NOT NULL,
            event_type text NOT NULL,
            state text NOT NULL,
            attempts INT NOT NULL DEFAULT 0,
            next_at TIME NOT NULL,
            lease_owner text,
            leased_until TIME,
            last_status INT,
            last_error text,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL,
            delivered_at TIME,
            CONSTRAINT deliveries_once UNIQUE (endpoint_id, event_id)
        ) STRICT",
    ),
    // What is due, endpoint by endpoint, so that a backlog of one costs the others nothing.
    Both(
        "CREATE INDEX deliveries_open ON deliveries (endpoint_id, next_at, id)
         WHERE state IN ('pending', 'leased', 'scheduled')",
    ),
    // What an ordered endpoint's delivery waits for.
    Both(
        "CREATE INDEX deliveries_order ON deliveries (endpoint_id, subject_id, sequence)
         WHERE state IN ('pending', 'leased', 'scheduled')",
    ),
    Both("CREATE INDEX deliveries_endpoint ON deliveries (endpoint_id, id)"),
    // Lists of the states that are rare and looked for; the common ones are found near the end of the table.
    Both(
        "CREATE INDEX deliveries_troubled ON deliveries (state, id)
         WHERE state IN ('scheduled', 'exhausted', 'cancelled')",
    ),
    Both(
        "CREATE TABLE attempts (
            id ID NOT NULL PRIMARY KEY,
            delivery_id ID NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
            endpoint_id ID NOT NULL,
            number INT NOT NULL,
            started_at TIME NOT NULL,
            duration_ms INT NOT NULL,
            status INT,
            error text,
            response_head text,
            trace_id text
        ) STRICT",
    ),
    Both("CREATE INDEX attempts_delivery ON attempts (delivery_id)"),
];
