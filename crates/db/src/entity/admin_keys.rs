//! Admin keys: the tokens of the management API, as hashes.

use super::column::{Id, Millis};
use ::events::{AdminKeyId, OrganizationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "admin_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<AdminKeyId>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub token_hash: Vec<u8>,
    pub created_at: Millis,
    pub last_used_at: Option<Millis>,
    /// Names of scopes, separated by spaces.
    #[sea_orm(column_type = "Text")]
    pub scopes: String,
    pub organization_id: Option<Id<OrganizationId>>,
    pub expires_at: Option<Millis>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::organizations::Entity",
        from = "Column::OrganizationId",
        to = "super::organizations::Column::Id"
    )]
    Organization,
}

impl Related<super::organizations::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organization.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
