//! The people and groups. Written by the projector alone.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both(
        "CREATE TABLE users (
            id ID NOT NULL PRIMARY KEY,
            directory_id ID NOT NULL,
            user_name text NOT NULL,
            user_name_key KEY_TEXT NOT NULL,
            external_id KEY_TEXT,
            display_name text,
            display_name_key KEY_TEXT,
            email text,
            active BOOL NOT NULL,
            manager_id text,
            resource text NOT NULL,
            search JSON NOT NULL,
            version BIGINT NOT NULL,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL,
            CONSTRAINT users_user_name UNIQUE (directory_id, user_name_key)
        ) STRICT",
    ),
    Both("CREATE INDEX users_external_id ON users (directory_id, external_id)"),
    Both("CREATE INDEX users_display_name ON users (directory_id, display_name_key)"),
    Both("CREATE INDEX users_created ON users (directory_id, created_at, id)"),
    Both("CREATE INDEX users_updated ON users (directory_id, updated_at)"),
    Both("CREATE INDEX users_manager ON users (directory_id, manager_id)"),
    Both("CREATE INDEX users_active ON users (directory_id, active)"),
    Both(
        "CREATE TABLE user_emails (
            directory_id ID NOT NULL,
            value_key KEY_TEXT NOT NULL,
            user_id ID NOT NULL,
            PRIMARY KEY (directory_id, value_key, user_id)
        ) CLUSTERED",
    ),
    Both("CREATE INDEX user_emails_user ON user_emails (user_id)"),
    Both(
        "CREATE TABLE groups (
            id ID NOT NULL PRIMARY KEY,
            directory_id ID NOT NULL,
            display_name text NOT NULL,
            display_name_key KEY_TEXT NOT NULL,
            external_id KEY_TEXT,
            resource text NOT NULL,
            search JSON NOT NULL,
            version BIGINT NOT NULL,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL,
            CONSTRAINT groups_display_name UNIQUE (directory_id, display_name_key)
        ) STRICT",
    ),
    Both("CREATE INDEX groups_external_id ON groups (directory_id, external_id)"),
    Both("CREATE INDEX groups_created ON groups (directory_id, created_at, id)"),
    Both("CREATE INDEX groups_updated ON groups (directory_id, updated_at)"),
    Both(
        "CREATE TABLE group_members (
            directory_id ID NOT NULL,
            group_id ID NOT NULL,
            member_id ID NOT NULL,
            kind SMALLINT NOT NULL CHECK (kind IN (0, 1)),
            added_at TIME NOT NULL,
            PRIMARY KEY (group_id, member_id)
        ) CLUSTERED",
    ),
    Both("CREATE INDEX group_members_member ON group_members (member_id)"),
];
