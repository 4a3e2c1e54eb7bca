//! `/directories`: the sources of users and groups.

mod group_roles;
mod health;
mod paths;
mod schemas;
mod settings;

pub use group_roles::{GroupRoleEffect, GroupRolesPreview, GroupRolesPreviewRequest};
pub use health::{DirectoryHealth, DirectorySync, HealthState, QuarantineForecast, QuarantineOutlook};
pub use paths::{AttributePathSeen, AttributePaths};
pub use schemas::{AttributeDeclaration, AttributeKind, SchemaDeclaration, schema_faults};
pub use settings::{DirectorySettings, Grant, GroupRole, MassChangeBrake, PeopleOf, RoleRule};

use crate::PlainSecret;
use crate::reading::named;
use events::{DirectoryId, KeyId, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What may stand behind a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Microsoft Entra ID.
    #[default]
    EntraId,
    /// Okta.
    Okta,
    /// OneLogin.
    Onelogin,
    /// JumpCloud.
    Jumpcloud,
    /// PingOne.
    Ping,
    /// Google Workspace.
    Google,
    /// Anything else that speaks SCIM.
    CustomScim,
    /// Microsoft Graph, which is asked instead of sending.
    EntraGraph,
}

impl Provider {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EntraId => "entra_id",
            Self::Okta => "okta",
            Self::Onelogin => "onelogin",
            Self::Jumpcloud => "jumpcloud",
            Self::Ping => "ping",
            Self::Google => "google",
            Self::CustomScim => "custom_scim",
            Self::EntraGraph => "entra_graph",
        }
    }

    /// The name for people, which a directory has that is given no other.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::EntraId => "Microsoft Entra ID",
            Self::Okta => "Okta",
            Self::Onelogin => "OneLogin",
            Self::Jumpcloud => "JumpCloud",
            Self::Ping => "PingOne",
            Self::Google => "Google Workspace",
            Self::CustomScim => "Custom SCIM",
            Self::EntraGraph => "Microsoft Graph",
        }
    }
}

/// Whether a directory takes changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryState {
    /// It takes changes.
    Active,
    /// It takes none: an administrator said so.
    Paused,
    /// It takes no deactivations and deletions: there were too many at once.
    Held,
}

/// The states that a directory can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SwitchedState {
    /// Take changes again; this also releases a directory that is held.
    Active,
    /// Take no changes.
    Paused,
}

/// A way for an identity provider to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// A directory key as bearer token.
    Bearer,
    /// A directory key as the password of HTTP Basic.
    Basic,
    /// An access token for the id and secret of an OAuth client.
    OauthClientCredentials,
    /// An access token for an assertion that an identity provider signed.
    WorkloadIdentity,
    /// A token that Entra ID makes itself where no secret was entered: for tests, as it proves a tenant and no more.
    EntraToken,
}

/// A new directory. This one call is enough: a domain that belongs to nobody makes its organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"organization": "contoso.com", "provider": "entra_id"})))]
pub struct DirectoryCreate {
    /// The id of an organization, or a domain.
    #[schema(format = "organization")]
    pub organization: String,
    /// The identity provider; `entra_id`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// What people call it; the name of its provider, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
}

/// Changes of a directory. What is not named stays as it is; `null` brings the default of a setting back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Entra production", "unique_emails": true, "rate_limit": 100})))]
pub struct DirectoryPatch {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Whether it takes changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<SwitchedState>,
    /// The ways of authentication that are on.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Authentication>>, min_items = 1, max_items = 5)]
    pub authentication: Option<Option<Vec<Authentication>>>,
    /// Whether groups are taken and shown.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub groups_enabled: Option<Option<bool>>,
    /// SCIM paths of users that must have a value, such as `name.givenName`.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, min_items = 0, max_items = 50, min_length = 1, max_length = 300)]
    pub required_attributes: Option<Option<Vec<String>>>,
    /// Whether no two users may have the same e-mail address.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub unique_emails: Option<Option<bool>>,
    /// Grants by role; roles are compared without regard to case.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<RoleRule>>, min_items = 0, max_items = 100)]
    pub roles: Option<Option<Vec<RoleRule>>>,
    /// Grants of a user without a role, or with one that has no rule.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Grant>>, min_items = 0, max_items = 2)]
    pub default_grants: Option<Option<Vec<Grant>>>,
    /// Roles by membership; of several the first in this list is given.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<GroupRole>>, min_items = 0, max_items = 100)]
    pub group_roles: Option<Option<Vec<GroupRole>>>,
    /// Extension schemas of users, all of them at once.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<SchemaDeclaration>>, min_items = 0, max_items = 20)]
    pub schemas: Option<Option<Vec<SchemaDeclaration>>>,
    /// Names that `custom` of the normalized user has, each with the SCIM path that it shows, all of them at once; at most
    /// 50. A name has lower-case letters, digits and underscores, and begins with a letter.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub attribute_map: Option<Option<BTreeMap<String, String>>>,
    /// The most requests per second that the SCIM service takes; `null` for any number. Entra asks of every server that it
    /// takes 25, and quarantines one that keeps refusing.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, format = "scim-rate", minimum = 25, maximum = 100_000)]
    pub rate_limit: Option<Option<u32>>,
    /// When deactivations and deletions become too many. Members that are missing have their defaults.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MassChangeBrake>)]
    pub mass_change_brake: Option<Option<MassChangeBrake>>,
    /// Whose people are taken.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PeopleOf>)]
    pub people_of: Option<Option<PeopleOf>>,
}

