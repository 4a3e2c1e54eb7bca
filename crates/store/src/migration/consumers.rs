//! What consumers of webhooks choose: signatures, filters, certificates, where their stream begins; and persons erased.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both("ALTER TABLE endpoints ADD COLUMN signing text NOT NULL DEFAULT 'v1' CHECK (signing IN ('v1', 'v1a'))"),
    Both("ALTER TABLE endpoints ADD COLUMN public_key text"),
    Both("ALTER TABLE endpoints ADD COLUMN previous_public_key text"),
    Both("ALTER TABLE endpoints ADD COLUMN organization_ids text"),
    Both("ALTER TABLE endpoints ADD COLUMN fields text"),
    Both("ALTER TABLE endpoints ADD COLUMN filter text"),
    Both("ALTER TABLE endpoints ADD COLUMN sealed_client_identity BYTES"),
    Both("ALTER TABLE endpoints ADD COLUMN client_thumbprint text"),
    Both("ALTER TABLE endpoints ADD COLUMN client_expires_at TIME"),
    // While one of its directories is not caught up; see catch_ups.
    Both("ALTER TABLE endpoints ADD COLUMN catching_up BOOL NOT NULL DEFAULT false"),
    // Bodies that differ from that of the event in the log: of what was filtered, and of what is not in the log.
    Both(
        "CREATE TABLE delivery_bodies (
            delivery_id ID NOT NULL PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
            directory_id ID NOT NULL,
            body text NOT NULL
        ) STRICT",
    ),
    Both("CREATE INDEX delivery_bodies_directory ON delivery_bodies (directory_id, delivery_id)"),
    // How far an endpoint is with a directory whose past it asked for. A row that is not done keeps live events of the
    // directory from the endpoint.
    Both(
        "CREATE TABLE catch_ups (
            endpoint_id ID NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
            directory_id ID NOT NULL,
            phase text NOT NULL CHECK (phase IN ('start', 'users', 'groups', 'members', 'completed', 'log', 'done')),
            sequence BIGINT NOT NULL DEFAULT 0,
            snapshot_at BIGINT NOT NULL DEFAULT 0,
            after_id ID,
            after_member ID,
            users BIGINT NOT NULL DEFAULT 0,
            groups BIGINT NOT NULL DEFAULT 0,
            members BIGINT NOT NULL DEFAULT 0,
            updated_at TIME NOT NULL,
            PRIMARY KEY (endpoint_id, directory_id)
        ) CLUSTERED",
    ),
    Both("CREATE INDEX catch_ups_open ON catch_ups (endpoint_id, directory_id) WHERE phase <> 'done'"),
    Both(
        "CREATE TABLE erasures (
            directory_id ID NOT NULL,
            user_id ID NOT NULL,
            sequence BIGINT NOT NULL DEFAULT 0,
            after_id ID,
            passes INT NOT NULL DEFAULT 0,
            due_at TIME,
            created_at TIME NOT NULL,
            PRIMARY KEY (directory_id, user_id)
        ) CLUSTERED",
    ),
    Both("CREATE INDEX erasures_due ON erasures (due_at) WHERE due_at IS NOT NULL"),
];
