//! Messages that could not be processed. What one names may be gone, so nothing is referred to.

use super::table::{create, index, key_text};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob_null, integer_null, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kinds = ["user_command", "group_command", "event", "unreadable"];
        create(
            manager,
            Table::create()
                .table("dead_letters")
                .col(uuid("id").primary_key())
                .col(text("kind").check(Expr::col("kind").is_in(kinds)))
                .col(key_text("message_id"))
                .col(text("queue"))
                .col(integer_null("lane"))
                .col(text_null("name"))
                .col(uuid_null("organization_id"))
                .col(uuid_null("directory_id"))
                .col(uuid_null("resource_id"))
                .col(text("reason"))
                .col(integer_null("tried"))
                .col(big_integer("times"))
                .col(text_null("trace_id"))
                .col(blob_null("body"))
                .col(big_integer("parked_at"))
                .col(big_integer_null("redriven_at"))
                .col(text_null("outcome")),
        )
        .await?;
        manager
            .create_index(
                index("dead_letters_message", "dead_letters", &["message_id"])
                    .unique()
                    .take(),
            )
            .await?;
        manager
            .create_index(index("dead_letters_directory", "dead_letters", &["directory_id", "id"]))
            .await?;
        // Erasures find a person's by it.
        manager
            .create_index(index(
                "dead_letters_subject",
                "dead_letters",
                &["directory_id", "kind", "resource_id"],
            ))
            .await?;
        manager
            .create_index(index("dead_letters_parked", "dead_letters", &["parked_at"]))
            .await
    }
}
