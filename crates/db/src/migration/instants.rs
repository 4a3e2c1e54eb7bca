//! Dates are searched in one form, in UTC, which search documents that were written before do not have: directories that
//! declare dates have their users written again for search, in portions, as after a change of schemas.

use super::table::{dialect, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        raw(manager, &[refold(dialect(manager))]).await
    }
}

/// Raw: it moves data, by functions for JSON of each database.
pub(super) const fn refold(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => REFOLD_POSTGRES,
        Dialect::Sqlite => REFOLD_SQLITE,
    }
}

const REFOLD_POSTGRES: &str =
    "UPDATE directories SET settings = jsonb_set(settings::jsonb, '{indexing}', jsonb_build_object(
    'urns', jsonb_path_query_array(settings::jsonb, '$.schemas[*].id'), 'after', NULL))::text
    WHERE settings LIKE '%\"dateTime\"%'";

const REFOLD_SQLITE: &str = "UPDATE directories SET settings = json_set(settings, '$.indexing', json_object(
    'urns', json((SELECT json_group_array(json_extract(value, '$.id')) FROM json_each(settings, '$.schemas'))), 'after', NULL))
    WHERE settings LIKE '%\"dateTime\"%'";
