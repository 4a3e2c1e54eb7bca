//! What mails tell. It is stored while a mail waits, so that what is sent does not depend on when that is.

use events::{DirectoryId, EndpointId, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a mail tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tells", rename_all = "snake_case")]
pub enum Content {
    /// That something is the matter, or is well again.
    Incident(Incident),
    /// What happened in a day.
    Digest(Digest),
}

/// What is or was the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What it is.
    pub kind: IncidentKind,
    /// Whether it is over.
    pub is_over: bool,
    /// What people call the thing.
    pub name: String,
    /// What people call its organization.
    pub organization: Option<String>,
    /// Since when it is or was so; of a credential when it ends.
    pub since: Timestamp,
    /// Its directory.
    pub directory_id: Option<DirectoryId>,
    /// Its endpoint.
    pub endpoint_id: Option<EndpointId>,
    /// Of a credential, what it is.
    pub credential: Option<CredentialKind>,
    /// Of a credential, in how many days it ends at the latest.
    pub days: Option<u32>,
    /// Who reads it.
    pub reader: Reader,
}

/// What may be the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// Every attempt at an endpoint fails.
    EndpointFailing,
    /// An endpoint was switched off.
    EndpointDisabled,
    /// An identity provider has missed several cycles.
    DirectorySilent,
    /// The mass-change brake holds a directory.
    DirectoryHeld,
    /// Entra ID is about to put a job into quarantine.
    QuarantineNear,
    /// A credential ends.
    CredentialEnding,
}

/// What may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A key of a directory.
    DirectoryKey,
    /// The secret of an OAuth client.
    OauthClient,
    /// A key of the management API.
    AdminKey,
    /// A certificate that is shown to an endpoint.
    ClientCertificate,
    /// The secret of an endpoint before the last rotation.
    PreviousSecret,
    /// What a connection proves itself with to the identity provider.
    Connection,
    /// The certificate that a directory proves itself with to Microsoft Graph.
    GraphCertificate,
    /// The secret that it proves itself with there.
    GraphSecret,
}

/// Who reads a mail: a contact of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// Of an organization.
    Organization(OrganizationId),
    /// Of an endpoint.
    Endpoint(EndpointId),
    /// Of the installation.
    Operators,
}

/// What happened in an organization in a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The organization.
    pub organization_id: OrganizationId,
    /// What people call it.
    pub organization: String,
    /// When the day began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
    /// Its directories, those of which there is something to tell.
    pub directories: Vec<Day>,
    /// What is the matter.
    pub open: Vec<OpenIncident>,
}

/// What happened in a directory in a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// What people call it.
    pub name: String,
    /// How often its identity provider came.
    pub syncs: u64,
    /// Users made.
    pub users_created: u64,
    /// Changes of users.
    pub users_updated: u64,
    /// Users deleted.
    pub users_deleted: u64,
    /// Changes of groups.
    pub groups_changed: u64,
    /// Requests that failed.
    pub failures: u64,
}

/// Something that is the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIncident {
    /// What it is.
    pub kind: IncidentKind,
    /// What people call the thing.
    pub name: String,
    /// Since when it is so; of a credential when it ends.
    pub since: Timestamp,
}
