//! Where a directory and its tenant differ, as the last comparison found.

use super::table::{create, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, small_integer, text, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("graph_drift")
                .col(uuid("id").primary_key())
                .col(uuid("directory_id"))
                .col(small_integer("kind"))
                .col(text("difference"))
                .col(uuid_null("object_id"))
                .col(uuid_null("resource_id"))
                .col(text("fields"))
                .col(big_integer("found_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from_col("directory_id")
                        .to("graph_pulls", "directory_id")
                        .on_delete(ForeignKeyAction::Cascade),
                ),
        )
        .await?;
        manager
            .create_index(index("graph_drift_directory", "graph_drift", &["directory_id", "id"]))
            .await
    }
}
