//! Single sign-on: connections to identity providers, apps, logins that are under way, who is who, sessions, and the keys
//! that sign for the apps. Of codes and secrets only hashes are kept; what must be read back is sealed.

use super::table::{create, dialect, drop_index, index, key, key_text, owned_by, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, boolean, integer, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        connections(manager).await?;
        credentials(manager).await?;
        clients(manager).await?;
        logins(manager).await?;
        sessions(manager).await?;
        create(
            manager,
            Table::create()
                .table("sso_bindings")
                .col(uuid("connection_id"))
                .col(key_text("subject"))
                .col(uuid("user_id"))
                .col(big_integer("created_at"))
                .col(big_integer("last_login_at"))
                .primary_key(&mut key(&["connection_id", "subject"]))
                .foreign_key(&mut owned_by("connection_id", "connections")),
        )
        .await?;
        let user = ["connection_id", "user_id"];
        manager
            .create_index(index("sso_bindings_user", "sso_bindings", &user).unique().take())
            .await?;
        create(
            manager,
            Table::create()
                .table("sso_keys")
                .col(uuid("id").primary_key())
                .col(blob("sealed_key"))
                .col(big_integer("created_at"))
                .col(big_integer("signs_from"))
                .col(big_integer_null("published_until")),
        )
        .await?;
        create(
            manager,
            Table::create()
                .table("log_readers")
                .col(key_text("name").primary_key())
                .col(uuid_null("after_id"))
                .col(big_integer("updated_at")),
        )
        .await
    }
}

