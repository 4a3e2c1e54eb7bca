//! Endpoints that are sent Security Event Tokens (RFC 8417) instead of Standard Webhooks.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both("ALTER TABLE endpoints ADD COLUMN format text NOT NULL DEFAULT 'standard'"),
    // A JSON array of texts; none means the endpoint's URL.
    Both("ALTER TABLE endpoints ADD COLUMN audience text"),
];
