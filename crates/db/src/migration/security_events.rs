//! Endpoints that are sent Security Event Tokens (RFC 8417) instead of Standard Webhooks.

use super::table::add_column;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text, text_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "endpoints", text("format").default("standard")).await?;
        // A JSON array of texts; none means the endpoint's URL.
        add_column(manager, "endpoints", &mut text_null("audience")).await
    }
}
