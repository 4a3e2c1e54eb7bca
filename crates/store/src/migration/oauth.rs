//! Credentials of identity providers that do not carry a long-lived token: OAuth clients and federations.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both(
        "CREATE TABLE oauth_clients (
            id ID NOT NULL PRIMARY KEY,
            directory_id ID NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
            name text NOT NULL,
            secret_hash BYTES NOT NULL,
            expires_at TIME,
            revoked_at TIME,
            last_used_at TIME,
            created_at TIME NOT NULL
        ) STRICT",
    ),
    Both("CREATE INDEX oauth_clients_directory ON oauth_clients (directory_id, created_at, id)"),
    Both(
        "CREATE TABLE directory_federations (
            directory_id ID NOT NULL PRIMARY KEY REFERENCES directories (id) ON DELETE CASCADE,
            tenant_id ID NOT NULL,
            audience text NOT NULL,
            subject text NOT NULL,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL
        ) STRICT",
    ),
];
