//! The outbox cursor in a table of its own.
//!
//! Beside the counter of a log it would be moved under the row lock that the projector holds while it commits, and its
//! index made each raise of the counter touch an index.

use super::table::{create, drop_index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let id = uuid("directory_id").primary_key().take();
        create(
            manager,
            Table::create()
                .table("publications")
                .col(id)
                .col(big_integer("sequence")),
        )
        .await?;
        let cursors = Query::select()
            .columns(["directory_id", "published"])
            .from("sequences")
            .take();
        let moved = Query::insert()
            .into_table("publications")
            .columns(["directory_id", "sequence"])
            .select_from(cursors)
            .map_err(|error| DbErr::Migration(error.to_string()))?
            .take();
        manager.execute(moved).await?;
        drop_index(manager, "sequences_unpublished").await?;
        manager
            .alter_table(Table::alter().table("sequences").drop_column("published").take())
            .await
    }
}
