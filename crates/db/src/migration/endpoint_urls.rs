//! URLs of endpoints are sealed, as their headers are: receivers put secrets there. What earlier versions wrote is sealed by
//! the dispatcher when it starts, since only the programs have the key; `url` is empty from then on. Triggers that count
//! changes of endpoints go on watching it: a change of a URL writes both.

use super::table::{add_column, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob_null, text};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "endpoints", &mut blob_null("sealed_url")).await?;
        // What lists show of it.
        add_column(manager, "endpoints", text("url_origin").default("")).await?;
        add_column(manager, "endpoints", big_integer("url_path_length").default(0)).await?;
        // What is left to be sealed; empty soon, and for good.
        let unsealed = index("endpoints_unsealed", "endpoints", &["id"])
            .and_where(Expr::col("sealed_url").is_null())
            .take();
        manager.create_index(unsealed).await
    }
}
