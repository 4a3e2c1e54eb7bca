//! The mass-change brake: how many active users went, by directory and minute, and who is held or let through.

use super::table::{add_column, create_clustered, index, key, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A minute is the number of minutes since the epoch.
        create_clustered(
            manager,
            Table::create()
                .table("directory_removals")
                .col(uuid("directory_id"))
                .col(big_integer("minute"))
                .col(big_integer("removed"))
                .primary_key(&mut key(&["directory_id", "minute"]))
                .foreign_key(&mut owned_by("directory_id", "directories")),
        )
        .await?;
        manager
            .create_index(index("directory_removals_minute", "directory_removals", &["minute"]))
            .await?;
        // A directory is held while it has the first: whether it is also paused is another matter.
        add_column(manager, "directories", &mut big_integer_null("held_at")).await?;
        add_column(manager, "directories", &mut big_integer_null("released_until")).await
    }
}
