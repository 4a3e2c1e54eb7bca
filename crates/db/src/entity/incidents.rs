//! What is or was the matter with something, one row for each thing and kind: so that it is told once.

use super::column::{Id, Millis};
use ::events::OrganizationId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incidents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: IncidentKind,
    /// The id of the endpoint, directory or credential.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: Uuid,
    pub organization_id: Option<Id<OrganizationId>>,
    /// What people call the thing.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Since when it is so; of a credential when it ends.
    pub since: Millis,
    /// Of a credential, how many days before its end was told last.
    pub level: Option<i32>,
    /// Whether a mail was written when it began.
    pub told: bool,
    pub opened_at: Millis,
    /// Since when it seems to be over, where that is waited for.
    pub well_since: Option<Millis>,
    pub closed_at: Option<Millis>,
}

/// What is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum IncidentKind {
    /// Every attempt at an endpoint fails.
    EndpointFailing,
    /// An endpoint was switched off, because it failed for too long or asked for it.
    EndpointDisabled,
    /// The identity provider of a directory has missed several cycles.
    DirectorySilent,
    /// The mass-change brake holds a directory.
    DirectoryHeld,
    /// Entra ID is about to put the job of a directory into quarantine.
    QuarantineNear,
    /// A credential ends soon.
    CredentialEnding,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
