//! Attempts that failed, a row each.

use super::column::{Id, Millis};
use ::events::{AttemptId, DeliveryId, EndpointId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<AttemptId>,
    pub delivery_id: Id<DeliveryId>,
    pub endpoint_id: Id<EndpointId>,
    pub number: i32,
    pub started_at: Millis,
    pub duration_ms: i32,
    pub status: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub error: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub response_head: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub trace_id: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::deliveries::Entity",
        from = "Column::DeliveryId",
        to = "super::deliveries::Column::Id"
    )]
    Delivery,
}

impl Related<super::deliveries::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Delivery.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
