//! `/audit-log`: who did what in this API, and who was refused.

use events::{AuditId, DirectoryId, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "created_at": "2026-11-20T12:00:00.000Z",
    "action": "directory.updated",
    "outcome": "done",
    "status": null,
    "detail": null,
    "actor": {"type": "admin_key", "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60", "name": "CI"},
    "object": {"type": "directory", "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61"},
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e62",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61",
    "operation": "PATCH /api/v1/directories/{id}",
    "before": {"state": "active"},
    "after": {"state": "paused"},
    "client_address": "192.0.2.7",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "count": 1,
})))]
pub struct AuditEntry {
    /// Its id. Ids made later sort later.
    #[schema(value_type = Uuid)]
    pub id: AuditId,
    /// When it happened; of several refusals, the first.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// What was done, as object and verb; `access.refused` for what was refused.
    pub action: String,
    /// Whether it was done.
    pub outcome: AuditOutcome,
    /// The HTTP status of a refusal.
    #[schema(required = true, minimum = 400, maximum = 499)]
    pub status: Option<u16>,
    /// Why it was refused, or what else there is to say.
    #[schema(required = true)]
    pub detail: Option<String>,
    /// Who did it.
    pub actor: AuditActor,
    /// To what it was done.
    #[schema(required = true)]
    pub object: Option<AuditObject>,
    /// The organization that the object belongs to.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// The directory that the object belongs to.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// Method and route of the request.
    #[schema(required = true)]
    pub operation: Option<String>,
    /// The object as it was; of a change only the members that changed. Secrets are never in it.
    #[schema(required = true, value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The object as it is since.
    #[schema(required = true, value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The address that the request came from, or the network of a stranger.
    #[schema(required = true)]
    pub client_address: Option<String>,
    /// The trace of the request.
    #[schema(required = true)]
    pub trace_id: Option<String>,
    /// How many times it happened: refusals of one kind within a minute are one entry.
    #[schema(minimum = 1)]
    pub count: i64,
}

/// Whether something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was.
    Done,
    /// It was refused, and nothing changed.
    Refused,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"type": "system", "id": null, "name": "command line"})))]
pub struct AuditActor {
    /// What kind of actor it was.
    pub r#type: AuditActorType,
    /// The key, the portal link, or the user of the directory.
    #[schema(required = true)]
    pub id: Option<Uuid>,
    /// What the key or the person was called, or which part of the program it was.
    #[schema(required = true)]
    pub name: Option<String>,
}

/// A kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditActorType {
    /// The holder of an admin key.
    AdminKey,
    /// The holder of a link to the portal.
    PortalLink,
    /// A person of a directory, who was in the console.
    Person,
    /// The holder of the admin key of the configuration.
    ConfiguredKey,
    /// The program itself: its command line, or its first start.
    System,
    /// Somebody without a key.
    Stranger,
}

/// To what something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"type": "directory", "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f"})))]
pub struct AuditObject {
    /// What kind of object it is: `organization`, `directory`, `key`; unknown of what was refused.
    #[schema(required = true)]
    pub r#type: Option<String>,
    /// Its id.
    #[schema(required = true)]
    pub id: Option<String>,
}
