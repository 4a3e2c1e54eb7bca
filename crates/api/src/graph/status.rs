//! How a pull stands.

use super::{GraphMode, GraphState};
use events::{GraphRoundId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "code": "credential_expired",
    "detail": "Microsoft Entra ID says AADSTS7000222: The client secret has expired.",
    "at": "2026-11-20T12:00:00.000Z",
    "aadsts": 7000222,
    "trace_id": "1b0c7a52-6f0e-4c39-8a0e-7f2f9d1c4e22",
    "correlation_id": "2e0f9c66-0a63-4b51-9d3b-6b1f6e3a7c55",
    "request_id": null,
    "missing": [],
    "would_go": null,
    "known": null,
})))]
pub struct GraphFault {
    /// A name of the reason that stays the same.
    pub code: String,
    /// What happened and how it is mended.
    pub detail: String,
    /// When; `null` where that is not known.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// The number behind `AADSTS`, where Microsoft Entra ID gave one.
    #[schema(required = true)]
    pub aadsts: Option<u32>,
    /// What Microsoft's support asks for ("Trace ID").
    #[schema(required = true)]
    pub trace_id: Option<String>,
    /// What the sign-in log of the tenant is searched by ("Correlation ID").
    #[schema(required = true)]
    pub correlation_id: Option<String>,
    /// What Graph calls the request (`request-id`).
    #[schema(required = true)]
    pub request_id: Option<String>,
    /// The permissions that are missing; any one of them would do, the least first.
    pub missing: Vec<String>,
    /// How many people would go, where the pull is held for that.
    #[schema(required = true)]
    pub would_go: Option<u64>,
    /// Of how many.
    #[schema(required = true)]
    pub known: Option<u64>,
}

/// How far a round is with people or with groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"pages": 12, "seen": 2400, "known": 10000, "is_complete": false})))]
pub struct GraphProgress {
    /// Pages that were read.
    pub pages: u64,
    /// Objects that they brought.
    pub seen: u64,
    /// Objects that were known when it began.
    pub known: u64,
    /// Whether that part is over.
    pub is_complete: bool,
}

/// The round that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "is_full": true,
    "stage": "users",
    "began_at": "2026-11-20T12:00:00.000Z",
    "users": {"pages": 12, "seen": 2400, "known": 10000, "is_complete": false},
    "groups": null,
    "ends_at": "2026-11-20T12:04:10.000Z",
})))]
pub struct GraphCurrentRound {
    /// Whether it brings everything there is, and not only what changed.
    pub is_full: bool,
    /// What is done now, by name; `null` before its first page.
    #[schema(required = true)]
    pub stage: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Timestamp,
    /// How far it is with people; `null` before it began with them.
    #[schema(required = true)]
    pub users: Option<GraphProgress>,
    /// How far it is with groups, which come after people.
    #[schema(required = true)]
    pub groups: Option<GraphProgress>,
    /// When the part that is under way ends, if it goes on as it did; `null` where nobody can tell.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Timestamp>,
}

/// A round that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e91",
    "is_full": false,
    "began_at": "2026-11-20T12:00:00.000Z",
    "ended_at": "2026-11-20T12:00:04.000Z",
    "outcome": "good",
    "counts": {"created": 2, "changed": 7},
    "error": null,
})))]
pub struct GraphRound {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: GraphRoundId,
    /// Whether it brought everything there is.
    pub is_full: bool,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Timestamp,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    pub ended_at: Timestamp,
    /// How.
    pub outcome: String,
    /// What it brought, by name.
    #[schema(value_type = Object)]
    pub counts: Map<String, Value>,
    /// What went wrong.
    #[schema(required = true)]
    pub error: Option<GraphFault>,
}

/// What is known of the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"users": 9980, "groups": 120, "waiting_members": 0, "skipped": {"guest": 12}})))]
pub struct GraphCounts {
    /// People who came into the directory.
    pub users: u64,
    /// Groups that did.
    pub groups: u64,
    /// Members of groups who were not known yet when the group came.
    pub waiting_members: u64,
    /// Objects that were left out, by the name of the reason.
    pub skipped: BTreeMap<String, u64>,
}

/// How a pull stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "state": "active",
    "mode": "pull",
    "next_round_at": "2026-11-20T12:15:00.000Z",
    "worked_on_until": null,
    "current": null,
    "rounds": [],
    "last_error": null,
    "failing_since": null,
    "failures": 0,
    "missing_permissions": [],
    "consent_url": "https://login.microsoftonline.com/5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10/adminconsent?client_id=c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42",
    "credential_expires_at": "2028-11-20T12:00:00.000Z",
    "counts": {"users": 9980, "groups": 120, "waiting_members": 0, "skipped": {}},
})))]
pub struct GraphStatus {
    /// Whether it is pulled.
    pub state: GraphState,
    /// What becomes of what is pulled.
    pub mode: GraphMode,
    /// When the next round is due; `null` where none is, because it is not pulled or worked on just now.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub next_round_at: Option<Timestamp>,
    /// While somebody works on it, until when at least; `null` otherwise.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub worked_on_until: Option<Timestamp>,
    /// The round that is under way, or that goes on next; `null` for none.
    #[schema(required = true)]
    pub current: Option<GraphCurrentRound>,
    /// The last rounds, the newest first; at most ten.
    pub rounds: Vec<GraphRound>,
    /// What went wrong the last time; `null` for nothing.
    #[schema(required = true)]
    pub last_error: Option<GraphFault>,
    /// Since when rounds fail.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// Rounds that failed since the last good one.
    pub failures: u32,
    /// The permissions that were missing the last time.
    pub missing_permissions: Vec<String>,
    /// Where an administrator of the tenant grants admin consent; `null` before the tenant and the application are known. It is
    /// good for a day.
    #[schema(required = true)]
    pub consent_url: Option<String>,
    /// When the credential that is used ends.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub credential_expires_at: Option<Timestamp>,
    /// What is known of the tenant.
    pub counts: GraphCounts,
}

/// A round that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"is_full": true, "next_round_at": "2026-11-20T12:00:00.000Z"})))]
pub struct GraphSyncAsked {
    /// Whether it brings everything there is.
    pub is_full: bool,
    /// When it is due. What is worked on just now is done once more afterwards.
    #[schema(value_type = String, format = DateTime)]
    pub next_round_at: Timestamp,
}

/// Many may go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"would_go": 40})))]
pub struct GraphRelease {
    /// How many people may go, as `last_error` of the status says it: where it is another number meanwhile, nothing is
    /// released.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 10_000_000)]
    pub would_go: Option<u64>,
}
