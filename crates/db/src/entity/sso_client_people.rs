//! Who has ever logged in to an app: the people whom it may hear of.

use super::column::{Id, Millis};
use ::events::{DirectoryId, ResourceId, SsoClientId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_client_people")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Id<ResourceId>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: Id<SsoClientId>,
    pub directory_id: Id<DirectoryId>,
    /// What the app asked for when the person last logged in: which claims it knows.
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    pub since: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::sso_clients::Entity",
        from = "Column::ClientId",
        to = "super::sso_clients::Column::Id"
    )]
    Client,
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
}

impl Related<super::sso_clients::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Client.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
