//! The attribute paths that users have.

use super::AttributeKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A path that users of the sample have a value at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"path": "nickName", "suggested_name": "nick_name", "type": "string", "users": 12, "is_mapped": false})))]
pub struct AttributePathSeen {
    /// The SCIM path.
    pub path: String,
    /// A name for it in `attribute_map`.
    pub suggested_name: String,
    /// What kind of value a user of the sample has there; never the value itself.
    pub r#type: AttributeKind,
    /// How many users of the sample have it.
    pub users: u32,
    /// Whether the directory's `attribute_map` shows it.
    pub is_mapped: bool,
}

/// The paths that users of a sample have values at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "data": [{"path": "nickName", "suggested_name": "nick_name", "type": "string", "users": 12, "is_mapped": false}],
    "sampled": 20,
})))]
pub struct AttributePaths {
    /// The paths, those that most users have first.
    pub data: Vec<AttributePathSeen>,
    /// How many users were looked at.
    pub sampled: u32,
}
