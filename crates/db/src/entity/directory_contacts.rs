//! When the identity provider of a directory was in contact, and when it is expected.

use super::column::{Id, Millis};
use ::events::{CycleId, DirectoryId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_contacts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub directory_id: Id<DirectoryId>,
    pub cycle_id: Option<Id<CycleId>>,
    pub last_at: Option<Millis>,
    pub good_at: Option<Millis>,
    pub users_at: Option<Millis>,
    pub groups_at: Option<Millis>,
    pub initial_at: Option<Millis>,
    pub regular_at: Option<Millis>,
    pub on_demand_at: Option<Millis>,
    pub cadence_ms: Option<i64>,
    pub silent_at: Option<Millis>,
    pub silenced_at: Option<Millis>,
    pub key_ended_at: Option<Millis>,
    pub key_seen_at: Option<Millis>,
    pub strangers: i64,
    pub stranger_at: Option<Millis>,
    #[sea_orm(column_type = "Text")]
    pub dialect: Option<String>,
    pub log_rows: i64,
    pub log_bytes: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directory.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
