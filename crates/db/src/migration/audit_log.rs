//! Who did what in the management API, and who was refused. What an entry names may be gone, so nothing is referred to.

use super::table::{create_clustered, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer_null, text, text_null, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kinds = ["key", "configured", "system", "stranger"];
        create_clustered(
            manager,
            Table::create()
                .table("audit_log")
                .col(uuid("id").primary_key())
                .col(text("actor_kind").check(Expr::col("actor_kind").is_in(kinds)))
                .col(uuid_null("actor_id"))
                .col(text_null("actor_name"))
                .col(text("action"))
                .col(text_null("object_kind"))
                .col(text_null("object_id"))
                .col(uuid_null("organization_id"))
                .col(uuid_null("directory_id"))
                .col(integer_null("status"))
                .col(text_null("detail"))
                .col(text_null("operation"))
                .col(text_null("before"))
                .col(text_null("after"))
                .col(text_null("trace_id"))
                .col(text_null("client"))
                .col(big_integer("count").default(1))
                .col(big_integer("created_at")),
        )
        .await?;
        for (name, column) in [
            ("audit_log_organization", "organization_id"),
            ("audit_log_directory", "directory_id"),
            ("audit_log_actor", "actor_id"),
        ] {
            manager.create_index(index(name, "audit_log", &[column, "id"])).await?;
        }
        Ok(())
    }
}
