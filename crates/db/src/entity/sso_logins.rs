//! Logins that are under way, from the app to the identity provider and back.

use super::column::{Id, Millis};
use ::events::{ConnectionId, SsoClientId, SsoLoginId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_logins")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<SsoLoginId>,
    /// Of the `state` that the identity provider hands back.
    pub state_hash: Vec<u8>,
    /// Of the cookie of the browser that began it.
    pub browser_hash: Vec<u8>,
    pub connection_id: Id<ConnectionId>,
    /// `None` for a test of the connection.
    pub client_id: Option<Id<SsoClientId>>,
    #[sea_orm(column_type = "Text")]
    pub redirect_uri: String,
    #[sea_orm(column_type = "Text")]
    pub client_state: String,
    #[sea_orm(column_type = "Text")]
    pub client_nonce: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    #[sea_orm(column_type = "Text")]
    pub code_challenge: Option<String>,
    pub channel: LoginChannel,
    /// Seconds: how long ago the person may have proved who they are at most.
    pub max_age: Option<i64>,
    pub created_at: Millis,
    pub expires_at: Millis,
    /// W3C `traceparent` of the request that began it.
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

/// What a person logs in to, which their grants must cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum LoginChannel {
    /// A desktop or mobile app.
    App,
    /// A web application.
    Web,
}

impl LoginChannel {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Web => "web",
        }
    }
}
