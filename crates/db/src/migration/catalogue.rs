//! Who may do what: settings, organizations, directories, keys, idempotency.

use super::table::{create, index, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, blob_null, integer, text, text_null, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let settings = text("key").primary_key().take();
        create(
            manager,
            Table::create().table("settings").col(settings).col(text("value")),
        )
        .await?;
        organizations(manager).await?;
        directories(manager).await?;
        keys(manager).await?;
        create(
            manager,
            Table::create()
                .table("idempotency_keys")
                .col(text("key").primary_key())
                .col(text("request_hash"))
                .col(integer("status"))
                .col(text("body"))
                .col(big_integer("created_at")),
        )
        .await?;
        manager
            .create_index(index("idempotency_keys_created", "idempotency_keys", &["created_at"]))
            .await
    }
}

async fn organizations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("organizations")
            .col(uuid("id").primary_key())
            .col(text("name"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at")),
    )
    .await?;
    create(
        manager,
        Table::create()
            .table("organization_domains")
            .col(text("domain").primary_key())
            .col(uuid("organization_id"))
            .col(integer("position"))
            .foreign_key(&mut owned_by("organization_id", "organizations")),
    )
    .await?;
    let columns = ["organization_id", "position"];
    manager
        .create_index(index(
            "organization_domains_organization",
            "organization_domains",
            &columns,
        ))
        .await
}

async fn directories(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("directories")
            .col(uuid("id").primary_key())
            .col(uuid("organization_id"))
            .col(text("name"))
            .col(text("provider"))
            .col(
                text("state")
                    .default("active")
                    .check(Expr::col("state").is_in(["active", "paused"])),
            )
            .col(text("settings").default("{}"))
            .col(big_integer_null("last_request_at"))
            .col(text_null("last_error"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(&mut owned_by("organization_id", "organizations")),
    )
    .await?;
    let columns = ["organization_id", "created_at", "id"];
    manager
        .create_index(index("directories_organization", "directories", &columns))
        .await?;
    manager
        .create_index(index("directories_created", "directories", &["created_at", "id"]))
        .await
}

async fn keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("directory_keys")
            .col(uuid("id").primary_key())
            .col(uuid("directory_id"))
            .col(text("name"))
            .col(text_null("description"))
            .col(blob("token_hash"))
            .col(blob_null("sealed_token"))
            .col(big_integer_null("expires_at"))
            .col(big_integer_null("revoked_at"))
            .col(big_integer_null("last_used_at"))
            .col(big_integer("created_at"))
            .foreign_key(&mut owned_by("directory_id", "directories")),
    )
    .await?;
    let columns = ["directory_id", "created_at", "id"];
    manager
        .create_index(index("directory_keys_directory", "directory_keys", &columns))
        .await?;
    create(
        manager,
        Table::create()
            .table("admin_keys")
            .col(uuid("id").primary_key())
            .col(text("name"))
            .col(blob("token_hash"))
            .col(big_integer("created_at"))
            .col(big_integer_null("last_used_at")),
    )
    .await
}
