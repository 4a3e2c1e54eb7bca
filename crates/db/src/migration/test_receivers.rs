//! Receivers of Rollcall's own, to see what an app would get: of the URL only the hash of its end is kept, and of what came the
//! last of a day.

use super::table::{create, index, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, integer, text, uuid};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("test_receivers")
                .col(uuid("endpoint_id").primary_key())
                .col(blob("token_hash"))
                .col(big_integer("created_at"))
                .foreign_key(&mut owned_by("endpoint_id", "endpoints")),
        )
        .await?;
        let receiver = ForeignKey::create()
            .from_col("endpoint_id")
            .to("test_receivers", "endpoint_id")
            .on_delete(ForeignKeyAction::Cascade)
            .take();
        create(
            manager,
            Table::create()
                .table("test_receipts")
                .col(uuid("id").primary_key())
                .col(uuid("endpoint_id"))
                .col(big_integer("at"))
                .col(text("headers"))
                .col(text("body"))
                .col(integer("size"))
                .foreign_key(&mut receiver.to_owned()),
        )
        .await?;
        for (name, columns) in [
            ("test_receipts_receiver", &["endpoint_id", "id"][..]),
            ("test_receipts_at", &["at"]),
        ] {
            manager.create_index(index(name, "test_receipts", columns)).await?;
        }
        Ok(())
    }
}
