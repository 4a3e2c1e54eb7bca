//! Every user has `active`: earlier versions took it away where a client removed it, which meant inactive. Its place in the
//! text is the first, so that the text needs not be taken apart.

use super::table::{dialect, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        raw(manager, statements(dialect(manager))).await
    }
}

/// Raw: they move data, by functions for JSON of each database.
pub(super) const fn statements(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &[
            "UPDATE users SET resource = '{\"active\":false,' || substr(resource, 2),
             search = jsonb_set(search, '{active}', 'false') WHERE NOT active AND NOT jsonb_exists(search, 'active')",
            "UPDATE users_base SET resource = '{\"active\":false,' || substr(resource, 2),
             search = jsonb_set(search, '{active}', 'false') WHERE NOT active AND NOT jsonb_exists(search, 'active')",
        ],
        Dialect::Sqlite => &[
            "UPDATE users SET resource = '{\"active\":false,' || substr(resource, 2),
             search = json_set(search, '$.active', json('false'))
             WHERE NOT active AND json_type(search, '$.active') IS NULL",
            "UPDATE users_base SET resource = '{\"active\":false,' || substr(resource, 2),
             search = json_set(search, '$.active', json('false'))
             WHERE NOT active AND json_type(search, '$.active') IS NULL",
        ],
    }
}
