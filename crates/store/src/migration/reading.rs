//! Indexes in the orders in which is read.

use super::ddl::Ddl::{self, Both, Postgres, Sqlite};

pub(super) const STATEMENTS: &[Ddl] = &[
    // Active users in the order of lists; those who are not are found by it too.
    Both("DROP INDEX users_active"),
    Both("CREATE INDEX users_active ON users (directory_id, active, created_at, id)"),
    // Snapshots go through a directory in the order of ids.
    Both("CREATE INDEX users_in_order ON users (directory_id, id)"),
    Both("CREATE INDEX groups_in_order ON groups (directory_id, id)"),
    // The log of an organization is read in commit order.
    Postgres("DROP INDEX events_organization"),
    Postgres("CREATE INDEX events_organization ON events (organization_id, tx, position)"),
    // Whether somebody was deleted, and what became of people and groups first after a moment.
    Both("DROP INDEX events_type"),
    Both("CREATE INDEX events_subject ON events (directory_id, subject_id, sequence)"),
    // Management lists go from the newest id to the oldest.
    Both("DROP INDEX directories_organization"),
    Both("CREATE INDEX directories_organization ON directories (organization_id, id)"),
    Both("DROP INDEX directory_keys_directory"),
    Both("CREATE INDEX directory_keys_directory ON directory_keys (directory_id, id)"),
    Both("DROP INDEX oauth_clients_directory"),
    Both("CREATE INDEX oauth_clients_directory ON oauth_clients (directory_id, id)"),
    // The few directories that are being indexed.
    Postgres("CREATE INDEX directories_indexing ON directories (id) WHERE strpos(settings, '\"indexing\":') > 0"),
    Sqlite("CREATE INDEX directories_indexing ON directories (id) WHERE instr(settings, '\"indexing\":') > 0"),
];
