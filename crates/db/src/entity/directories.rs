//! Directories: the sources of users and groups within an organization.

use super::column::{Id, Millis};
use ::events::{DirectoryId, OrganizationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directories")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<DirectoryId>,
    pub organization_id: Id<OrganizationId>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The identity provider behind it, for example `entra_id`.
    #[sea_orm(column_type = "Text")]
    pub provider: String,
    pub state: StoredState,
    /// Its policy: a JSON object.
    #[sea_orm(column_type = "Text")]
    pub settings: String,
    pub last_request_at: Option<Millis>,
    #[sea_orm(column_type = "Text")]
    pub last_error: Option<String>,
    pub created_at: Millis,
    pub updated_at: Millis,
    /// Since when the mass-change brake holds it; apart from `state`.
    pub held_at: Option<Millis>,
    /// Until when the brake lets everything through.
    pub released_until: Option<Millis>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::organizations::Entity",
        from = "Column::OrganizationId",
        to = "super::organizations::Column::Id"
    )]
    Organization,
    #[sea_orm(has_many = "super::directory_keys::Entity")]
    Keys,
    #[sea_orm(has_many = "super::oauth_clients::Entity")]
    OauthClients,
    #[sea_orm(has_one = "super::directory_federations::Entity")]
    Federation,
    #[sea_orm(has_one = "super::directory_counts::Entity")]
    Counts,
    #[sea_orm(has_one = "super::directory_refusals::Entity")]
    Refusal,
    #[sea_orm(has_many = "super::directory_removals::Entity")]
    Removals,
}

impl Related<super::organizations::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organization.def()
    }
}

impl Related<super::directory_keys::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Keys.def()
    }
}

impl Related<super::oauth_clients::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::OauthClients.def()
    }
}

impl Related<super::directory_federations::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Federation.def()
    }
}

impl Related<super::directory_counts::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Counts.def()
    }
}

impl Related<super::directory_refusals::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Refusal.def()
    }
}

impl Related<super::directory_removals::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Removals.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// What an administrator last said: that the directory is held by its brake stands in `held_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum StoredState {
    Active,
    Paused,
}
