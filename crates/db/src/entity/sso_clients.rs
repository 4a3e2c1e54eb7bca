//! Apps that people log in to.

use super::column::{Id, Millis};
use ::events::{OrganizationId, SsoClientId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_clients")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<SsoClientId>,
    /// `None` for people of all organizations.
    pub organization_id: Option<Id<OrganizationId>>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub authentication: ClientAuthentication,
    pub application_type: ApplicationType,
    pub secret_hash: Option<Vec<u8>>,
    pub secret_expires_at: Option<Millis>,
    /// A JWK set.
    #[sea_orm(column_type = "Text")]
    pub jwks: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub redirect_uris: String,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub post_logout_redirect_uris: String,
    #[sea_orm(column_type = "Text")]
    pub backchannel_logout_uri: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub initiate_login_uri: Option<String>,
    pub created_at: Millis,
    pub updated_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::organizations::Entity",
        from = "Column::OrganizationId",
        to = "super::organizations::Column::Id"
    )]
    Organization,
}

impl Related<super::organizations::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organization.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Where an app runs (OpenID Connect Dynamic Client Registration 1.0 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a server or in a browser.
    Web,
    /// On people's own devices.
    Native,
}

impl ApplicationType {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Native => "native",
        }
    }
}

/// How an app proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// By a secret.
    ClientSecret,
    /// By assertions that a key of its JWK set signed.
    PrivateKeyJwt,
    /// Not at all: it is public, and PKCE is demanded.
    None,
}

impl ClientAuthentication {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecret => "client_secret",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }
}
