//! What can be asked of users: the app's own people, named by the members of the normalized shape.

use super::UserState;
use crate::reading::named;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An e-mail address, as SCIM has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"value": "ada@contoso.com", "type": "work", "primary": true})))]
pub struct EmailAddress {
    /// The address.
    #[schema(min_length = 1, max_length = 320)]
    pub value: String,
    /// `work`, `home` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 40)]
    pub r#type: Option<String>,
    /// Whether it is the one to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub primary: Option<bool>,
}

/// A user that the app has itself. The identity provider can import it by a SCIM GET.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"user_name": "ada@contoso.com", "email": "ada@contoso.com", "first_name": "Ada", "role": "Admin"})))]
pub struct UserCreate {
    /// The unique name.
    #[schema(min_length = 1, max_length = 400)]
    pub user_name: String,
    /// An id that others know it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub external_id: Option<String>,
    /// All addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 0, max_items = 100)]
    pub emails: Option<Vec<EmailAddress>>,
    /// The only address; stands for `emails` with one primary address of type `work`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 320)]
    pub email: Option<String>,
    /// `name.givenName` in SCIM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub first_name: Option<String>,
    /// `name.familyName` in SCIM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub last_name: Option<String>,
    /// `displayName` in SCIM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub display_name: Option<String>,
    /// `title` in SCIM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub job_title: Option<String>,
    /// `department` of the enterprise extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub department: Option<String>,
    /// The id of the manager, `manager.value` of the enterprise extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub manager_id: Option<String>,
    /// `active`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<UserState>,
    /// The only role; stands for `roles` in SCIM with one primary value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 400)]
    pub role: Option<String>,
    /// Further SCIM attributes and extensions, under the names that SCIM has for them. Members above come before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub raw: Option<Map<String, Value>>,
}

/// Changes of a user. What is not named stays as it is; `null` takes a value away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"job_title": "Countess", "department": null, "state": "inactive"})))]
pub struct UserPatch {
    /// The unique name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 400)]
    pub user_name: Option<String>,
    /// An id that others know it by.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub external_id: Option<Option<String>>,
    /// All addresses: those that are not in this list go.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<EmailAddress>>, min_items = 0, max_items = 100)]
    pub emails: Option<Option<Vec<EmailAddress>>>,
    /// The only address; stands for `emails` with one primary address of type `work`.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 320)]
    pub email: Option<Option<String>>,
    /// `name.givenName` in SCIM.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub first_name: Option<Option<String>>,
    /// `name.familyName` in SCIM.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub last_name: Option<Option<String>>,
    /// `displayName` in SCIM.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub display_name: Option<Option<String>>,
    /// `title` in SCIM.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub job_title: Option<Option<String>>,
    /// `department` of the enterprise extension.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub department: Option<Option<String>>,
    /// The id of the manager, `manager.value` of the enterprise extension.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub manager_id: Option<Option<String>>,
    /// Whether the user may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<UserState>,
    /// The only role; stands for `roles` in SCIM with one primary value.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 400)]
    pub role: Option<Option<String>>,
    /// Further SCIM attributes and extensions, under the names that SCIM has for them; `null` takes one away, and objects
    /// change what they name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    pub raw: Option<Map<String, Value>>,
}
