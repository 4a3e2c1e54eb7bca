//! Events about memberships are found by the user that they name: for the history of one person.

use super::table::{dialect, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Raw: no builder makes an index over an expression, and statements that search by it have the same one.
        let index = match dialect(manager) {
            Dialect::Postgres => {
                "CREATE INDEX events_member ON events (directory_id, (body::json #>> '{data,user,id}'), sequence) \
                 WHERE type IN ('group.member_added', 'group.member_removed')"
            }
            Dialect::Sqlite => {
                "CREATE INDEX events_member ON events (directory_id, body ->> '$.data.user.id', sequence) \
                 WHERE type IN ('group.member_added', 'group.member_removed')"
            }
        };
        raw(manager, &[index]).await
    }
}
