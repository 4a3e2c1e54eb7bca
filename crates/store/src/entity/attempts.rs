//! Attempts that failed, a row each.

use super::column::{Id, Millis};
use ::events::{AttemptId, DeliveryId, EndpointId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Id<AttemptId>,
    pub(crate) delivery_id: Id<DeliveryId>,
    pub(crate) endpoint_id: Id<EndpointId>,
    pub(crate) number: i32,
    pub(crate) started_at: Millis,
    pub(crate) duration_ms: i32,
    pub(crate) status: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub(crate) error: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) response_head: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) trace_id: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
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
