//! Every credential that ends, with its end: kept beside the tables that they are in, so that one list has all of them in order.

use super::column::{Id, Millis};
use ::events::{DirectoryId, OrganizationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credentials")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: CredentialKind,
    /// The id in the table of its kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Option<Id<OrganizationId>>,
    pub directory_id: Option<Id<DirectoryId>>,
    pub ends_at: Millis,
    /// When the log of its directory is told next that it ends.
    pub next_notice_at: Option<Millis>,
}

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum CredentialKind {
    /// A directory key.
    DirectoryKey,
    /// The secret of an OAuth client.
    OauthClient,
    /// A key of the management API.
    AdminKey,
    /// The certificate that requests to an endpoint show.
    ClientCertificate,
    /// The secret of an endpoint before the last rotation, which signs for a while as well.
    PreviousSecret,
    /// The client secret or the certificate of a connection.
    Connection,
    /// The certificate that a directory proves itself with to Microsoft Graph.
    GraphCertificate,
    /// The secret that it proves itself with there.
    GraphSecret,
}

impl CredentialKind {
    /// Each of them.
    pub const ALL: [Self; 8] = [
        Self::DirectoryKey,
        Self::OauthClient,
        Self::AdminKey,
        Self::ClientCertificate,
        Self::PreviousSecret,
        Self::Connection,
        Self::GraphCertificate,
        Self::GraphSecret,
    ];
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directory.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
