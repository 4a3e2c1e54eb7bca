//! Shared signals: the streams by which apps hear of their people, whom an app took off a stream, and who has logged in to an
//! app ever, since an app hears of nobody else.

use super::table::{add_column, create, create_clustered, dialect, drop_index, index, key, owned_by, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text, text_null, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "endpoints", &mut text_null("signals")).await?;
        raw(
            manager,
            match dialect(manager) {
                Dialect::Postgres => &TRIGGER_OF_POSTGRES,
                Dialect::Sqlite => &TRIGGER_OF_SQLITE,
            },
        )
        .await?;
        // An app has one endpoint for logouts, and one for each stream.
        drop_index(manager, "endpoints_sso_client").await?;
        let of_app = ["sso_client_id"];
        manager
            .create_index(index("endpoints_sso_client", "endpoints", &of_app))
            .await?;
        let logouts = index("endpoints_logout", "endpoints", &of_app)
            .unique()
            .and_where(Expr::col("format").eq("logout_token"))
            .take();
        manager.create_index(logouts).await?;
        streams(manager).await?;
        people(manager).await?;
        raw(manager, &[BACKFILL]).await
    }
}

/// Those who have a session of an app when this is migrated.
pub(super) const BACKFILL: &str = "INSERT INTO sso_client_people (user_id, client_id, directory_id, scope, since) \
     SELECT user_id, client_id, directory_id, scope, created_at FROM sso_sessions s WHERE redeemed_at IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM sso_sessions n WHERE n.directory_id = s.directory_id AND n.user_id = s.user_id \
     AND n.client_id = s.client_id AND n.redeemed_at IS NOT NULL AND n.id > s.id)";

/// Raw, as all triggers are: no builder has them. The column that is new counts as a change, too.
const TRIGGER_OF_POSTGRES: [&str; 2] = [
    "DROP TRIGGER endpoints_change ON endpoints",
    "CREATE TRIGGER endpoints_change AFTER INSERT OR DELETE OR UPDATE OF url, event_types, directory_ids,
     organization_ids, fields, filter, sealed_headers, sealed_secret, sealed_previous_secret, previous_secret_until,
     sealed_client_identity, signing, ordered, coalesce_updates, rate_limit, format, audience, catching_up, state, signals
     ON endpoints FOR EACH STATEMENT EXECUTE FUNCTION count_endpoint_change()",
];

const TRIGGER_OF_SQLITE: [&str; 2] = [
    "DROP TRIGGER endpoints_change",
    "CREATE TRIGGER endpoints_change AFTER UPDATE OF url, event_types, directory_ids, organization_ids, fields, filter,
     sealed_headers, sealed_secret, sealed_previous_secret, previous_secret_until, sealed_client_identity, signing,
     ordered, coalesce_updates, rate_limit, format, audience, catching_up, state, signals ON endpoints
     BEGIN UPDATE endpoint_version SET number = number + 1 WHERE id = 1; END",
];

async fn streams(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("ssf_streams")
            .col(uuid("id").primary_key())
            .col(uuid("client_id"))
            .col(text("method"))
            .col(text_null("description"))
            .col(text("events_requested"))
            .col(text("status"))
            .col(text_null("status_reason"))
            .col(big_integer_null("filled_at"))
            .col(uuid_null("announcement_id"))
            .col(big_integer_null("verified_at"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(&mut owned_by("id", "endpoints"))
            .foreign_key(&mut owned_by("client_id", "sso_clients")),
    )
    .await?;
    let of_app = ["client_id", "id"];
    manager
        .create_index(index("ssf_streams_client", "ssf_streams", &of_app))
        .await?;
    create_clustered(
        manager,
        Table::create()
            .table("ssf_removed_subjects")
            .col(uuid("stream_id"))
            .col(uuid("user_id"))
            .col(big_integer("removed_at"))
            .primary_key(&mut key(&["stream_id", "user_id"]))
            .foreign_key(&mut owned_by("stream_id", "ssf_streams")),
    )
    .await
}

async fn people(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_clustered(
        manager,
        Table::create()
            .table("sso_client_people")
            .col(uuid("user_id"))
            .col(uuid("client_id"))
            .col(uuid("directory_id"))
            .col(text("scope"))
            .col(big_integer("since"))
            .primary_key(&mut key(&["user_id", "client_id"]))
            .foreign_key(&mut owned_by("client_id", "sso_clients"))
            .foreign_key(&mut owned_by("directory_id", "directories")),
    )
    .await?;
    for (name, columns) in [
        ("sso_client_people_client", &["client_id"][..]),
        ("sso_client_people_directory", &["directory_id"]),
    ] {
        manager.create_index(index(name, "sso_client_people", columns)).await?;
    }
    Ok(())
}
