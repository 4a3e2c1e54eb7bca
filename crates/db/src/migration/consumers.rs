//! What consumers of webhooks choose: signatures, filters, certificates, where their stream begins; and persons erased.

use super::table::{add_column, create, create_clustered, index, key, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob_null, boolean, integer, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ways = Expr::col("signing").is_in(["v1", "v1a"]);
        add_column(manager, "endpoints", text("signing").default("v1").check(ways)).await?;
        add_column(manager, "endpoints", &mut text_null("public_key")).await?;
        add_column(manager, "endpoints", &mut text_null("previous_public_key")).await?;
        add_column(manager, "endpoints", &mut text_null("organization_ids")).await?;
        add_column(manager, "endpoints", &mut text_null("fields")).await?;
        add_column(manager, "endpoints", &mut text_null("filter")).await?;
        add_column(manager, "endpoints", &mut blob_null("sealed_client_identity")).await?;
        add_column(manager, "endpoints", &mut text_null("client_thumbprint")).await?;
        add_column(manager, "endpoints", &mut big_integer_null("client_expires_at")).await?;
        // While one of its directories is not caught up; see catch_ups.
        add_column(manager, "endpoints", boolean("catching_up").default(false)).await?;
        delivery_bodies(manager).await?;
        catch_ups(manager).await?;
        erasures(manager).await
    }
}

/// Bodies that differ from that of the event in the log: of what was filtered, and of what is not in the log.
async fn delivery_bodies(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("delivery_bodies")
            .col(uuid("delivery_id").primary_key())
            .col(uuid("directory_id"))
            .col(text("body"))
            .foreign_key(&mut owned_by("delivery_id", "deliveries")),
    )
    .await?;
    let columns = ["directory_id", "delivery_id"];
    manager
        .create_index(index("delivery_bodies_directory", "delivery_bodies", &columns))
        .await
}

/// How far an endpoint is with a directory whose past it asked for. A row that is not done keeps live events of the
/// directory from the endpoint.
async fn catch_ups(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let phases = ["start", "users", "groups", "members", "completed", "log", "done"];
    create_clustered(
        manager,
        Table::create()
            .table("catch_ups")
            .col(uuid("endpoint_id"))
            .col(uuid("directory_id"))
            .col(text("phase").check(Expr::col("phase").is_in(phases)))
            .col(big_integer("sequence").default(0))
            .col(big_integer("snapshot_at").default(0))
            .col(uuid_null("after_id"))
            .col(uuid_null("after_member"))
            .col(big_integer("users").default(0))
            .col(big_integer("groups").default(0))
            .col(big_integer("members").default(0))
            .col(big_integer("updated_at"))
            .primary_key(&mut key(&["endpoint_id", "directory_id"]))
            .foreign_key(&mut owned_by("endpoint_id", "endpoints")),
    )
    .await?;
    let open = index("catch_ups_open", "catch_ups", &["endpoint_id", "directory_id"])
        .and_where(Expr::col("phase").ne("done"))
        .take();
    manager.create_index(open).await
}

async fn erasures(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_clustered(
        manager,
        Table::create()
            .table("erasures")
            .col(uuid("directory_id"))
            .col(uuid("user_id"))
            .col(big_integer("sequence").default(0))
            .col(uuid_null("after_id"))
            .col(integer("passes").default(0))
            .col(big_integer_null("due_at"))
            .col(big_integer("created_at"))
            .primary_key(&mut key(&["directory_id", "user_id"])),
    )
    .await?;
    let due = index("erasures_due", "erasures", &["due_at"])
        .and_where(Expr::col("due_at").is_not_null())
        .take();
    manager.create_index(due).await
}
