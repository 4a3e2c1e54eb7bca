//! What can be asked of groups.

use crate::reading::named;
use events::ResourceId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A group that the app has itself. The identity provider can import it by a SCIM GET.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"display_name": "Engineers", "members": ["0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f"]})))]
pub struct GroupCreate {
    /// What people call it; unique in the directory.
    #[schema(min_length = 1, max_length = 400)]
    pub display_name: String,
    /// An id that others know it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub external_id: Option<String>,
    /// The ids of users and groups that are members.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 0, max_items = 1000)]
    pub members: Option<Vec<ResourceId>>,
}

/// Changes of a group. What is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"display_name": "Engines", "add_members": ["0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f"]})))]
pub struct GroupPatch {
    /// What people call it; unique in the directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 400)]
    pub display_name: Option<String>,
    /// An id that others know it by; `null` takes it away.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub external_id: Option<Option<String>>,
    /// The ids of users and groups that become members; those that are members already stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Uuid>, nullable = false, min_items = 0, max_items = 1000)]
    pub add_members: Option<Vec<ResourceId>>,
    /// The ids of members that leave; those that are no members are no fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Uuid>, nullable = false, min_items = 0, max_items = 1000)]
    pub remove_members: Option<Vec<ResourceId>>,
}
