//! Keys that sign for apps.

use super::column::Millis;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// PKCS#8.
    pub sealed_key: Vec<u8>,
    pub created_at: Millis,
    /// Published before, so that apps know it by then.
    pub signs_from: Millis,
    /// `None` for the newest.
    pub published_until: Option<Millis>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
