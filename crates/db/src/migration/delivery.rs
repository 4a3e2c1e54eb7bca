//! Deliveries that are held, superseded and fenced, and what a successful attempt leaves behind.

use super::table::{add_column, dialect, drop_index, index};
use crate::Dialect;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, integer_null, text_null, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "endpoints", boolean("coalesce_updates").default(false)).await?;
        add_column(manager, "endpoints", &mut big_integer_null("disabled_at")).await?;
        // Of what is held, everything made up to this time is skipped.
        add_column(manager, "endpoints", &mut big_integer_null("skip_until")).await?;
        // Counts the leases: a result is taken from the last one only.
        add_column(manager, "deliveries", big_integer("token").default(0)).await?;
        add_column(manager, "deliveries", &mut text_null("reason")).await?;
        // The attempt that succeeded is kept here, so that the common delivery costs no second row.
        add_column(manager, "deliveries", &mut uuid_null("attempt_id")).await?;
        add_column(manager, "deliveries", &mut big_integer_null("started_at")).await?;
        add_column(manager, "deliveries", &mut integer_null("duration_ms")).await?;
        add_column(manager, "deliveries", &mut text_null("response_head")).await?;
        add_column(manager, "deliveries", &mut text_null("trace_id")).await?;
        // Held deliveries wait in line, too.
        drop_index(manager, "deliveries_order").await?;
        let in_line = Expr::col("state").is_in(["pending", "leased", "scheduled", "held"]);
        let columns = ["endpoint_id", "subject_id", "sequence"];
        manager
            .create_index(
                index("deliveries_line", "deliveries", &columns)
                    .and_where(in_line)
                    .take(),
            )
            .await?;
        let held = index("deliveries_held", "deliveries", &["endpoint_id", "id"])
            .and_where(Expr::col("state").eq("held"))
            .take();
        manager.create_index(held).await?;
        // Inserting looks at the endpoint anyway; a second look for each row costs as much as an index.
        if dialect(manager) == Dialect::Postgres {
            let key = Table::alter()
                .table("deliveries")
                .drop_foreign_key("deliveries_endpoint_id_fkey")
                .take();
            manager.alter_table(key).await?;
        }
        Ok(())
    }
}
