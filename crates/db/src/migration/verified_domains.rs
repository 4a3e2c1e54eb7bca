//! When an organization proved that a domain is its own.

use super::table::add_column;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "organization_domains", &mut big_integer_null("verified_at")).await
    }
}
