//! `/directories/{id}/graph`: how a directory is pulled from Microsoft Graph.

mod credential;
mod drift;
mod map;
mod request;
mod status;
mod test;

pub use credential::{
    GraphCertificate, GraphCredential, GraphCredentialCreate, GraphCredentialKind, GraphCredentialState,
};
pub use drift::{GraphDifference, GraphDrift, GraphObjectKind};
pub use map::{GraphAttributeMap, GraphMapRow, GraphNames, GraphTransform};
pub use request::{GraphActivate, GraphCreate, GraphPatch, GraphResume, GraphSync};
pub use status::{
    GraphCounts, GraphCurrentRound, GraphFault, GraphProgress, GraphRelease, GraphRound, GraphStatus, GraphSyncAsked,
};
pub use test::{GraphTest, GraphTestAccount, GraphTestOutcome, GraphTestStep, GraphTestStepName};

use events::{DirectoryId, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether a directory is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphState {
    /// It was never started.
    Draft,
    /// It is pulled.
    Active,
    /// An administrator paused it.
    Paused,
    /// It is pulled, as far as Graph lets it: something is wrong that an administrator has to mend.
    Failing,
    /// So many would go that an administrator must say whether that is right.
    Held,
}

/// What becomes of what is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphMode {
    /// The directory becomes the same.
    #[default]
    Pull,
    /// It is only looked what is different.
    Compare,
}

/// Who is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphScope {
    /// Everybody in the tenant, and all groups.
    All,
    /// Who is assigned to the application ("Users and groups" of the enterprise application), and the groups that are.
    #[default]
    Assigned,
    /// The groups of `groups`, and who is in them.
    Groups,
}

/// What becomes of guests of the tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphGuests {
    /// They come like everybody.
    #[default]
    Take,
    /// They are left out.
    Skip,
}

/// The cloud of Microsoft that a tenant is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphCloud {
    /// Everybody's, that of the US government's community (GCC) included.
    #[default]
    Global,
    /// US government, level 4 (GCC High).
    UsGovernment,
    /// US government, level 5 (Department of Defense).
    UsDefense,
    /// China, run by 21Vianet.
    China,
}

/// How a directory is pulled. What it proves itself with is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "state": "draft",
    "mode": "pull",
    "cloud": "global",
    "tenant_id": "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10",
    "client_id": "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42",
    "scope": "assigned",
    "groups": [],
    "nested": false,
    "guests": "take",
    "interval_seconds": 900,
    "test_accounts": ["ada@contoso.com"],
    "attribute_map": {
        "is_usual": true,
        "users": [{"graph": ["userPrincipalName"], "scim": "userName"}],
        "groups": [{"graph": ["displayName"], "scim": "displayName"}],
    },
    "permissions": ["User.Read.All", "GroupMember.Read.All", "Application.Read.All"],
    "consent_redirect_uri": "https://rollcall.example/graph/consent",
    "credentials": [],
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct GraphPull {
    /// The directory.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// The organization that it belongs to.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// Whether it is pulled.
    pub state: GraphState,
    /// What becomes of what is pulled.
    pub mode: GraphMode,
    /// The cloud that the tenant is in.
    pub cloud: GraphCloud,
    /// The Directory (tenant) ID.
    #[schema(required = true)]
    pub tenant_id: Option<Uuid>,
    /// The Application (client) ID.
    #[schema(required = true)]
    pub client_id: Option<Uuid>,
    /// Who is pulled.
    pub scope: GraphScope,
    /// The Object IDs of the chosen groups.
    pub groups: Vec<Uuid>,
    /// Whether members of groups in groups come, too.
    pub nested: bool,
    /// What becomes of guests.
    pub guests: GraphGuests,
    /// Seconds from one round to the next.
    pub interval_seconds: u32,
    /// Accounts by which it is looked at before the first round.
    pub test_accounts: Vec<String>,
    /// From attributes of Graph to those of SCIM.
    pub attribute_map: GraphAttributeMap,
    /// The application permissions of Microsoft Graph that it needs.
    pub permissions: Vec<String>,
    /// The redirect URI ("Web") that must be registered for the way back from admin consent.
    pub consent_redirect_uri: String,
    /// What it proves itself with, the newest first.
    pub credentials: Vec<GraphCredential>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}