/// Lets deactivations and deletions through for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"minutes": 120})))]
pub struct DirectoryRelease {
    /// For how long, in minutes; 60, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1440)]
    pub minutes: Option<u32>,
}

/// A source of users and groups in an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "name": "Microsoft Entra ID",
    "provider": "entra_id",
    "state": "active",
    "held_at": null,
    "released_until": null,
    "scim_url": "https://rollcall.example/directories/0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60/scim/v2",
    "authentication": ["bearer", "basic", "oauth_client_credentials", "workload_identity"],
    "groups_enabled": true,
    "required_attributes": [],
    "unique_emails": false,
    "roles": [{"value": "Admin", "grants": ["app", "web"]}],
    "default_grants": ["app"],
    "group_roles": [],
    "schemas": [],
    "attribute_map": {"cost_center": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter"},
    "rate_limit": null,
    "mass_change_brake": {"enabled": true, "percent": 20, "minimum": 10, "window_minutes": 10, "new_user_hours": 24},
    "people_of": "any",
    "indexing": [],
    "health": {"state": "active", "sentence": "The directory is synced. The last contact was 4 minutes ago.", "remedy": null,
               "since": "2026-11-20T12:00:00.000Z"},
    "last_request_at": "2026-11-20T12:00:00.000Z",
    "last_error": null,
    "counts": {"users": 120, "active_users": 117, "groups": 14},
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct Directory {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: DirectoryId,
    /// The organization it belongs to.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// The identity provider.
    #[schema(value_type = Provider)]
    pub provider: String,
    /// Whether it takes changes.
    pub state: DirectoryState,
    /// Since when deactivations and deletions are refused.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub held_at: Option<Timestamp>,
    /// Until when the mass-change brake lets everything through.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub released_until: Option<Timestamp>,
    /// The tenant URL for the identity provider.
    pub scim_url: String,
    /// The ways of authentication that are on; none where its settings cannot be read.
    pub authentication: Vec<Authentication>,
    /// Its settings as they are in force; all of them are missing where they cannot be read.
    #[serde(flatten)]
    #[schema(value_type = DirectorySettings)]
    pub settings: Option<DirectorySettings>,
    /// The extensions that cannot be searched yet, because what filters see of them is being written again.
    pub indexing: Vec<String>,
    /// How it fares.
    pub health: DirectoryHealth,
    /// When its identity provider last sent something.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub last_request_at: Option<Timestamp>,
    /// Why the latest request was refused.
    #[schema(required = true)]
    pub last_error: Option<String>,
    /// The last time that somebody was refused who did not prove who they are; only where one directory is asked for.
    /// Strangers can bring it about, so it says nothing about the directory's health.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_refusal: Option<LastRefusal>,
    /// When its identity provider came, and when it is expected; only where one directory is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sync: Option<DirectorySync>,
    /// How many users and groups it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub counts: Option<DirectoryCounts>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The key that was made together with it, only in the answer to that request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key: Option<FirstKey>,
}

/// How many users and groups a directory has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"users": 120, "active_users": 117, "groups": 14})))]
pub struct DirectoryCounts {
    /// Users, active or not.
    #[schema(minimum = 0)]
    pub users: i64,
    /// Users that are active.
    #[schema(minimum = 0)]
    pub active_users: i64,
    /// Groups.
    #[schema(minimum = 0)]
    pub groups: i64,
}

/// A request whose sender did not prove who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"at": "2026-11-20T12:00:00.000Z", "reason": "the key has expired"})))]
pub struct LastRefusal {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// The key that is made together with its directory, in the answer to that request only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61", "name": "SCIM", "token": "rcd_…"})))]
pub struct FirstKey {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// The secret token for the identity provider.
    #[schema(value_type = String)]
    pub token: PlainSecret,
}
