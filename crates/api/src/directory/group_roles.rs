//! What a table of roles by group would do before it is set.

use super::GroupRole;
use events::ResourceId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A table of roles by group, as `group_roles` of a directory would have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"group_roles": [{"group_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e62", "role": "Admin"}]})))]
pub struct GroupRolesPreviewRequest {
    /// The rules; of several that apply the first in this list gives its role.
    #[schema(min_items = 0, max_items = 100)]
    pub group_roles: Vec<GroupRole>,
}

/// What one rule would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "group_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e62",
    "display_name": "Administrators",
    "role": "Admin",
    "people": 12,
    "changed": 3,
})))]
pub struct GroupRoleEffect {
    /// The group.
    #[schema(value_type = Uuid)]
    pub group_id: ResourceId,
    /// What people call it.
    #[schema(required = true)]
    pub display_name: Option<String>,
    /// The role.
    pub role: String,
    /// How many people would have their role by this rule; `null` where the groups have more than 5,000 people together.
    #[schema(required = true)]
    pub people: Option<u32>,
    /// How many of them have another role now, or none; `null` as before.
    #[schema(required = true)]
    pub changed: Option<u32>,
}

/// What a table of roles by group would do. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "rules": [{
        "group_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e62",
        "display_name": "Administrators",
        "role": "Admin",
        "people": 12,
        "changed": 3,
    }],
    "losing": 0,
})))]
pub struct GroupRolesPreview {
    /// The rules, in their order.
    pub rules: Vec<GroupRoleEffect>,
    /// How many people have a role by a rule of now and would have none by any; `null` where nobody was counted.
    #[schema(required = true)]
    pub losing: Option<u32>,
}
