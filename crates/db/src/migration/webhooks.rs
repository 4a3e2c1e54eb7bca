//! Endpoints and what was sent to them.

use super::table::{create, index, key, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, boolean, integer, integer_null, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        endpoints(manager).await?;
        deliveries(manager).await?;
        create(
            manager,
            Table::create()
                .table("attempts")
                .col(uuid("id").primary_key())
                .col(uuid("delivery_id"))
                .col(uuid("endpoint_id"))
                .col(integer("number"))
                .col(big_integer("started_at"))
                .col(integer("duration_ms"))
                .col(integer_null("status"))
                .col(text_null("error"))
                .col(text_null("response_head"))
                .col(text_null("trace_id"))
                .foreign_key(&mut owned_by("delivery_id", "deliveries")),
        )
        .await?;
        manager
            .create_index(index("attempts_delivery", "attempts", &["delivery_id"]))
            .await
    }
}

async fn endpoints(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("endpoints")
            .col(uuid("id").primary_key())
            .col(text("url"))
            .col(text_null("description"))
            .col(text_null("event_types"))
            .col(text_null("directory_ids"))
            .col(blob_null("sealed_headers"))
            .col(blob("sealed_secret"))
            .col(blob_null("sealed_previous_secret"))
            .col(big_integer_null("previous_secret_until"))
            .col(boolean("ordered"))
            .col(integer_null("rate_limit"))
            .col(
                text("state")
                    .default("enabled")
                    .check(Expr::col("state").is_in(["enabled", "disabled"])),
            )
            .col(text_null("disabled_reason"))
            .col(big_integer_null("failing_since"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at")),
    )
    .await?;
    manager
        .create_index(index("endpoints_created", "endpoints", &["created_at", "id"]))
        .await
}

async fn deliveries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("deliveries")
            .col(uuid("id").primary_key())
            .col(uuid("endpoint_id"))
            .col(uuid("event_id"))
            .col(uuid("directory_id"))
            .col(uuid_null("subject_id"))
            .col(big_integer("sequence"))
            .col(text("event_type"))
            .col(text("state"))
            .col(integer("attempts").default(0))
            .col(big_integer("next_at"))
            .col(text_null("lease_owner"))
            .col(big_integer_null("leased_until"))
            .col(integer_null("last_status"))
            .col(text_null("last_error"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .col(big_integer_null("delivered_at"))
            .index(key(&["endpoint_id", "event_id"]).name("deliveries_once").unique())
            .foreign_key(&mut owned_by("endpoint_id", "endpoints")),
    )
    .await?;
    let (open, troubled) = (
        ["pending", "leased", "scheduled"],
        ["scheduled", "exhausted", "cancelled"],
    );
    let of_states =
        |index: &mut IndexCreateStatement, states: [&str; 3]| index.and_where(Expr::col("state").is_in(states)).take();
    // What is due, endpoint by endpoint, so that a backlog of one costs the others nothing.
    let due = &mut index("deliveries_open", "deliveries", &["endpoint_id", "next_at", "id"]);
    manager.create_index(of_states(due, open)).await?;
    // What an ordered endpoint's delivery waits for.
    let order = &mut index(
        "deliveries_order",
        "deliveries",
        &["endpoint_id", "subject_id", "sequence"],
    );
    manager.create_index(of_states(order, open)).await?;
    manager
        .create_index(index("deliveries_endpoint", "deliveries", &["endpoint_id", "id"]))
        .await?;
    // Lists of the states that are rare and looked for; the common ones are found near the end of the table.
    let rare = &mut index("deliveries_troubled", "deliveries", &["state", "id"]);
    manager.create_index(of_states(rare, troubled)).await
}
