//! Copies of the users and groups that the log tells of: `…_base` is the state up to which the log was cut off, `…_fresh`
//! is where `rollcall rebuild` puts together the state that the log tells of now. Their names are not unique: a page of
//! the log may give one away before it is set free.

use super::directory::{group_members, groups, user_emails, users};
use super::table::{create, create_clustered, index, key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("log_copies")
                .col(uuid("directory_id"))
                .col(text("name"))
                .col(big_integer("sequence"))
                .col(big_integer("updated_at"))
                .primary_key(&mut key(&["directory_id", "name"])),
        )
        .await?;
        for copy in ["base", "fresh"] {
            let named = |table: &str| format!("{table}_{copy}");
            create(manager, &mut users(named("users"))).await?;
            create_clustered(manager, &mut user_emails(named("user_emails"))).await?;
            create(manager, &mut groups(named("groups"))).await?;
            create_clustered(manager, &mut group_members(named("group_members"))).await?;
            for (table, name, columns) in [
                ("users", "directory", &["directory_id", "id"] as &[_]),
                ("user_emails", "user", &["user_id"]),
                ("groups", "directory", &["directory_id", "id"]),
                ("group_members", "member", &["member_id"]),
                ("group_members", "directory", &["directory_id", "group_id", "member_id"]),
            ] {
                let table = named(table);
                let index = index(format!("{table}_{name}"), table, columns);
                manager.create_index(index).await?;
            }
        }
        Ok(())
    }
}
