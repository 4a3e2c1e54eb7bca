//! Webhook endpoints.

use super::column::{Id, Millis};
use crate::{EndpointFormat, EndpointState};
use ::events::EndpointId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoints")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Id<EndpointId>,
    /// Empty where `sealed_url` is set.
    #[sea_orm(column_type = "Text")]
    pub(crate) url: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) description: Option<String>,
    /// A JSON array of names and globs.
    #[sea_orm(column_type = "Text")]
    pub(crate) event_types: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub(crate) directory_ids: Option<String>,
    pub(crate) sealed_headers: Option<Vec<u8>>,
    pub(crate) sealed_secret: Vec<u8>,
    pub(crate) sealed_previous_secret: Option<Vec<u8>>,
    pub(crate) previous_secret_until: Option<Millis>,
    pub(crate) ordered: bool,
    /// Requests a second.
    pub(crate) rate_limit: Option<i32>,
    pub(crate) state: EndpointState,
    #[sea_orm(column_type = "Text")]
    pub(crate) disabled_reason: Option<String>,
    pub(crate) failing_since: Option<Millis>,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
    pub(crate) format: EndpointFormat,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub(crate) audience: Option<String>,
    pub(crate) coalesce_updates: bool,
    pub(crate) disabled_at: Option<Millis>,
    /// Of what is held, everything made up to this time is skipped.
    pub(crate) skip_until: Option<Millis>,
    pub(crate) signing: Signing,
    #[sea_orm(column_type = "Text")]
    pub(crate) public_key: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) previous_public_key: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub(crate) organization_ids: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub(crate) fields: Option<String>,
    /// In the language of SCIM filters.
    #[sea_orm(column_type = "Text")]
    pub(crate) filter: Option<String>,
    pub(crate) sealed_client_identity: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub(crate) client_thumbprint: Option<String>,
    pub(crate) client_expires_at: Option<Millis>,
    pub(crate) catching_up: bool,
    pub(crate) sealed_url: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub(crate) url_origin: String,
    pub(crate) url_path_length: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
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
pub(crate) enum Signing {
    V1,
    V1a,
}
