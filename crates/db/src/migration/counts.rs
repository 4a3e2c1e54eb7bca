//! How many users and groups each directory holds, so that no list has to count them.

use super::table::{create, raw};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("directory_counts")
                .col(uuid("directory_id").primary_key())
                .col(big_integer("users").default(0))
                .col(big_integer("active_users").default(0))
                .col(big_integer("groups").default(0)),
        )
        .await?;
        raw(manager, &[BACKFILL]).await
    }
}

/// Counts what is there already. Raw: it moves data.
pub(super) const BACKFILL: &str = "INSERT INTO directory_counts (directory_id, users, active_users, groups)
         SELECT d.id, COALESCE(u.users, 0), COALESCE(u.active_users, 0), COALESCE(g.groups, 0) FROM directories d
         LEFT JOIN (SELECT directory_id, COUNT(*) AS users, COUNT(*) FILTER (WHERE active) AS active_users
                    FROM users GROUP BY directory_id) u ON u.directory_id = d.id
         LEFT JOIN (SELECT directory_id, COUNT(*) AS groups FROM groups GROUP BY directory_id) g
                   ON g.directory_id = d.id";
