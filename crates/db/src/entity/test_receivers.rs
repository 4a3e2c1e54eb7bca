//! Receivers of Rollcall's own, each behind one endpoint.

use super::column::{Id, Millis};
use ::events::EndpointId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "test_receivers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub endpoint_id: Id<EndpointId>,
    pub token_hash: Vec<u8>,
    pub created_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::endpoints::Entity",
        from = "Column::EndpointId",
        to = "super::endpoints::Column::Id"
    )]
    Endpoint,
}

impl ActiveModelBehavior for ActiveModel {}
