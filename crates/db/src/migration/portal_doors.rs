//! What the holder of a link may do with endpoints, and in whose name the pages of a link are.

use super::table::add_column;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{blob_null, text, text_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Links that are there open no endpoints.
        add_column(manager, "portal_links", text("capabilities").default("")).await?;
        for column in ["return_url", "brand_name", "brand_colour", "logo_kind"] {
            add_column(manager, "portal_links", &mut text_null(column)).await?;
        }
        add_column(manager, "portal_links", &mut blob_null("logo")).await
    }
}
