//! What test receivers were sent.

use super::column::{Id, Millis};
use ::events::{EndpointId, TestReceiptId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "test_receipts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<TestReceiptId>,
    pub endpoint_id: Id<EndpointId>,
    pub at: Millis,
    /// Names and values, as JSON.
    #[sea_orm(column_type = "Text")]
    pub headers: String,
    /// The beginning of the body.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Bytes of the whole body.
    pub size: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::test_receivers::Entity",
        from = "Column::EndpointId",
        to = "super::test_receivers::Column::EndpointId"
    )]
    Receiver,
}

impl ActiveModelBehavior for ActiveModel {}
