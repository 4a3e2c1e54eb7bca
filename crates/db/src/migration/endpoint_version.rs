//! A number that grows with every change of an endpoint that matters to sending, so that the dispatcher need not read all
//! endpoints for each batch of events to know that nothing changed. Triggers keep it for all writers: how endpoints fare is
//! written with every batch of results, and does not count.

use super::table::{create, dialect, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, small_integer};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            Table::create()
                .table("endpoint_version")
                .col(small_integer("id").primary_key().check(Expr::col("id").eq(1)))
                .col(big_integer("number")),
        )
        .await?;
        let first = Query::insert()
            .into_table("endpoint_version")
            .columns(["id", "number"])
            .values_panic([1.into(), 0.into()])
            .take();
        manager.execute(first).await?;
        raw(
            manager,
            match dialect(manager) {
                Dialect::Postgres => &TRIGGERS_OF_POSTGRES,
                Dialect::Sqlite => &TRIGGERS_OF_SQLITE,
            },
        )
        .await
    }
}

/// Raw, as all triggers are: no builder has them.
const TRIGGERS_OF_POSTGRES: [&str; 2] = [
    "CREATE FUNCTION count_endpoint_change() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; RETURN NULL; END $$",
    "CREATE TRIGGER endpoints_change AFTER INSERT OR DELETE OR UPDATE OF url, event_types, directory_ids,
     organization_ids, fields, filter, sealed_headers, sealed_secret, sealed_previous_secret, previous_secret_until,
     sealed_client_identity, signing, ordered, coalesce_updates, rate_limit, format, audience, catching_up, state
     ON endpoints FOR EACH STATEMENT EXECUTE FUNCTION count_endpoint_change()",
];

const TRIGGERS_OF_SQLITE: [&str; 3] = [
    "CREATE TRIGGER endpoints_change AFTER UPDATE OF url, event_types, directory_ids, organization_ids, fields, filter,
     sealed_headers, sealed_secret, sealed_previous_secret, previous_secret_until, sealed_client_identity, signing,
     ordered, coalesce_updates, rate_limit, format, audience, catching_up, state ON endpoints
     BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; END",
    "CREATE TRIGGER endpoints_new AFTER INSERT ON endpoints
     BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; END",
    "CREATE TRIGGER endpoints_gone AFTER DELETE ON endpoints
     BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; END",
];
