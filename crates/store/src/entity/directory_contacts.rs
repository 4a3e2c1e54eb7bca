//! When the identity provider of a directory was in contact, and when it is expected.

use super::column::{Id, Millis};
use ::events::{CycleId, DirectoryId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_contacts")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) directory_id: Id<DirectoryId>,
    pub(crate) cycle_id: Option<Id<CycleId>>,
    pub(crate) last_at: Option<Millis>,
    pub(crate) good_at: Option<Millis>,
    pub(crate) users_at: Option<Millis>,
    pub(crate) groups_at: Option<Millis>,
    pub(crate) initial_at: Option<Millis>,
    pub(crate) regular_at: Option<Millis>,
    pub(crate) on_demand_at: Option<Millis>,
    pub(crate) cadence_ms: Option<i64>,
    pub(crate) silent_at: Option<Millis>,
    pub(crate) silenced_at: Option<Millis>,
    pub(crate) key_ended_at: Option<Millis>,
    pub(crate) key_seen_at: Option<Millis>,
    pub(crate) strangers: i64,
    pub(crate) stranger_at: Option<Millis>,
    #[sea_orm(column_type = "Text")]
    pub(crate) dialect: Option<String>,
    pub(crate) log_rows: i64,
    pub(crate) log_bytes: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
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
