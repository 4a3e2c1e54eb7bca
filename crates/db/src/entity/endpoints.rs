//! Webhook endpoints.

use super::column::{Id, Millis};
use ::events::{EndpointId, SsoClientId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoints")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<EndpointId>,
    /// Empty where `sealed_url` is set.
    #[sea_orm(column_type = "Text")]
    pub url: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// A JSON array of names and globs.
    #[sea_orm(column_type = "Text")]
    pub event_types: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub directory_ids: Option<String>,
    pub sealed_headers: Option<Vec<u8>>,
    pub sealed_secret: Vec<u8>,
    pub sealed_previous_secret: Option<Vec<u8>>,
    pub previous_secret_until: Option<Millis>,
    pub ordered: bool,
    /// Requests a second.
    pub rate_limit: Option<i32>,
    pub state: EndpointState,
    #[sea_orm(column_type = "Text")]
    pub disabled_reason: Option<String>,
    pub failing_since: Option<Millis>,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub format: EndpointFormat,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub audience: Option<String>,
    pub coalesce_updates: bool,
    pub disabled_at: Option<Millis>,
    /// Of what is held, everything made up to this time is skipped.
    pub skip_until: Option<Millis>,
    pub signing: Signing,
    #[sea_orm(column_type = "Text")]
    pub public_key: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub previous_public_key: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub organization_ids: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub fields: Option<String>,
    /// In the language of SCIM filters.
    #[sea_orm(column_type = "Text")]
    pub filter: Option<String>,
    pub sealed_client_identity: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub client_thumbprint: Option<String>,
    pub client_expires_at: Option<Millis>,
    pub catching_up: bool,
    pub sealed_url: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub url_origin: String,
    pub url_path_length: i64,
    /// A JSON array of addresses.
    #[sea_orm(column_type = "Text")]
    pub contacts: Option<String>,
    /// The app whose logout tokens or signals it is sent; the endpoint is the app's, and goes with it.
    pub sso_client_id: Option<Id<SsoClientId>>,
    /// A JSON array: the events of Shared Signals that a stream is sent.
    #[sea_orm(column_type = "Text")]
    pub signals: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::deliveries::Entity")]
    Deliveries,
    #[sea_orm(has_many = "super::catch_ups::Entity")]
    CatchUps,
}

impl Related<super::deliveries::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Deliveries.def()
    }
}

impl Related<super::catch_ups::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::CatchUps.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// How requests are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Signing {
    V1,
    V1a,
}

/// Whether an endpoint is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// It was switched off, by an operator or because it failed for too long or asked for it with 410.
    Disabled,
}

impl EndpointState {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

/// What an endpoint is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum EndpointFormat {
    /// Standard Webhooks.
    #[default]
    Standard,
    /// Security Event Tokens (RFC 8417, RFC 9967), pushed as RFC 8935 says.
    Set,
    /// Logout tokens (OpenID Connect Back-Channel Logout 1.0), for an app that people log in to.
    LogoutToken,
    /// Security Event Tokens of the Shared Signals Framework, for an app that people log in to.
    Signals,
}

impl EndpointFormat {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Set => "set",
            Self::LogoutToken => "logout_token",
            Self::Signals => "signals",
        }
    }
}
