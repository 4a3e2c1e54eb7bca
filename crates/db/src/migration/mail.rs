//! Who is written to about what, what is the matter at the moment, and the mails that are to be sent.

use super::table::{add_column, create, index, key, key_text};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, integer_null, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        contacts(manager).await?;
        incidents(manager).await?;
        mails(manager).await?;
        troubles(manager).await
    }
}

/// JSON arrays of addresses: nobody searches by one.
async fn contacts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    add_column(manager, "endpoints", &mut text_null("contacts")).await?;
    for column in ["contacts", "digest_contacts"] {
        add_column(manager, "organizations", &mut text_null(column)).await?;
    }
    add_column(manager, "organizations", &mut big_integer_null("next_digest_at")).await?;
    manager
        .create_index(set_only("organizations_digest", "organizations", "next_digest_at"))
        .await
}

/// One row for each thing and what may be the matter with it. What it is about may be gone, so nothing is referred to.
async fn incidents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let kinds = [
        "endpoint_failing",
        "endpoint_disabled",
        "directory_silent",
        "directory_held",
        "quarantine_near",
        "credential_ending",
    ];
    create(
        manager,
        Table::create()
            .table("incidents")
            .col(key_text("kind").check(Expr::col("kind").is_in(kinds)))
            .col(uuid("subject_id"))
            .col(uuid_null("organization_id"))
            .col(text("name"))
            .col(big_integer("since"))
            .col(integer_null("level"))
            .col(boolean("told"))
            .col(big_integer("opened_at"))
            .col(big_integer_null("well_since"))
            .col(big_integer_null("closed_at"))
            .primary_key(&mut key(&["kind", "subject_id"])),
    )
    .await?;
    for (name, columns) in [
        ("incidents_closed", vec!["kind", "closed_at", "subject_id"]),
        ("incidents_organization", vec!["organization_id", "closed_at"]),
    ] {
        manager.create_index(index(name, "incidents", &columns)).await?;
    }
    Ok(())
}

async fn mails(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(
        manager,
        Table::create()
            .table("mails")
            .col(uuid("id").primary_key())
            .col(key_text("queue"))
            .col(text("recipient"))
            .col(text("content"))
            .col(integer("tries"))
            .col(big_integer_null("next_at"))
            .col(uuid_null("lease"))
            .col(big_integer("created_at"))
            .col(big_integer_null("sent_at"))
            .col(big_integer_null("given_up_at"))
            .col(text_null("last_error")),
    )
    .await?;
    manager.create_index(set_only("mails_due", "mails", "next_at")).await?;
    let waiting = index("mails_waiting", "mails", &["queue"])
        .and_where(Expr::col("next_at").is_not_null())
        .take();
    manager.create_index(waiting).await?;
    manager
        .create_index(index("mails_created", "mails", &["created_at"]))
        .await
}

/// Those directories alone with which something is the matter. (Endpoints are few.)
async fn troubles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (name, table, column) in [
        ("directories_held", "directories", "held_at"),
        ("directory_contacts_silenced", "directory_contacts", "silenced_at"),
    ] {
        manager.create_index(set_only(name, table, column)).await?;
    }
    Ok(())
}

/// An index of the rows alone in which the column is set.
fn set_only(name: &'static str, table: &'static str, column: &'static str) -> IndexCreateStatement {
    index(name, table, &[column])
        .and_where(Expr::col(column).is_not_null())
        .take()
}
