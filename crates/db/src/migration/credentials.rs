//! The ends of all credentials in one table, and which key replaces which.

use super::table::{add_column, create, dialect, index, key, owned_by, raw};
use crate::Dialect;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text, uuid, uuid_null};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kinds = [
            "directory_key",
            "oauth_client",
            "admin_key",
            "client_certificate",
            "previous_secret",
        ];
        create(
            manager,
            Table::create()
                .table("credentials")
                .col(text("kind").check(Expr::col("kind").is_in(kinds)))
                .col(uuid("id"))
                .col(uuid_null("organization_id"))
                .col(uuid_null("directory_id"))
                .col(big_integer("ends_at"))
                .col(big_integer_null("next_notice_at"))
                .primary_key(&mut key(&["kind", "id"]))
                .foreign_key(&mut owned_by("directory_id", "directories")),
        )
        .await?;
        for (name, columns) in [
            ("credentials_ends", vec!["kind", "ends_at", "id"]),
            (
                "credentials_organization",
                vec!["organization_id", "kind", "ends_at", "id"],
            ),
            ("credentials_directory", vec!["directory_id", "kind", "ends_at", "id"]),
            ("credentials_notice", vec!["next_notice_at"]),
        ] {
            manager.create_index(index(name, "credentials", &columns)).await?;
        }
        raw(manager, &KEYS).await?;
        raw(manager, &[of_endpoints(dialect(manager)).as_str()]).await?;
        for column in ["replaces", "replaced_by"] {
            add_column(manager, "directory_keys", &mut uuid_null(column)).await?;
        }
        Ok(())
    }
}

/// What there is already. The first notice is due at once: what it says depends on how long there is left.
const KEYS: [&str; 3] = [
    "INSERT INTO credentials (kind, id, organization_id, directory_id, ends_at, next_notice_at) \
     SELECT 'directory_key', k.id, d.organization_id, d.id, k.expires_at, 0 FROM directory_keys k \
     JOIN directories d ON d.id = k.directory_id WHERE k.expires_at IS NOT NULL AND k.revoked_at IS NULL",
    "INSERT INTO credentials (kind, id, organization_id, directory_id, ends_at, next_notice_at) \
     SELECT 'oauth_client', c.id, d.organization_id, d.id, c.expires_at, 0 FROM oauth_clients c \
     JOIN directories d ON d.id = c.directory_id WHERE c.expires_at IS NOT NULL AND c.revoked_at IS NULL",
    "INSERT INTO credentials (kind, id, organization_id, ends_at) \
     SELECT 'admin_key', id, organization_id, expires_at FROM admin_keys WHERE expires_at IS NOT NULL",
];

/// An endpoint whose `organization_ids` has one id is of that organization, if it is still there.
fn of_endpoints(dialect: Dialect) -> String {
    let only = match dialect {
        Dialect::Postgres => "CAST(substr(e.organization_ids, 3, 36) AS uuid)",
        Dialect::Sqlite => "unhex(replace(substr(e.organization_ids, 3, 36), '-', ''))",
    };
    format!(
        "INSERT INTO credentials (kind, id, organization_id, ends_at) SELECT 'client_certificate', e.id, \
         (SELECT o.id FROM organizations o WHERE length(e.organization_ids) = 40 AND o.id = {only}), e.client_expires_at \
         FROM endpoints e WHERE e.client_expires_at IS NOT NULL"
    )
}
