//! In whom a directory and its tenant differ.

use events::{GraphDriftId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A person or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphObjectKind {
    /// A person.
    User,
    /// A group.
    Group,
}

/// In what a directory and its tenant differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphDifference {
    /// Somebody of the tenant is not in the directory.
    Missing,
    /// Somebody is in both, with other attributes.
    Different,
    /// A person is active in the directory, or a group is in it, and the tenant does not have them, or not in the scope.
    Unexpected,
}

/// Somebody, or a group, in whom the last comparison found a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e91",
    "kind": "user",
    "difference": "different",
    "object_id": "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
    "resource_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e11",
    "name": "ada@contoso.com",
    "fields": ["title"],
    "found_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct GraphDrift {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: GraphDriftId,
    /// A person or a group.
    pub kind: GraphObjectKind,
    /// In what they differ.
    pub difference: GraphDifference,
    /// The **Object ID** in the tenant; `null` for somebody whom it does not have.
    #[schema(required = true)]
    pub object_id: Option<Uuid>,
    /// The user or group of the directory; `null` for somebody whom it does not have.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub resource_id: Option<ResourceId>,
    /// How the directory calls them, as of now.
    #[schema(required = true)]
    pub name: Option<String>,
    /// The paths of the attributes that differ. What stands there is not kept.
    pub fields: Vec<String>,
    /// When the comparison began.
    #[schema(value_type = String, format = DateTime)]
    pub found_at: Timestamp,
}
