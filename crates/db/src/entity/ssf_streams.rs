//! Streams of the Shared Signals Framework: what an app is told of its people. A stream has the id of the endpoint that its
//! deliveries are for.

use super::column::{Id, Millis};
use ::events::{DeliveryId, SsfStreamId, SsoClientId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ssf_streams")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<SsfStreamId>,
    pub client_id: Id<SsoClientId>,
    pub method: StreamMethod,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub events_requested: String,
    pub status: StreamStatus,
    #[sea_orm(column_type = "Text")]
    pub status_reason: Option<String>,
    /// Since when nothing is kept any more, because too much waits.
    pub filled_at: Option<Millis>,
    /// The delivery that tells the app of the status.
    pub announcement_id: Option<Id<DeliveryId>>,
    /// When the app last asked to be sent a verification.
    pub verified_at: Option<Millis>,
    pub created_at: Millis,
    pub updated_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::sso_clients::Entity",
        from = "Column::ClientId",
        to = "super::sso_clients::Column::Id"
    )]
    Client,
}

impl Related<super::sso_clients::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Client.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// How what is on a stream reaches the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum StreamMethod {
    /// It is sent to the app (RFC 8935).
    Push,
    /// The app fetches it (RFC 8936).
    Poll,
}

/// Whether a stream is transmitted (OpenID SSF 1.0 §8.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum StreamStatus {
    /// It is.
    Enabled,
    /// It is not, and what happens is kept.
    Paused,
    /// It is not, and nothing is kept.
    Disabled,
}

impl StreamStatus {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}
