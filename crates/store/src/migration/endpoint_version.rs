//! A number that grows with every change of an endpoint that matters to sending, so that the dispatcher need not read all
//! endpoints for each batch of events to know that nothing changed. Triggers keep it, whoever writes: how endpoints fare is
//! written with every batch of results, and does not count.

use super::ddl::Ddl::{self, Both, Postgres, Sqlite};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both("CREATE TABLE endpoint_version (id SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1), number BIGINT NOT NULL) STRICT"),
    Both("INSERT INTO endpoint_version (id, number) VALUES (1, 0)"),
    Postgres(
        "CREATE FUNCTION count_endpoint_change() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; RETURN NULL; END $$",
    ),
    Postgres(
        "CREATE TRIGGER endpoints_change AFTER INSERT OR DELETE OR UPDATE OF url, event_types, directory_ids,
         organization_ids, fields, filter, sealed_headers, sealed_secret, sealed_previous_secret, previous_secret_until,
         sealed_client_identity, signing, ordered, coalesce_updates, rate_limit, format, audience, catching_up, state
         ON endpoints FOR EACH STATEMENT EXECUTE FUNCTION count_endpoint_change()",
    ),
    Sqlite(
        "CREATE TRIGGER endpoints_change AFTER UPDATE OF url, event_types, directory_ids, organization_ids, fields, filter,
         sealed_headers, sealed_secret, sealed_previous_secret, previous_secret_until, sealed_client_identity, signing,
         ordered, coalesce_updates, rate_limit, format, audience, catching_up, state ON endpoints
         BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; END",
    ),
    Sqlite(
        "CREATE TRIGGER endpoints_new AFTER INSERT ON endpoints
         BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; END",
    ),
    Sqlite(
        "CREATE TRIGGER endpoints_gone AFTER DELETE ON endpoints
         BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; END",
    ),
];
