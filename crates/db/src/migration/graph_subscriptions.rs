//! Subscriptions of changes at Microsoft Graph.

use super::table::{create, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, text, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("graph_subscriptions")
                .col(uuid("id").primary_key())
                .col(uuid("directory_id"))
                .col(text("collection"))
                .col(uuid_null("subscription_id"))
                .col(blob("state_hash"))
                .col(big_integer("expires_at"))
                .col(big_integer("renew_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from_col("directory_id")
                        .to("graph_pulls", "directory_id")
                        .on_delete(ForeignKeyAction::Cascade),
                ),
        )
        .await?;
        let of_collection = ["directory_id", "collection"];
        manager
            .create_index(
                index("graph_subscriptions_collection", "graph_subscriptions", &of_collection)
                    .unique()
                    .take(),
            )
            .await
    }
}
