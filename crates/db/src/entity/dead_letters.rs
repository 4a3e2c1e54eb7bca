//! Messages that could not be processed, kept until somebody decides about them.

use super::column::{Id, Millis};
use ::events::{DeadLetterId, DirectoryId, OrganizationId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dead_letters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<DeadLetterId>,
    pub kind: LetterKind,
    /// The id under which the bus knows the message now: a letter that comes again is told by it.
    #[sea_orm(column_type = "Text")]
    pub message_id: String,
    #[sea_orm(column_type = "Text")]
    pub queue: String,
    pub lane: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub name: Option<String>,
    pub organization_id: Option<Id<OrganizationId>>,
    pub directory_id: Option<Id<DirectoryId>>,
    pub resource_id: Option<Id<ResourceId>>,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub tried: Option<i32>,
    /// How often it was put aside.
    pub times: i64,
    #[sea_orm(column_type = "Text")]
    pub trace_id: Option<String>,
    /// Of a command, sealed. An event is in the log.
    pub body: Option<Vec<u8>>,
    pub parked_at: Millis,
    pub redriven_at: Option<Millis>,
    #[sea_orm(column_type = "Text")]
    pub outcome: Option<String>,
}

/// What a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum LetterKind {
    UserCommand,
    GroupCommand,
    Event,
    Unreadable,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
