//! Who of the people of a connection may enter the console, and to do what.

use super::column::{Id, Millis};
use ::events::ConnectionId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "console_access")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub connection_id: Id<ConnectionId>,
    /// A JSON array of roles of the directory.
    #[sea_orm(column_type = "Text")]
    pub roles: String,
    /// A JSON array of ids of users of the directory.
    #[sea_orm(column_type = "Text")]
    pub user_ids: String,
    /// Names of scopes, separated by spaces.
    #[sea_orm(column_type = "Text")]
    pub scopes: String,
    /// Whether it is for the whole installation, and not for the connection's organization alone.
    pub covers_all: bool,
    pub created_at: Millis,
    pub updated_at: Millis,
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

impl ActiveModelBehavior for ActiveModel {}
