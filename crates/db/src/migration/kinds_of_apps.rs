//! Where each app runs, how long ago people may have proved who they are, and when they did.

use super::table::add_column;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, text};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "sso_clients", text("application_type").default("web")).await?;
        manager.execute(native()).await?;
        add_column(manager, "sso_logins", &mut big_integer_null("max_age")).await?;
        add_column(manager, "sso_sessions", &mut big_integer_null("authenticated_at")).await
    }
}

/// An app with a redirect URI that is not https is on people's devices, which is how it was taken before. What is left of the
/// JSON array without the https ones has a scheme only if there is another one.
pub(super) fn native() -> UpdateStatement {
    let uris = Expr::col("redirect_uris");
    let others = Func::cust("replace").args([uris, Expr::val("\"https://"), Expr::val("")]);
    Query::update()
        .table("sso_clients")
        .value("application_type", "native")
        .and_where(Expr::expr(others).like("%:/%"))
        .to_owned()
}