async fn connections(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("connections")
            .col(uuid("id").primary_key())
            .col(uuid("organization_id"))
            .col(uuid("directory_id"))
            .col(text("name"))
            .col(text("state"))
            .col(key_text("slug").unique_key())
            .col(text("authority"))
            .col(text_null("expected_issuer"))
            .col(text_null("metadata"))
            .col(big_integer_null("metadata_at"))
            .col(text("client_id"))
            .col(text("user_name_claim"))
            .col(text("credential"))
            .col(blob_null("sealed_client_secret"))
            .col(big_integer_null("credential_expires_at"))
            .col(blob_null("sealed_private_key"))
            .col(blob_null("certificate"))
            .col(text("assertion_form"))
            .col(boolean("allows_guests"))
            .col(text("test_accounts"))
            .col(text_null("last_error"))
            .col(big_integer_null("failing_since"))
            .col(big_integer_null("tested_at"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(&mut owned_by("organization_id", "organizations"))
            .foreign_key(&mut owned_by("directory_id", "directories")),
    )
    .await?;
    for (name, columns) in [
        ("connections_organization", &["organization_id", "id"][..]),
        ("connections_directory", &["directory_id", "id"]),
    ] {
        manager.create_index(index(name, "connections", columns)).await?;
    }
    Ok(())
}

/// The kinds of credentials are those that the program knows: a check in the table would have to be made anew with each.
async fn credentials(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if dialect(manager) == Dialect::Postgres {
        return raw(
            manager,
            &["ALTER TABLE credentials DROP CONSTRAINT credentials_kind_check"],
        )
        .await;
    }
    raw(manager, &["ALTER TABLE credentials RENAME TO credentials_before"]).await?;
    for name in INDEXES_OF_CREDENTIALS.map(|(name, _)| name) {
        drop_index(manager, name).await?;
    }
    create(
        manager,
        Table::create()
            .table("credentials")
            .col(text("kind"))
            .col(uuid("id"))
            .col(uuid_null("organization_id"))
            .col(uuid_null("directory_id"))
            .col(big_integer("ends_at"))
            .col(big_integer_null("next_notice_at"))
            .primary_key(&mut key(&["kind", "id"]))
            .foreign_key(&mut owned_by("directory_id", "directories")),
    )
    .await?;
    for (name, columns) in INDEXES_OF_CREDENTIALS {
        manager.create_index(index(name, "credentials", columns)).await?;
    }
    let moved = [
        "INSERT INTO credentials (kind, id, organization_id, directory_id, ends_at, next_notice_at) \
         SELECT kind, id, organization_id, directory_id, ends_at, next_notice_at FROM credentials_before",
        "DROP TABLE credentials_before",
    ];
    raw(manager, &moved).await
}

const INDEXES_OF_CREDENTIALS: [(&str, &[&str]); 4] = [
    ("credentials_ends", &["kind", "ends_at", "id"]),
    (
        "credentials_organization",
        &["organization_id", "kind", "ends_at", "id"],
    ),
    ("credentials_directory", &["directory_id", "kind", "ends_at", "id"]),
    ("credentials_notice", &["next_notice_at"]),
];

async fn clients(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("sso_clients")
            .col(uuid("id").primary_key())
            .col(uuid_null("organization_id"))
            .col(text("name"))
            .col(text("authentication"))
            .col(blob_null("secret_hash"))
            .col(big_integer_null("secret_expires_at"))
            .col(text_null("jwks"))
            .col(text("redirect_uris"))
            .col(text("post_logout_redirect_uris"))
            .col(text_null("backchannel_logout_uri"))
            .col(text_null("initiate_login_uri"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(&mut owned_by("organization_id", "organizations")),
    )
    .await?;
    let columns = ["organization_id", "id"];
    manager
        .create_index(index("sso_clients_organization", "sso_clients", &columns))
        .await
}

async fn logins(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("sso_logins")
            .col(uuid("id").primary_key())
            .col(blob("state_hash"))
            .col(blob("browser_hash"))
            .col(uuid("connection_id"))
            .col(uuid_null("client_id"))
            .col(text("redirect_uri"))
            .col(text("client_state"))
            .col(text_null("client_nonce"))
            .col(text("scope"))
            .col(text_null("code_challenge"))
            .col(text("channel"))
            .col(big_integer("created_at"))
            .col(big_integer("expires_at"))
            .foreign_key(&mut owned_by("connection_id", "connections"))
            .foreign_key(&mut owned_by("client_id", "sso_clients")),
    )
    .await?;
    for (name, columns) in [
        ("sso_logins_expires_at", &["expires_at"][..]),
        ("sso_logins_connection", &["connection_id"]),
        ("sso_logins_client", &["client_id"]),
    ] {
        manager.create_index(index(name, "sso_logins", columns)).await?;
    }
    Ok(())
}

async fn sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("sso_sessions")
            .col(uuid("id").primary_key())
            .col(uuid("connection_id"))
            .col(uuid("client_id"))
            .col(uuid("organization_id"))
            .col(uuid("directory_id"))
            .col(uuid("user_id"))
            .col(key_text("subject"))
            .col(text("channel"))
            .col(text("scope"))
            .col(text_null("upstream_sid"))
            .col(blob("code_hash"))
            .col(text("redirect_uri"))
            .col(text_null("code_challenge"))
            .col(text_null("nonce"))
            .col(big_integer("code_expires_at"))
            .col(big_integer_null("redeemed_at"))
            .col(integer("refresh_generation"))
            .col(big_integer("created_at"))
            .col(big_integer("expires_at"))
            .col(big_integer_null("ended_at"))
            .col(text_null("end_reason"))
            .foreign_key(&mut owned_by("connection_id", "connections"))
            .foreign_key(&mut owned_by("client_id", "sso_clients")),
    )
    .await?;
    for (name, columns) in [
        ("sso_sessions_user", &["directory_id", "user_id"][..]),
        ("sso_sessions_connection", &["connection_id", "id"]),
        ("sso_sessions_client", &["client_id", "id"]),
        ("sso_sessions_expires_at", &["expires_at"]),
    ] {
        manager.create_index(index(name, "sso_sessions", columns)).await?;
    }
    Ok(())
}
