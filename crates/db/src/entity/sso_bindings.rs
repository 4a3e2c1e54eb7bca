//! Who of an identity provider is who in the directory, from the first login on.

use super::column::{Id, Millis};
use ::events::{ConnectionId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_bindings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub connection_id: Id<ConnectionId>,
    /// Tenant and object id, or what else the connection knows people by.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub subject: String,
    pub user_id: Id<ResourceId>,
    pub created_at: Millis,
    pub last_login_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::connections::Entity",
        from = "Column::ConnectionId",
        to = "super::connections::Column::Id"
    )]
    Connection,
}

impl Related<super::connections::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Connection.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
