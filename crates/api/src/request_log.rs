//! `/directories/{id}/requests` and `/directories/{id}/cycles`: what an identity provider asked, and when.

use events::{CycleId, RequestId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request of an identity provider and how it was answered. Passwords and tokens are not stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e66",
    "cycle_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e67",
    "at": "2026-11-20T12:00:00.000Z",
    "method": "PATCH",
    "path": "/Users/0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e68",
    "query": null,
    "status": 400,
    "scim_type": "invalidValue",
    "detail": "active must be true or false; a string was sent",
    "ms": 1.8,
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "user_agent": null,
    "dialect": "entra",
    "leniencies": [{"name": "operation_case", "rule": "P2", "description": "The op of a PATCH came in another case."}],
    "left_out": [],
    "request": {"text": "{\"Operations\":[]}", "size": 17, "cut": false},
    "response": {"text": null, "size": null, "cut": false},
})))]
pub struct Request {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: RequestId,
    /// The cycle that it belongs to; `null` for one that was refused without a good key.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub cycle_id: Option<CycleId>,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// What follows the tenant URL, decoded; the whole path where the request came to another address than the tenant URL.
    pub path: String,
    /// Its query, decoded.
    #[schema(required = true)]
    pub query: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The `scimType` of a refusal.
    #[schema(required = true)]
    pub scim_type: Option<String>,
    /// What was wrong.
    #[schema(required = true)]
    pub detail: Option<String>,
    /// How long the answer took, in milliseconds.
    pub ms: f64,
    /// Its trace.
    #[schema(required = true)]
    pub trace_id: Option<String>,
    /// What the client calls itself.
    #[schema(required = true)]
    pub user_agent: Option<String>,
    /// Whose dialect it is in, where that was recognised: `entra`, `okta`, `onelogin`, `jumpcloud`, `ping`, `google` or
    /// `scim2`.
    #[schema(required = true)]
    pub dialect: Option<String>,
    /// What was forgiven in it.
    pub leniencies: Vec<Leniency>,
    /// Names in it that no schema of the directory has, and that were left out.
    pub left_out: Vec<String>,
    /// What was sent.
    pub request: LoggedBody,
    /// What was answered.
    pub response: LoggedBody,
}

/// Something in a request that the standard does not allow, and that was taken all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"name": "operation_case", "rule": "P2", "description": "The op of a PATCH came in another case."})))]
pub struct Leniency {
    /// Its name.
    pub name: String,
    /// The id of its rule.
    pub rule: String,
    /// One sentence.
    pub description: String,
}

/// A body as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"text": "{\"userName\":\"ada@example.com\",\"password\":\"***\"}", "size": 52, "cut": false})))]
pub struct LoggedBody {
    /// Its text, with `***` in the place of secrets; `null` where it is not kept.
    #[schema(required = true)]
    pub text: Option<String>,
    /// How many bytes it had; `null` where there was none, or where its length was not known.
    #[schema(required = true, minimum = 0)]
    pub size: Option<u32>,
    /// Whether the text is only its beginning.
    pub cut: bool,
}

/// What a cycle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CycleKind {
    /// Somebody looked whether the connection works.
    ConnectionTest,
    /// Everybody was sent for the first time.
    Initial,
    /// What has changed was sent.
    Incremental,
    /// An administrator sent one person or one group.
    OnDemand,
}

/// Requests of an identity provider that belong together: one after the other, until nothing came for five minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e67",
    "kind": "incremental",
    "open": false,
    "started_at": "2026-11-20T12:00:00.000Z",
    "last_at": "2026-11-20T12:00:42.000Z",
    "duration_ms": 42000,
    "counts": {"requests": 42, "probes": 1, "reads": 20, "users_created": 3, "users_updated": 15, "users_deleted": 0,
               "groups_created": 0, "groups_updated": 2, "groups_deleted": 0, "others": 0, "failures": 1,
               "throttled": 0, "server_errors": 0},
})))]
pub struct Cycle {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: CycleId,
    /// What it is for, as far as can be told; while it is open, this may change.
    pub kind: CycleKind,
    /// Whether more requests may still belong to it.
    pub open: bool,
    /// When the first request came.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When the last request came.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
    /// The time between those two, in milliseconds.
    #[schema(minimum = 0)]
    pub duration_ms: u64,
    /// How many requests of each kind there were, and how they went.
    pub counts: CycleCounts,
}

/// How many requests of each kind a cycle has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"requests": 42, "probes": 1, "reads": 20, "users_created": 3, "users_updated": 15,
    "users_deleted": 0, "groups_created": 0, "groups_updated": 2, "groups_deleted": 0, "others": 0, "failures": 1,
    "throttled": 0, "server_errors": 0})))]
pub struct CycleCounts {
    /// All of them.
    pub requests: u32,
    /// Looks whether anybody answers, discovery and access tokens.
    pub probes: u32,
    /// Searches and reads.
    pub reads: u32,
    /// Users made.
    pub users_created: u32,
    /// Changes of users.
    pub users_updated: u32,
    /// Users deleted.
    pub users_deleted: u32,
    /// Groups made.
    pub groups_created: u32,
    /// Changes of groups.
    pub groups_updated: u32,
    /// Groups deleted.
    pub groups_deleted: u32,
    /// Bulk requests, and what else there is.
    pub others: u32,
    /// Requests that failed. That somebody was not there is no failure of a read or a deletion.
    pub failures: u32,
    /// Failures with status 429.
    pub throttled: u32,
    /// Failures with a status from 500.
    pub server_errors: u32,
}
