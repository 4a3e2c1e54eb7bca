//! `/admin-keys`: the bearer tokens of this API.

use crate::PlainSecret;
use events::{AdminKeyId, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of this API that a key may use. `endpoints` includes all that begin with `endpoints:`, and `read` includes
/// `endpoints:view`; otherwise none includes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look at organizations, directories with their people, endpoints, deliveries and events; at no secrets.
    Read,
    /// Change organizations, directories and what belongs to them; read back tokens of their keys.
    Directories,
    /// Change endpoints and deliveries; see URLs and secrets of endpoints.
    Endpoints,
    /// Look at endpoints, how they fare, and their deliveries; at no people, and at no URLs or secrets.
    #[serde(rename = "endpoints:view")]
    ViewEndpoints,
    /// See URLs and signing secrets of endpoints.
    #[serde(rename = "endpoints:reveal")]
    RevealEndpoints,
    /// Make, change, test, switch on and delete endpoints, and give them new secrets.
    #[serde(rename = "endpoints:manage")]
    ManageEndpoints,
    /// Send deliveries again, or give them up.
    #[serde(rename = "endpoints:resend")]
    ResendDeliveries,
    /// Make, change and delete connections to identity providers, and the apps that people log in to; end their sessions.
    Connections,
    /// Make, list and delete admin keys; read the audit log.
    Admin,
}

impl Scope {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Directories => "directories",
            Self::Endpoints => "endpoints",
            Self::ViewEndpoints => "endpoints:view",
            Self::RevealEndpoints => "endpoints:reveal",
            Self::ManageEndpoints => "endpoints:manage",
            Self::ResendDeliveries => "endpoints:resend",
            Self::Connections => "connections",
            Self::Admin => "admin",
        }
    }

    /// Whether a key with this scope may do what needs the other one.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        let of_endpoints = [
            Self::ViewEndpoints,
            Self::RevealEndpoints,
            Self::ManageEndpoints,
            Self::ResendDeliveries,
        ];
        match self {
            Self::Endpoints => other == self || of_endpoints.contains(&other),
            Self::Read => other == self || other == Self::ViewEndpoints,
            _ => other == self,
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A new admin key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "CI", "scopes": ["read", "directories"], "expires_at": "2030-01-31T12:00:00Z"})))]
pub struct AdminKeyCreate {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it may do: nothing that the key that makes it may not.
    #[schema(min_items = 1, max_items = 9)]
    pub scopes: Vec<Scope>,
    /// The one organization that it sees and changes; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// When it ends, a time in the future; never, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// An admin key. Its token is only in the answer to the request that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "name": "CI",
    "scopes": ["read", "directories"],
    "organization_id": null,
    "expires_at": "2030-01-31T12:00:00.000Z",
    "last_used_at": null,
    "created_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct AdminKey {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: AdminKeyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The one organization that it sees and changes; `null` for all.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// When it ends; `null` for never.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within a minute.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The token itself, only in the answer to the request that made the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub token: Option<PlainSecret>,
}

#[cfg(test)]
mod tests {
    use super::Scope;

    #[test]
    fn a_scope_includes_what_its_name_begins_and_reading_includes_looking_at_endpoints() {
        let all = [
            Scope::Read,
            Scope::Directories,
            Scope::Endpoints,
            Scope::ViewEndpoints,
            Scope::RevealEndpoints,
            Scope::ManageEndpoints,
            Scope::ResendDeliveries,
            Scope::Connections,
            Scope::Admin,
        ];
        for one in all {
            for other in all {
                let is_part = other.as_str().starts_with(&format!("{one}:"));
                let is_read = (one, other) == (Scope::Read, Scope::ViewEndpoints);
                assert_eq!(one.includes(other), one == other || is_part || is_read, "{one} {other}");
            }
            assert_eq!(serde_json::to_value(one).unwrap(), one.as_str());
        }
    }
}
