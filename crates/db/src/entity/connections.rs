//! Connections: the way of the people of an organization to its identity provider.

use super::column::{Id, Millis};
use ::events::{ConnectionId, DirectoryId, OrganizationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<ConnectionId>,
    pub organization_id: Id<OrganizationId>,
    pub directory_id: Id<DirectoryId>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub state: ConnectionState,
    /// The part of its redirect URIs that is its own.
    #[sea_orm(column_type = "Text")]
    pub slug: String,
    /// As it was entered.
    #[sea_orm(column_type = "Text")]
    pub authority: String,
    /// What `iss` is, where the discovery document is elsewhere.
    #[sea_orm(column_type = "Text")]
    pub expected_issuer: Option<String>,
    /// The discovery document, as far as it is needed: JSON.
    #[sea_orm(column_type = "Text")]
    pub metadata: Option<String>,
    pub metadata_at: Option<Millis>,
    #[sea_orm(column_type = "Text")]
    pub client_id: String,
    #[sea_orm(column_type = "Text")]
    pub user_name_claim: String,
    pub credential: ConnectionCredential,
    pub sealed_client_secret: Option<Vec<u8>>,
    pub credential_expires_at: Option<Millis>,
    pub sealed_private_key: Option<Vec<u8>>,
    /// DER.
    pub certificate: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub assertion_form: String,
    pub allows_guests: bool,
    /// A JSON array of user names.
    #[sea_orm(column_type = "Text")]
    pub test_accounts: String,
    #[sea_orm(column_type = "Text")]
    pub last_error: Option<String>,
    pub failing_since: Option<Millis>,
    pub tested_at: Option<Millis>,
    /// What came of the last test: JSON.
    #[sea_orm(column_type = "Text")]
    pub last_test: Option<String>,
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
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
}

impl Related<super::organizations::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organization.def()
    }
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directory.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Whether people can log in by a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ConnectionState {
    /// It was never tested.
    Draft,
    /// A login of a test account succeeded; nobody else may log in yet.
    Tested,
    /// People log in.
    Active,
    /// People log in, as far as the identity provider lets them: it refused the last time.
    Failing,
    /// An administrator paused it.
    Paused,
}

impl ConnectionState {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Tested => "tested",
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Paused => "paused",
        }
    }
}

/// How this installation proves itself to the identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ConnectionCredential {
    /// Not at all yet.
    None,
    /// By a secret.
    ClientSecret,
    /// By assertions of a key of its own.
    PrivateKeyJwt,
}

impl ConnectionCredential {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecret => "client_secret",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}
