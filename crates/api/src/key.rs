//! `/directories/{id}/keys`: the bearer tokens that identity providers carry.

use crate::PlainSecret;
use crate::reading::named;
use events::{KeyId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new key of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Entra production", "expires_at": "2030-01-31T12:00:00Z"})))]
pub struct KeyCreate {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 0, max_length = 250)]
    pub description: Option<String>,
    /// When it ends, a time in the future; never, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whether its token can be read back later; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrievable: Option<bool>,
}

/// Changes of a key. What is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Entra", "expires_at": null})))]
pub struct KeyPatch {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 0, max_length = 250)]
    pub description: Option<Option<String>>,
    /// When it ends, a time in the future; `null` for never.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Option<Timestamp>>,
}

/// A directory key. Its token is only in the answer to the request that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "name": "Entra production",
    "description": null,
    "expires_at": "2030-01-31T12:00:00.000Z",
    "retrievable": false,
    "last_used_at": null,
    "created_at": "2026-11-20T12:00:00.000Z",
    "rotation": {"state": "new", "replaces": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60", "replaced_by": null},
})))]
pub struct Key {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    #[schema(required = true)]
    pub description: Option<String>,
    /// When it ends; `null` for never.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whether its token can be read back.
    pub retrievable: bool,
    /// When it was last used, to within a minute.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The rotation that it is part of; `null` for none.
    #[schema(required = true)]
    pub rotation: Option<KeyRotation>,
    /// The token itself, only in the answer to the request that made the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub token: Option<PlainSecret>,
}

/// How far a key takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RotationState {
    /// Nobody has used the newer key yet.
    New,
    /// The newer key was seen in traffic: the older one can be revoked.
    Seen,
    /// The older key is revoked, and the rotation over.
    Revoked,
}

/// A rotation: one key takes the place of another, and until the older one is revoked both are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyRotation {
    /// How far it is.
    pub state: RotationState,
    /// The older key; `null` where this is the older one.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub replaces: Option<KeyId>,
    /// The newer key; `null` where this is the newer one.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub replaced_by: Option<KeyId>,
}

/// A key that is to take the place of another. What is not named is as it is with the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"expires_at": "2030-01-31T12:00:00Z"})))]
pub struct KeyRotate {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// When it ends, a time in the future; never, where nothing is said: the end of the other one is near, most likely.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// The token of a key that was made to be read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f", "token": "rcd_…"})))]
pub struct KeyToken {
    /// The key.
    #[schema(value_type = Uuid)]
    pub id: KeyId,
    /// Its token.
    #[schema(value_type = String)]
    pub token: PlainSecret,
}
