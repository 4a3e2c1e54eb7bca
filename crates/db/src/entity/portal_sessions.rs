//! Sessions of the portal, as hashes.

use super::column::{Id, Millis};
use ::events::{AdminKeyId, PortalLinkId, PortalSessionId, SsoSessionId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "portal_sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<PortalSessionId>,
    pub kind: SessionKind,
    pub token_hash: Vec<u8>,
    /// The key that opened it.
    pub admin_key_id: Option<Id<AdminKeyId>>,
    /// The link that opened it.
    pub portal_link_id: Option<Id<PortalLinkId>>,
    /// The hash of the hash of the configuration's key, when that one opened it.
    pub configured_key_hash: Option<Vec<u8>>,
    pub created_at: Millis,
    pub last_seen_at: Millis,
    pub expires_at: Millis,
    /// The session at single sign-on by which a person came in.
    pub sso_session_id: Option<Id<SsoSessionId>>,
}

/// What a session opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum SessionKind {
    /// Nothing yet: a code that logs in once.
    LoginCode,
    Console,
    Setup,
    Apps,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::admin_keys::Entity",
        from = "Column::AdminKeyId",
        to = "super::admin_keys::Column::Id"
    )]
    AdminKey,
    #[sea_orm(
        belongs_to = "super::portal_links::Entity",
        from = "Column::PortalLinkId",
        to = "super::portal_links::Column::Id"
    )]
    PortalLink,
    #[sea_orm(
        belongs_to = "super::sso_sessions::Entity",
        from = "Column::SsoSessionId",
        to = "super::sso_sessions::Column::Id"
    )]
    SsoSession,
}

impl ActiveModelBehavior for ActiveModel {}
