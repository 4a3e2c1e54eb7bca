//! How much was done lately: by the minute over all, and by the hour for each endpoint.

use super::table::{create_clustered, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, text, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_clustered(
            manager,
            Table::create()
                .table("activity")
                .col(big_integer("minute"))
                .col(text("kind"))
                .col(integer("bucket"))
                .col(big_integer("count"))
                .primary_key(Index::create().col("minute").col("kind").col("bucket")),
        )
        .await?;
        // No foreign key: what is counted for an endpoint that was just deleted must not keep the other counts out.
        create_clustered(
            manager,
            Table::create()
                .table("endpoint_activity")
                .col(uuid("endpoint_id"))
                .col(big_integer("hour"))
                .col(big_integer("delivered"))
                .col(big_integer("failed"))
                .primary_key(Index::create().col("endpoint_id").col("hour")),
        )
        .await?;
        manager
            .create_index(index("endpoint_activity_hour", "endpoint_activity", &["hour"]))
            .await
    }
}
