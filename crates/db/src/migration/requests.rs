//! The requests of identity providers, the cycles that they form, and when a directory was in contact.

use super::table::{create, create_clustered, index, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, integer_null, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        requests(manager).await?;
        cycles(manager).await?;
        contacts(manager).await
    }
}

/// Ids are in the order of time, and a directory's newest requests stand at the end of one index.
async fn requests(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("request_log")
            .col(uuid("id").primary_key())
            .col(uuid("directory_id"))
            .col(uuid_null("cycle_id"))
            .col(big_integer("at"))
            .col(text("method"))
            .col(text("path"))
            .col(text_null("query"))
            .col(integer("status"))
            .col(text_null("scim_type"))
            .col(text_null("detail"))
            .col(integer("duration_us"))
            .col(text_null("trace_id"))
            .col(text_null("user_agent"))
            .col(text_null("dialect"))
            .col(text("leniencies"))
            .col(text("left_out"))
            .col(text_null("request_body"))
            .col(integer_null("request_size"))
            .col(boolean("request_cut"))
            .col(text_null("response_body"))
            .col(integer_null("response_size"))
            .col(boolean("response_cut"))
            .col(integer("bytes"))
            .foreign_key(&mut owned_by("directory_id", "directories")),
    )
    .await?;
    let columns = ["directory_id", "id"];
    manager
        .create_index(index("request_log_directory", "request_log", &columns))
        .await
}

/// The counts of a cycle are one JSON text: nobody searches by them.
async fn cycles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("sync_cycles")
            .col(uuid("id").primary_key())
            .col(uuid("directory_id"))
            .col(text_null("kind"))
            .col(big_integer("started_at"))
            .col(big_integer("last_at"))
            .col(big_integer("over_at"))
            .col(text("counts"))
            .col(big_integer_null("closed_at"))
            .foreign_key(&mut owned_by("directory_id", "directories")),
    )
    .await?;
    let columns = ["directory_id", "id"];
    manager
        .create_index(index("sync_cycles_directory", "sync_cycles", &columns))
        .await?;
    // Those that are open: few, whatever is stored.
    let open = index("sync_cycles_open", "sync_cycles", &["over_at"])
        .and_where(Expr::col("closed_at").is_null())
        .take();
    manager.create_index(open).await
}

async fn contacts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_clustered(
        manager,
        Table::create()
            .table("directory_contacts")
            .col(uuid("directory_id").primary_key())
            .col(uuid_null("cycle_id"))
            .col(big_integer_null("last_at"))
            .col(big_integer_null("good_at"))
            .col(big_integer_null("users_at"))
            .col(big_integer_null("groups_at"))
            .col(big_integer_null("initial_at"))
            .col(big_integer_null("regular_at"))
            .col(big_integer_null("on_demand_at"))
            .col(big_integer_null("cadence_ms"))
            .col(big_integer_null("silent_at"))
            .col(big_integer_null("silenced_at"))
            .col(big_integer_null("key_ended_at"))
            .col(big_integer_null("key_seen_at"))
            .col(big_integer("strangers"))
            .col(big_integer_null("stranger_at"))
            .col(text_null("dialect"))
            .col(big_integer("log_rows"))
            .col(big_integer("log_bytes"))
            .foreign_key(&mut owned_by("directory_id", "directories")),
    )
    .await?;
    // Those whose silence is to be announced when its time comes.
    let due = index("directory_contacts_silent", "directory_contacts", &["silent_at"])
        .and_where(Expr::col("silenced_at").is_null())
        .take();
    manager.create_index(due).await
}
