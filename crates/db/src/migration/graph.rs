//! Directories that are pulled from Microsoft Graph: how, with what credentials, how far, and what is known of each object and
//! membership there.

use super::table::{create, create_clustered, index, key, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob_null, boolean, integer, small_integer, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        pulls(manager).await?;
        credentials(manager).await?;
        create(
            manager,
            Table::create()
                .table("graph_cursors")
                .col(uuid("directory_id"))
                .col(text("collection"))
                .col(big_integer("generation"))
                .col(big_integer("round"))
                .col(boolean("is_full"))
                .col(text("link"))
                .col(boolean("is_complete"))
                .col(big_integer("pages"))
                .col(big_integer("seen"))
                .col(big_integer("known"))
                .col(big_integer("began_at"))
                .col(big_integer("updated_at"))
                .primary_key(&mut key(&["directory_id", "collection"]))
                .foreign_key(&mut of_pull()),
        )
        .await?;
        objects(manager).await?;
        members(manager).await?;
        create(
            manager,
            Table::create()
                .table("graph_rounds")
                .col(uuid("id").primary_key())
                .col(uuid("directory_id"))
                .col(boolean("is_full"))
                .col(big_integer("began_at"))
                .col(big_integer("ended_at"))
                .col(text("outcome"))
                .col(text("counts"))
                .col(text_null("error"))
                .foreign_key(&mut of_pull()),
        )
        .await?;
        let of_directory = ["directory_id", "id"];
        manager
            .create_index(index("graph_rounds_directory", "graph_rounds", &of_directory))
            .await?;
        manager
            .create_index(index("graph_rounds_ended", "graph_rounds", &["ended_at"]))
            .await
    }
}

/// What goes when its directory is no longer pulled.
fn of_pull() -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from_col("directory_id")
        .to("graph_pulls", "directory_id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

async fn pulls(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("graph_pulls")
            .col(uuid("directory_id").primary_key())
            .col(uuid("organization_id"))
            .col(text("state"))
            .col(text("mode"))
            .col(text("cloud"))
            .col(uuid_null("tenant_id"))
            .col(uuid_null("client_id"))
            .col(text("settings"))
            .col(big_integer("generation"))
            .col(big_integer("due_at"))
            .col(text_null("holder"))
            .col(big_integer("epoch"))
            .col(big_integer_null("held_until"))
            .col(text_null("progress"))
            .col(text_null("last_error"))
            .col(big_integer_null("failing_since"))
            .col(integer("failures"))
            .col(big_integer_null("brake_released_at"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(&mut owned_by("directory_id", "directories"))
            .foreign_key(&mut owned_by("organization_id", "organizations")),
    )
    .await?;
    let of_organization = ["organization_id", "directory_id"];
    manager
        .create_index(index("graph_pulls_organization", "graph_pulls", &of_organization))
        .await?;
    let due = index("graph_pulls_due", "graph_pulls", &["due_at", "directory_id"])
        .and_where(Expr::col("state").is_in(["active", "failing"]))
        .take();
    manager.create_index(due).await
}

async fn credentials(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("graph_credentials")
            .col(uuid("id").primary_key())
            .col(uuid("directory_id"))
            .col(text("kind"))
            .col(text("state"))
            .col(blob_null("sealed_secret"))
            .col(blob_null("sealed_private_key"))
            .col(blob_null("certificate"))
            .col(text("hint"))
            .col(text("assertion_form"))
            .col(big_integer_null("expires_at"))
            .col(big_integer("created_at"))
            .col(big_integer_null("proved_at"))
            .col(big_integer_null("retires_at"))
            .foreign_key(&mut of_pull()),
    )
    .await?;
    let of_directory = ["directory_id", "id"];
    manager
        .create_index(index("graph_credentials_directory", "graph_credentials", &of_directory))
        .await?;
    let active = index("graph_credentials_active", "graph_credentials", &["directory_id"])
        .unique()
        .and_where(Expr::col("state").eq("active"))
        .take();
    manager.create_index(active).await?;
    let retiring = index("graph_credentials_retires", "graph_credentials", &["retires_at"])
        .and_where(Expr::col("retires_at").is_not_null())
        .take();
    manager.create_index(retiring).await
}

async fn objects(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_clustered(
        manager,
        Table::create()
            .table("graph_objects")
            .col(uuid("directory_id"))
            .col(uuid("object_id"))
            .col(small_integer("kind"))
            .col(uuid_null("resource_id"))
            .col(text_null("name"))
            .col(text_null("kept"))
            .col(big_integer("round"))
            .col(text_null("skipped"))
            .col(text_null("removed"))
            .col(big_integer_null("removed_at"))
            .col(uuid_null("manager_object_id"))
            .col(boolean("is_manager_applied"))
            .primary_key(&mut key(&["directory_id", "object_id"]))
            .foreign_key(&mut of_pull()),
    )
    .await?;
    let waits = || Expr::col("is_manager_applied").not();
    for (name, columns, condition) in [
        (
            "graph_objects_resource",
            &["directory_id", "resource_id"][..],
            Expr::col("resource_id").is_not_null(),
        ),
        (
            "graph_objects_round",
            &["directory_id", "kind", "round", "object_id"],
            Expr::col("removed").is_null(),
        ),
        (
            "graph_objects_skipped",
            &["directory_id", "skipped", "object_id"],
            Expr::col("skipped").is_not_null(),
        ),
        ("graph_objects_waiting", &["directory_id", "object_id"], waits()),
        (
            "graph_objects_manager",
            &["directory_id", "manager_object_id", "object_id"],
            waits(),
        ),
        (
            "graph_objects_removed",
            &["directory_id", "removed_at"],
            Expr::col("removed_at").is_not_null(),
        ),
    ] {
        let made = index(name, "graph_objects", columns).and_where(condition).take();
        manager.create_index(made).await?;
    }
    Ok(())
}

async fn members(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_clustered(
        manager,
        Table::create()
            .table("graph_members")
            .col(uuid("directory_id"))
            .col(uuid("group_object_id"))
            .col(uuid("member_object_id"))
            .col(small_integer("member_kind"))
            .col(big_integer("round"))
            .col(boolean("is_member"))
            .col(boolean("is_applied"))
            .primary_key(&mut key(&["directory_id", "group_object_id", "member_object_id"]))
            .foreign_key(&mut of_pull()),
    )
    .await?;
    let of_member = ["directory_id", "member_object_id", "group_object_id"];
    manager
        .create_index(index("graph_members_member", "graph_members", &of_member))
        .await?;
    for (name, columns, condition) in [
        (
            "graph_members_waiting",
            &["directory_id", "group_object_id", "member_object_id"][..],
            Expr::col("is_applied").not(),
        ),
        (
            "graph_members_round",
            &["directory_id", "round", "group_object_id", "member_object_id"],
            Expr::col("is_member"),
        ),
    ] {
        let made = index(name, "graph_members", columns).and_where(condition).take();
        manager.create_index(made).await?;
    }
    Ok(())
}
