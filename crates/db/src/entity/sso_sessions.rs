//! People who are logged in to apps, and the code that each login began with.

use super::column::{Id, Millis};
use ::events::{ConnectionId, DirectoryId, OrganizationId, ResourceId, SsoClientId, SsoSessionId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<SsoSessionId>,
    pub connection_id: Id<ConnectionId>,
    pub client_id: Id<SsoClientId>,
    pub organization_id: Id<OrganizationId>,
    pub directory_id: Id<DirectoryId>,
    pub user_id: Id<ResourceId>,
    /// Who it is at the identity provider.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    pub channel: super::sso_logins::LoginChannel,
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    #[sea_orm(column_type = "Text")]
    pub upstream_sid: Option<String>,
    pub code_hash: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub redirect_uri: String,
    #[sea_orm(column_type = "Text")]
    pub code_challenge: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub nonce: Option<String>,
    pub code_expires_at: Millis,
    pub redeemed_at: Option<Millis>,
    /// How often the refresh token was replaced: only the newest is good.
    pub refresh_generation: i32,
    /// When the person proved who they are, as the identity provider says; `None` where it says nothing.
    pub authenticated_at: Option<Millis>,
    pub created_at: Millis,
    pub expires_at: Millis,
    pub ended_at: Option<Millis>,
    pub end_reason: Option<SessionEnd>,
    /// W3C `traceparent` of the request that brought the person back.
    #[sea_orm(column_type = "Text")]
    pub traceparent: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::connections::Entity",
        from = "Column::ConnectionId",
        to = "super::connections::Column::Id"
    )]
    Connection,
    #[sea_orm(
        belongs_to = "super::sso_clients::Entity",
        from = "Column::ClientId",
        to = "super::sso_clients::Column::Id"
    )]
    Client,
}

impl Related<super::connections::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Connection.def()
    }
}

impl Related<super::sso_clients::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Client.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum SessionEnd {
    /// The person logged out.
    Logout,
    /// The person is not active any more.
    Deactivated,
    /// The person is not in the directory any more.
    Deleted,
    /// The person may not use the channel any more.
    AccessLost,
    /// The connection was paused or deleted.
    ConnectionPaused,
    /// A code or a refresh token was used twice.
    Reuse,
    /// An administrator ended it.
    Revoked,
}

impl SessionEnd {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Deactivated => "deactivated",
            Self::Deleted => "deleted",
            Self::AccessLost => "access_lost",
            Self::ConnectionPaused => "connection_paused",
            Self::Reuse => "reuse",
            Self::Revoked => "revoked",
        }
    }
}
