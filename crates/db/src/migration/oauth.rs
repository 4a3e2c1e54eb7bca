//! Credentials of identity providers that do not carry a long-lived token: OAuth clients and federations.

use super::table::{create, index, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, text, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("oauth_clients")
                .col(uuid("id").primary_key())
                .col(uuid("directory_id"))
                .col(text("name"))
                .col(blob("secret_hash"))
                .col(big_integer_null("expires_at"))
                .col(big_integer_null("revoked_at"))
                .col(big_integer_null("last_used_at"))
                .col(big_integer("created_at"))
                .foreign_key(&mut owned_by("directory_id", "directories")),
        )
        .await?;
        let columns = ["directory_id", "created_at", "id"];
        manager
            .create_index(index("oauth_clients_directory", "oauth_clients", &columns))
            .await?;
        create(
            manager,
            Table::create()
                .table("directory_federations")
                .col(uuid("directory_id").primary_key())
                .col(uuid("tenant_id"))
                .col(text("audience"))
                .col(text("subject"))
                .col(big_integer("created_at"))
                .col(big_integer("updated_at"))
                .foreign_key(&mut owned_by("directory_id", "directories")),
        )
        .await
    }
}
