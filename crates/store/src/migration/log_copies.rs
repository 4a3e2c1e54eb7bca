//! Copies of the users and groups that the log tells of: `…_base` is the state up to which the log was cut off, `…_fresh`
//! is where `rollcall rebuild` puts together the state that the log tells of now. Their names are not unique: a page of
//! the log may give one away before it is set free.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both(
        "CREATE TABLE log_copies (
            directory_id ID NOT NULL,
            name text NOT NULL,
            sequence BIGINT NOT NULL,
            updated_at TIME NOT NULL,
            PRIMARY KEY (directory_id, name)
        ) STRICT",
    ),
    Both(
        "CREATE TABLE users_base (
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
            updated_at TIME NOT NULL
        ) STRICT",
    ),
    Both(
        "CREATE TABLE user_emails_base (
            directory_id ID NOT NULL,
            value_key KEY_TEXT NOT NULL,
            user_id ID NOT NULL,
            PRIMARY KEY (directory_id, value_key, user_id)
        ) CLUSTERED",
    ),
    Both(
        "CREATE TABLE groups_base (
            id ID NOT NULL PRIMARY KEY,
            directory_id ID NOT NULL,
            display_name text NOT NULL,
            display_name_key KEY_TEXT NOT NULL,
            external_id KEY_TEXT,
            resource text NOT NULL,
            search JSON NOT NULL,
            version BIGINT NOT NULL,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL
        ) STRICT",
    ),
    Both(
        "CREATE TABLE group_members_base (
            directory_id ID NOT NULL,
            group_id ID NOT NULL,
            member_id ID NOT NULL,
            kind SMALLINT NOT NULL CHECK (kind IN (0, 1)),
            added_at TIME NOT NULL,
            PRIMARY KEY (group_id, member_id)
        ) CLUSTERED",
    ),
    Both("CREATE INDEX users_base_directory ON users_base (directory_id, id)"),
    Both("CREATE INDEX user_emails_base_user ON user_emails_base (user_id)"),
    Both("CREATE INDEX groups_base_directory ON groups_base (directory_id, id)"),
    Both("CREATE INDEX group_members_base_member ON group_members_base (member_id)"),
    Both("CREATE INDEX group_members_base_directory ON group_members_base (directory_id, group_id, member_id)"),
    Both(
        "CREATE TABLE users_fresh (
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
            updated_at TIME NOT NULL
        ) STRICT",
    ),
    Both(
        "CREATE TABLE user_emails_fresh (
            directory_id ID NOT NULL,
            value_key KEY_TEXT NOT NULL,
            user_id ID NOT NULL,
            PRIMARY KEY (directory_id, value_key, user_id)
        ) CLUSTERED",
    ),
    Both(
        "CREATE TABLE groups_fresh (
            id ID NOT NULL PRIMARY KEY,
            directory_id ID NOT NULL,
            display_name text NOT NULL,
            display_name_key KEY_TEXT NOT NULL,
            external_id KEY_TEXT,
            resource text NOT NULL,
            search JSON NOT NULL,
            version BIGINT NOT NULL,
            created_at TIME NOT NULL,
            updated_at TIME NOT NULL
        ) STRICT",
    ),
    Both(
        "CREATE TABLE group_members_fresh (
            directory_id ID NOT NULL,
            group_id ID NOT NULL,
            member_id ID NOT NULL,
            kind SMALLINT NOT NULL CHECK (kind IN (0, 1)),
            added_at TIME NOT NULL,
            PRIMARY KEY (group_id, member_id)
        ) CLUSTERED",
    ),
    Both("CREATE INDEX users_fresh_directory ON users_fresh (directory_id, id)"),
    Both("CREATE INDEX user_emails_fresh_user ON user_emails_fresh (user_id)"),
    Both("CREATE INDEX groups_fresh_directory ON groups_fresh (directory_id, id)"),
    Both("CREATE INDEX group_members_fresh_member ON group_members_fresh (member_id)"),
    Both("CREATE INDEX group_members_fresh_directory ON group_members_fresh (directory_id, group_id, member_id)"),
];
