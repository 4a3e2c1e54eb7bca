//! People in the portal: who of them may enter the console, by which session somebody is in it, what they do in the audit log,
//! and what came of the last test of a connection.

use super::table::{add_column, create, index, owned_by};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, text, text_null, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "connections", &mut text_null("last_test")).await?;
        create(
            manager,
            Table::create()
                .table("console_access")
                .col(uuid("connection_id").primary_key())
                .col(text("roles"))
                .col(text("user_ids"))
                .col(text("scopes"))
                .col(boolean("covers_all"))
                .col(big_integer("created_at"))
                .col(big_integer("updated_at"))
                .foreign_key(&mut owned_by("connection_id", "connections")),
        )
        .await?;
        // SQLite adds a reference only together with its column.
        let mut session = uuid_null("sso_session_id");
        session.extra("REFERENCES sso_sessions (id) ON DELETE CASCADE");
        add_column(manager, "portal_sessions", &mut session).await?;
        let of_session = index("portal_sessions_sso", "portal_sessions", &["sso_session_id"]);
        manager.create_index(of_session).await?;
        actors(manager).await
    }
}

/// A person acts, too. SQLite changes no check of a column, so the column is made again.
async fn actors(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let kinds = ["key", "portal_link", "configured", "system", "stranger", "person"];
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
