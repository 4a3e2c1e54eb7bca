//! Links that IT administrators of customers open: of a link only the hash of its token is kept.

use super::table::{create, index, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, text, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("portal_links")
                .col(uuid("id").primary_key())
                .col(uuid("organization_id"))
                .col(uuid_null("directory_id"))
                .col(text("features"))
                .col(blob("token_hash"))
                .col(big_integer("expires_at"))
                .col(big_integer("created_at"))
                .foreign_key(&mut owned_by("organization_id", "organizations"))
                .foreign_key(&mut owned_by("directory_id", "directories")),
        )
        .await?;
        manager
            .create_index(index(
                "portal_links_organization",
                "portal_links",
                &["organization_id", "id"],
            ))
            .await?;
        // They go with their directory.
        manager
            .create_index(index("portal_links_directory", "portal_links", &["directory_id"]))
            .await
    }
}
