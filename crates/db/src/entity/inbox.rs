//! Verdicts, by command; the first row decides.

use super::column::{Id, Millis};
use ::events::CommandId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub command_id: Id<CommandId>,
    /// The status of the HTTP answer; 0 for a command that was given up.
    pub status: i16,
    /// What the answer needs, as JSON.
    #[sea_orm(column_type = "Text")]
    pub result: Option<String>,
    pub created_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
