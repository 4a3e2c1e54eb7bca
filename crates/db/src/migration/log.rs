//! Commands settled, lanes held, and the event log, which is also the outbox.

use super::table::{create, dialect, index, key, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, small_integer, text, text_null, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("sequences")
                .col(uuid("directory_id").primary_key())
                .col(integer("lane"))
                .col(big_integer("last").default(0))
                .col(big_integer("published").default(0)),
        )
        .await?;
        let is_behind = Expr::col("last").gt(Expr::col("published"));
        manager
            .create_index(
                index("sequences_unpublished", "sequences", &["lane"])
                    .and_where(is_behind)
                    .take(),
            )
            .await?;
        events(manager).await?;
        create(
            manager,
            Table::create()
                .table("lanes")
                .col(integer("id"))
                .col(text("role"))
                .col(big_integer("epoch"))
                .col(text("owner"))
                .col(big_integer("updated_at"))
                .primary_key(&mut key(&["id", "role"])),
        )
        .await?;
        create(
            manager,
            Table::create()
                .table("inbox")
                .col(uuid("command_id").primary_key())
                .col(small_integer("status"))
                .col(text_null("result"))
                .col(big_integer("created_at")),
        )
        .await?;
        manager
            .create_index(index("inbox_created", "inbox", &["created_at"]))
            .await
    }
}

async fn events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("events")
            .col(position(dialect(manager)))
            .col(uuid("id").unique_key())
            .col(uuid("directory_id"))
            .col(uuid("organization_id"))
            .col(big_integer("sequence"))
            .col(text("type"))
            .col(uuid_null("subject_id"))
            .col(text("body"))
            .col(text_null("traceparent"))
            .col(big_integer("created_at"))
            .index(key(&["directory_id", "sequence"]).unique()),
    )
    .await?;
    if dialect(manager) == Dialect::Postgres {
        // The transaction that wrote the row: readers of the whole log stop before the oldest one still open. No builder
        // knows the type.
        raw(
            manager,
            &["ALTER TABLE events ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id()"],
        )
        .await?;
        manager
            .create_index(index("events_commit_order", "events", &["tx", "position"]))
            .await?;
    }
    manager
        .create_index(index("events_type", "events", &["directory_id", "type"]))
        .await?;
    manager
        .create_index(index("events_organization", "events", &["organization_id", "position"]))
        .await
}

/// A growing number that nobody else may set.
fn position(dialect: Dialect) -> ColumnDef {
    let mut position = ColumnDef::new("position");
    match dialect {
        Dialect::Postgres => position.custom("bigint GENERATED ALWAYS AS IDENTITY").primary_key(),
        Dialect::Sqlite => position.big_integer().primary_key().auto_increment(),
    };
    position
}
