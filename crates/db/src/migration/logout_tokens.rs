//! Endpoints that are an app's: where the app is told that sessions of single sign-on ended.

use super::table::{add_column, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid_null;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds a reference only together with its column.
        let mut owner = uuid_null("sso_client_id");
        owner.extra("REFERENCES sso_clients (id) ON DELETE CASCADE");
        add_column(manager, "endpoints", &mut owner).await?;
        let of_app = index("endpoints_sso_client", "endpoints", &["sso_client_id"]);
        manager.create_index(of_app.clone().unique().take()).await
    }
}
