//! The trace that a login began in, so that what follows from it is found from there.

use super::table::add_column;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sso_logins", "sso_sessions"] {
            add_column(manager, table, &mut text_null("traceparent")).await?;
        }
        Ok(())
    }
}
