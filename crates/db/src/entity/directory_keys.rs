//! Directory keys: the bearer tokens of identity providers, as hashes.

use super::column::{Id, Millis};
use ::events::{DirectoryId, KeyId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<KeyId>,
    pub directory_id: Id<DirectoryId>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    pub token_hash: Vec<u8>,
    pub sealed_token: Option<Vec<u8>>,
    pub expires_at: Option<Millis>,
    pub revoked_at: Option<Millis>,
    pub last_used_at: Option<Millis>,
    pub created_at: Millis,
    pub replaces: Option<Id<KeyId>>,
    pub replaced_by: Option<Id<KeyId>>,
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
