//! Who may do what: settings, organizations, directories, keys, idempotency.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both("CREATE TABLE settings (key text NOT NULL PRIMARY KEY, value text NOT NULL) STRICT"),
    Both(
        "CREATE TABLE organizations (
            id ID NOT NULL PRIMARY KEY,
            name text NOT NULL,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL
        ) STRICT",
    ),
    Both(
        "CREATE TABLE organization_domains (
            domain text NOT NULL PRIMARY KEY,
            organization_id ID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
            position INT NOT NULL
        ) STRICT",
    ),
    Both("CREATE INDEX organization_domains_organization ON organization_domains (organization_id, position)"),
    Both(
        "CREATE TABLE directories (
            id ID NOT NULL PRIMARY KEY,
            organization_id ID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
            name text NOT NULL,
            provider text NOT NULL,
            state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
            settings text NOT NULL DEFAULT '{}',
            last_request_at TIME,
            last_error text,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL
        ) STRICT",
    ),
    Both("CREATE INDEX directories_organization ON directories (organization_id, created_at, id)"),
    Both("CREATE INDEX directories_created ON directories (created_at, id)"),
    Both(
        "CREATE TABLE directory_keys (
            id ID NOT NULL PRIMARY KEY,
            directory_id ID NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
            name text NOT NULL,
            description text,
            token_hash BYTES NOT NULL,
            sealed_token BYTES,
            expires_at TIME,
            revoked_at TIME,
            last_used_at TIME,
            created_at TIME NOT NULL
        ) STRICT",
    ),
    Both("CREATE INDEX directory_keys_directory ON directory_keys (directory_id, created_at, id)"),
    Both(
        "CREATE TABLE admin_keys (
            id ID NOT NULL PRIMARY KEY,
            name text NOT NULL,
            token_hash BYTES NOT NULL,
            created_at TIME NOT NULL,
            last_used_at TIME
        ) STRICT",
    ),
    Both(
        "CREATE TABLE idempotency_keys (
            key text NOT NULL PRIMARY KEY,
            request_hash text NOT NULL,
            status INT NOT NULL,
            body text NOT NULL,
            created_at TIME NOT NULL
        ) STRICT",
    ),
    Both("CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at)"),
];
