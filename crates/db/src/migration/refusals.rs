//! Who was refused last without having proved who they are, beside the directories: strangers can bring that about.

use super::table::{create_clustered, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_clustered(
            manager,
            Table::create()
                .table("directory_refusals")
                .col(uuid("directory_id").primary_key())
                .col(big_integer("refused_at"))
                .col(text("reason"))
                .foreign_key(&mut owned_by("directory_id", "directories")),
        )
        .await
    }
}
