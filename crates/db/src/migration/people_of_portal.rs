//! People in the portal: what came of the last test of a connection.

use super::table::add_column;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "connections", &mut text_null("last_test")).await
    }
}
