//! From attributes of Graph to attributes of SCIM.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The attributes of Graph that a row is made of: one name or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct GraphNames(pub Vec<String>);

impl<'de> Deserialize<'de> for GraphNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(one) => Ok(Self(vec![one])),
            several => Vec::deserialize(several).map(Self).map_err(serde::de::Error::custom),
        }
    }
}

impl ToSchema for GraphNames {}

impl PartialSchema for GraphNames {
    fn schema() -> RefOr<Schema> {
        let one = || {
            let text = ObjectBuilder::new().schema_type(Type::String);
            text.min_length(Some(1)).max_length(Some(128))
        };
        let several = ArrayBuilder::new().items(one()).min_items(Some(1)).max_items(Some(8));
        OneOfBuilder::new().item(one()).item(several).into()
    }
}

/// What becomes of values on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphTransform {
    /// The first of a list.
    First,
    /// The texts of all attributes that have one, with a space between them.
    Join,
    /// The first attribute that has a value.
    FirstOf,
    /// In small letters.
    Lowercase,
    /// E-mail addresses out of lists, without `smtp:` and without repetitions.
    Addresses,
    /// The address of a guest out of the name that the tenant gives them.
    StripGuest,
}

/// One row of a map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(
    json!({"graph": ["surname"], "scim": "name.familyName"}),
    json!({"graph": ["givenName", "surname"], "scim": "name.formatted", "transform": "join"}),
    json!({"graph": ["mail"], "scim": "emails[type eq \"work\"].value", "primary": true}),
))]
pub struct GraphMapRow {
    /// The attribute of Graph, or several in their order. A part of a complex one stands behind a dot.
    pub graph: GraphNames,
    /// The SCIM path: `attribute`, `attribute.sub` or `attribute[type eq "work"].sub`, each with the URN of its extension.
    #[schema(min_length = 1, max_length = 400)]
    pub scim: String,
    /// What becomes of the value on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transform: Option<GraphTransform>,
    /// Whether the element is the primary one; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub primary: Option<bool>,
}

/// The maps of people and groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "is_usual": false,
    "users": [{"graph": ["userPrincipalName"], "scim": "userName"}],
    "groups": [{"graph": ["displayName"], "scim": "displayName"}],
})))]
pub struct GraphAttributeMap {
    /// Whether nobody has changed them: then they may follow this installation's version.
    pub is_usual: bool,
    /// Of people.
    pub users: Vec<GraphMapRow>,
    /// Of groups.
    pub groups: Vec<GraphMapRow>,
}
