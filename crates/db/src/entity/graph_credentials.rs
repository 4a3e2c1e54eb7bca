//! What a directory proves itself with to Microsoft Graph.

use super::column::{Id, Millis};
use ::events::{DirectoryId, GraphCredentialId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "graph_credentials")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<GraphCredentialId>,
    pub directory_id: Id<DirectoryId>,
    pub kind: GraphCredentialKind,
    pub state: GraphCredentialState,
    pub sealed_secret: Option<Vec<u8>>,
    /// PKCS#8.
    pub sealed_private_key: Option<Vec<u8>>,
    /// DER.
    pub certificate: Option<Vec<u8>>,
    /// What people recognize it by.
    #[sea_orm(column_type = "Text")]
    pub hint: String,
    #[sea_orm(column_type = "Text")]
    pub assertion_form: String,
    pub expires_at: Option<Millis>,
    pub created_at: Millis,
    pub proved_at: Option<Millis>,
    pub retires_at: Option<Millis>,
}

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum GraphCredentialKind {
    /// A key of our own with its certificate.
    Certificate,
    /// A secret.
    Secret,
}

impl GraphCredentialKind {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Secret => "secret",
        }
    }
}

/// Whether a credential is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum GraphCredentialState {
    /// It was never seen to work.
    Pending,
    /// It is the one that is used.
    Active,
    /// Another is used; it is kept for a while.
    Retiring,
}

impl GraphCredentialState {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
        }
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::graph_pulls::Entity",
        from = "Column::DirectoryId",
        to = "super::graph_pulls::Column::DirectoryId"
    )]
    Pull,
}

impl Related<super::graph_pulls::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Pull.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
