//! What an admin key may do, for whom, and until when. Keys that are there may do everything, as before.

use super::table::{add_column, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, text, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let all = "read directories endpoints admin";
        add_column(manager, "admin_keys", text("scopes").default(all)).await?;
        // SQLite adds a reference only together with its column.
        let mut owner = uuid_null("organization_id");
        owner.extra("REFERENCES organizations (id) ON DELETE CASCADE");
        add_column(manager, "admin_keys", &mut owner).await?;
        add_column(manager, "admin_keys", &mut big_integer_null("expires_at")).await?;
        let columns = ["organization_id", "id"];
        manager
            .create_index(index("admin_keys_organization", "admin_keys", &columns))
            .await
    }
}
