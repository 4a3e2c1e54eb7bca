//! The people and groups. Written by the projector alone.

use super::table::{create, create_clustered, index, key, key_text, key_text_null};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, json_binary, small_integer, text, text_null, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let names = key(&["directory_id", "user_name_key"])
            .name("users_user_name")
            .unique()
            .take();
        create(manager, users("users".to_owned()).index(&mut { names })).await?;
        for (name, columns) in [
            ("users_external_id", &["directory_id", "external_id"] as &[_]),
            ("users_display_name", &["directory_id", "display_name_key"]),
            ("users_created", &["directory_id", "created_at", "id"]),
            ("users_updated", &["directory_id", "updated_at"]),
            ("users_manager", &["directory_id", "manager_id"]),
            ("users_active", &["directory_id", "active"]),
        ] {
            manager.create_index(index(name, "users", columns)).await?;
        }
        create_clustered(manager, &mut user_emails("user_emails".to_owned())).await?;
        manager
            .create_index(index("user_emails_user", "user_emails", &["user_id"]))
            .await?;
        let names = key(&["directory_id", "display_name_key"])
            .name("groups_display_name")
            .unique()
            .take();
        create(manager, groups("groups".to_owned()).index(&mut { names })).await?;
        for (name, columns) in [
            ("groups_external_id", &["directory_id", "external_id"] as &[_]),
            ("groups_created", &["directory_id", "created_at", "id"]),
            ("groups_updated", &["directory_id", "updated_at"]),
        ] {
            manager.create_index(index(name, "groups", columns)).await?;
        }
        create_clustered(manager, &mut group_members("group_members".to_owned())).await?;
        manager
            .create_index(index("group_members_member", "group_members", &["member_id"]))
            .await
    }
}

/// A table of users, without what must be unique among them; so are the next ones.
pub(super) fn users(table: String) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(uuid("id").primary_key())
        .col(uuid("directory_id"))
        .col(text("user_name"))
        .col(key_text("user_name_key"))
        .col(key_text_null("external_id"))
        .col(text_null("display_name"))
        .col(key_text_null("display_name_key"))
        .col(text_null("email"))
        .col(boolean("active"))
        .col(text_null("manager_id"))
        .col(text("resource"))
        .col(json_binary("search"))
        .col(big_integer("version"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .take()
}

/// Their addresses.
pub(super) fn user_emails(table: String) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(uuid("directory_id"))
        .col(key_text("value_key"))
        .col(uuid("user_id"))
        .primary_key(&mut key(&["directory_id", "value_key", "user_id"]))
        .take()
}

/// A table of groups.
pub(super) fn groups(table: String) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(uuid("id").primary_key())
        .col(uuid("directory_id"))
        .col(text("display_name"))
        .col(key_text("display_name_key"))
        .col(key_text_null("external_id"))
        .col(text("resource"))
        .col(json_binary("search"))
        .col(big_integer("version"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .take()
}

/// Their members.
pub(super) fn group_members(table: String) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(uuid("directory_id"))
        .col(uuid("group_id"))
        .col(uuid("member_id"))
        .col(small_integer("kind").check(Expr::col("kind").is_in([0, 1])))
        .col(big_integer("added_at"))
        .primary_key(&mut key(&["group_id", "member_id"]))
        .take()
}
