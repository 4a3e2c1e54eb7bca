//! Indexes in the orders in which is read.

use super::table::{dialect, drop_index, index, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Active users in the order of lists; those who are not are found by it too.
        drop_index(manager, "users_active").await?;
        let columns = ["directory_id", "active", "created_at", "id"];
        manager.create_index(index("users_active", "users", &columns)).await?;
        // Snapshots go through a directory in the order of ids.
        for (name, table) in [("users_in_order", "users"), ("groups_in_order", "groups")] {
            manager
                .create_index(index(name, table, &["directory_id", "id"]))
                .await?;
        }
        // The log of an organization is read in commit order.
        if dialect(manager) == Dialect::Postgres {
            drop_index(manager, "events_organization").await?;
            let columns = ["organization_id", "tx", "position"];
            manager
                .create_index(index("events_organization", "events", &columns))
                .await?;
        }
        // Whether somebody was deleted, and what became of people and groups first after a moment.
        drop_index(manager, "events_type").await?;
        let columns = ["directory_id", "subject_id", "sequence"];
        manager
            .create_index(index("events_subject", "events", &columns))
            .await?;
        // Management lists go from the newest id to the oldest.
        for (name, table, parent) in [
            ("directories_organization", "directories", "organization_id"),
            ("directory_keys_directory", "directory_keys", "directory_id"),
            ("oauth_clients_directory", "oauth_clients", "directory_id"),
        ] {
            drop_index(manager, name).await?;
            manager.create_index(index(name, table, &[parent, "id"])).await?;
        }
        // The few directories that are being indexed. Raw: statements that look for them have the same text.
        let indexing = match dialect(manager) {
            Dialect::Postgres => {
                "CREATE INDEX directories_indexing ON directories (id) WHERE strpos(settings, '\"indexing\":') > 0"
            }
            Dialect::Sqlite => {
                "CREATE INDEX directories_indexing ON directories (id) WHERE instr(settings, '\"indexing\":') > 0"
            }
        };
        raw(manager, &[indexing]).await
    }
}
