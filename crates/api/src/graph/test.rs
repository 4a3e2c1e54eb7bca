//! What a test of a pull found. It changes nothing.

use super::GraphFault;
use crate::UserPreview;
use events::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphTestStepName {
    /// Proving itself to Microsoft Entra ID.
    Token,
    /// Reading a person.
    Users,
    /// Reading a member of a group.
    GroupMembers,
    /// Reading who is assigned to the application.
    Assignments,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphTestOutcome {
    /// It works.
    Good,
    /// It is allowed, and there is nothing to read.
    NothingThere,
    /// A permission is missing.
    PermissionMissing,
    /// The application is not in the tenant.
    NoApplication,
    /// Something else is wrong; `error` says what.
    Failed,
    /// It was not tried, since a step before failed.
    NotTried,
}

/// A step of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "step": "users",
    "outcome": "permission_missing",
    "any_of": ["User.Read.All", "Directory.Read.All"],
    "error": null,
})))]
pub struct GraphTestStep {
    /// What was tried.
    pub step: GraphTestStepName,
    /// What came of it.
    pub outcome: GraphTestOutcome,
    /// The permissions of which one is missing, the least first.
    pub any_of: Vec<String>,
    /// What went wrong.
    #[schema(required = true)]
    pub error: Option<GraphFault>,
}

/// What would become of a test account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "user_name": "ada@contoso.com",
    "found": true,
    "skipped": null,
    "unfit": [],
    "scim": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@contoso.com", "active": true},
    "normalized": {"user_name": "ada@contoso.com", "state": "active"},
    "preview": null,
    "error": null,
})))]
pub struct GraphTestAccount {
    /// The account, as it was entered.
    pub user_name: String,
    /// Whether it is in the tenant.
    pub found: bool,
    /// Why the account would be left out, by name; `null` where it comes.
    #[schema(required = true)]
    pub skipped: Option<String>,
    /// SCIM paths of values that do not fit where they should go.
    pub unfit: Vec<String>,
    /// The account as SCIM; `null` where there is none, or it is left out.
    #[schema(required = true, value_type = Option<Object>)]
    pub scim: Option<Map<String, Value>>,
    /// The account as apps would be told of it, without ids and times.
    #[schema(required = true, value_type = Option<Object>)]
    pub normalized: Option<Map<String, Value>>,
    /// What would become of it here.
    #[schema(required = true)]
    pub preview: Option<UserPreview>,
    /// Why it could not be read.
    #[schema(required = true)]
    pub error: Option<GraphFault>,
}

/// What a test found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "at": "2026-11-20T12:00:00.000Z",
    "is_good": false,
    "steps": [{"step": "users", "outcome": "permission_missing", "any_of": ["User.Read.All", "Directory.Read.All"], "error": null}],
    "missing_permissions": ["User.Read.All"],
    "consent_url": "https://login.microsoftonline.com/5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10/adminconsent?client_id=c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42",
    "accounts": [],
})))]
pub struct GraphTest {
    /// When it was.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whether nothing hinders the first round.
    pub is_good: bool,
    /// The steps, in their order.
    pub steps: Vec<GraphTestStep>,
    /// The permissions that an administrator has to consent to.
    pub missing_permissions: Vec<String>,
    /// Where an administrator of the tenant grants admin consent. It is good for a day.
    pub consent_url: String,
    /// The test accounts, in their order; none where the token or the permission to read people is missing.
    pub accounts: Vec<GraphTestAccount>,
}
