//! Mails that are to be sent, and those that were, for a while. One row is one mail to one address.

use super::column::{Id, Millis};
use ::events::MailId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<MailId>,
    /// Whose contact the recipient is: mails that wait are counted by it.
    #[sea_orm(column_type = "Text")]
    pub queue: String,
    #[sea_orm(column_type = "Text")]
    pub recipient: String,
    /// What it tells, as JSON.
    #[sea_orm(column_type = "Text")]
    pub content: String,
    pub tries: i32,
    /// When it is tried next, and while it is sent when somebody else may try; null once it is sent or given up.
    pub next_at: Option<Millis>,
    /// Who sends it: another one each time it is claimed.
    pub lease: Option<Uuid>,
    pub created_at: Millis,
    pub sent_at: Option<Millis>,
    pub given_up_at: Option<Millis>,
    #[sea_orm(column_type = "Text")]
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
