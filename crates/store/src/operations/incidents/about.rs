//! What an incident is about, and who is to know of it.

use crate::StoreError;
use db::entity::column::Id;
use db::entity::credentials::CredentialKind;
use db::entity::{directories, endpoints, organizations};
use events::{DirectoryId, EndpointId, OrganizationId, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType, SelectStatement};

/// What an incident is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentAbout {
    /// What people call the thing: a directory's name, an endpoint's origin, a credential's name.
    pub name: String,
    /// The organization that it is of, if it is of one.
    pub organization_id: Option<OrganizationId>,
    /// What people call that one.
    pub organization: Option<String>,
    /// The directory.
    pub directory_id: Option<DirectoryId>,
    /// The endpoint.
    pub endpoint_id: Option<EndpointId>,
    /// The credential.
    pub credential: Option<IncidentCredential>,
    /// The addresses of those who are to know: those of the endpoint, or else of the organization.
    pub contacts: Vec<String>,
}

/// A credential that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentCredential {
    /// What it is.
    pub kind: CredentialKind,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// An endpoint as a row of a query tells of it; nothing, where it is gone.
#[derive(Debug, FromQueryResult)]
pub(super) struct EndpointRow {
    endpoint_id: Option<Id<EndpointId>>,
    url_origin: Option<String>,
    organization_ids: Option<String>,
    contacts: Option<String>,
}

/// A directory likewise, with its organization.
#[derive(Debug, FromQueryResult)]
pub(super) struct DirectoryRow {
    directory_id: Option<Id<DirectoryId>>,
    directory_name: Option<String>,
    organization_id: Option<Id<OrganizationId>>,
    organization_name: Option<String>,
    contacts: Option<String>,
}

/// Has a query tell of the endpoint `e`.
pub(super) fn tell_endpoint(query: &mut SelectStatement) {
    use endpoints::Column;
    query
        .expr_as(Expr::col(("e", Column::Id)), "endpoint_id")
        .columns([Column::UrlOrigin, Column::OrganizationIds, Column::Contacts].map(|column| ("e", column)));
}

/// Has a query tell of the directory `d`, and join its organization to it.
pub(super) fn tell_directory(query: &mut SelectStatement, join: JoinType) {
    use organizations::Column;
    let is_its = Expr::col(("o", Column::Id)).equals(("d", directories::Column::OrganizationId));
    query
        .expr_as(Expr::col(("d", directories::Column::Id)), "directory_id")
        .expr_as(Expr::col(("d", directories::Column::Name)), "directory_name")
        .expr_as(Expr::col(("o", Column::Id)), "organization_id")
        .expr_as(Expr::col(("o", Column::Name)), "organization_name")
        .expr_as(Expr::col(("o", Column::Contacts)), "contacts")
        .join_as(join, organizations::Entity, "o", is_its);
}

/// Addresses in a column.
///
/// # Errors
/// When they are no JSON array of texts.
pub(crate) fn addresses(text: Option<&str>) -> Result<Vec<String>, StoreError> {
    text.map_or_else(
        || Ok(Vec::new()),
        |text| serde_json::from_str(text).map_err(StoreError::corrupt),
    )
}

/// Addresses as a column has them.
///
/// # Errors
/// None that can be met: texts can be written as JSON.
pub(crate) fn column_of(addresses: &[String]) -> Result<Option<String>, StoreError> {
    let written = || serde_json::to_string(addresses).map_err(StoreError::corrupt);
    (!addresses.is_empty()).then(written).transpose()
}

impl EndpointRow {
    /// What it tells; `None` where the endpoint is gone.
    pub(super) fn about(self) -> Result<Option<IncidentAbout>, StoreError> {
        let Some(Id(id)) = self.endpoint_id else {
            return Ok(None);
        };
        let of = self
            .organization_ids
            .as_deref()
            .map(serde_json::from_str::<Vec<OrganizationId>>);
        let of = of.transpose().map_err(StoreError::corrupt)?.unwrap_or_default();
        let only = match of.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        Ok(Some(IncidentAbout {
            name: self.url_origin.unwrap_or_default(),
            organization_id: only,
            endpoint_id: Some(id),
            contacts: addresses(self.contacts.as_deref())?,
            ..IncidentAbout::default()
        }))
    }
}

impl DirectoryRow {
    /// What it tells; `None` where the directory is gone.
    pub(super) fn about(self) -> Result<Option<IncidentAbout>, StoreError> {
        let Some(Id(id)) = self.directory_id else {
            return Ok(None);
        };
        Ok(Some(IncidentAbout {
            name: self.directory_name.unwrap_or_default(),
            organization_id: self.organization_id.map(|id| id.0),
            organization: self.organization_name,
            directory_id: Some(id),
            contacts: addresses(self.contacts.as_deref())?,
            ..IncidentAbout::default()
        }))
    }
}
