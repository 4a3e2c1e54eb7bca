//! Subscriptions of changes at Microsoft Graph.

use super::column::{Id, Millis};
use super::graph_cursors::GraphCollection;
use ::events::{DirectoryId, GraphSubscriptionId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "graph_subscriptions")]
pub struct Model {
    /// Ours, which is part of the URL that notifications go to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<GraphSubscriptionId>,
    pub directory_id: Id<DirectoryId>,
    pub collection: GraphCollection,
    /// The one of Graph; `None` while it is being made.
    pub subscription_id: Option<Uuid>,
    /// Of the `clientState` that notifications have.
    pub state_hash: Vec<u8>,
    /// When it ends; while it is being made, until when Graph may ask whether the URL is ours.
    pub expires_at: Millis,
    /// From when on it is to be renewed.
    pub renew_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::graph_pulls::Entity",
        from = "Column::DirectoryId",
        to = "super::graph_pulls::Column::DirectoryId"
    )]
    Pull,
}

impl Related<super::graph_pulls::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Pull.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
