//! Who is logged in to the portal: of a session only the hash of its cookie is kept. What holders of links do is in the audit
//! log.

use super::table::{add_column, create, index, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, blob_null, text, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("portal_sessions")
                .col(uuid("id").primary_key())
                .col(text("kind"))
                .col(blob("token_hash"))
                .col(uuid_null("admin_key_id"))
                .col(uuid_null("portal_link_id"))
                .col(blob_null("configured_key_hash"))
                .col(big_integer("created_at"))
                .col(big_integer("last_seen_at"))
                .col(big_integer("expires_at"))
                // A session ends with what it was opened by.
                .foreign_key(&mut owned_by("admin_key_id", "admin_keys"))
                .foreign_key(&mut owned_by("portal_link_id", "portal_links")),
        )
        .await?;
        for column in ["admin_key_id", "portal_link_id", "expires_at"] {
            let name = match column {
                "admin_key_id" => "portal_sessions_key",
                "portal_link_id" => "portal_sessions_link",
                _ => "portal_sessions_expiry",
            };
            manager.create_index(index(name, "portal_sessions", &[column])).await?;
        }
        actors(manager).await
    }
}

/// The holder of a link acts, too. SQLite changes no check of a column, so the column is made again.
async fn actors(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let kinds = ["key", "portal_link", "configured", "system", "stranger"];
    let mut actor = text("actor")
        .default("system")
        .check(Expr::col("actor").is_in(kinds))
        .take();
    add_column(manager, "audit_log", &mut actor).await?;
    let copied = Query::update()
        .table("audit_log")
        .value("actor", Expr::col("actor_kind"))
        .take();
    manager.exec_stmt(copied).await?;
    manager
        .alter_table(Table::alter().table("audit_log").drop_column("actor_kind").take())
        .await?;
    let renamed = Table::alter()
        .table("audit_log")
        .rename_column("actor", "actor_kind")
        .take();
    manager.alter_table(renamed).await
}
