//! Lines of the audit log about streams.

use events::{AuditId, OrganizationId, SsfStreamId, SsoClientId, Timestamp};
use serde_json::Value;
use store::{AuditActor, AuditEntry};

/// What was done to a stream, as it was before and is since: see [`audited`](super::shown::audited).
pub(super) fn line(
    action: &str,
    (stream, app): (SsfStreamId, SsoClientId),
    organization: Option<OrganizationId>,
    (before, after): (Option<&Value>, Option<&Value>),
    now: Timestamp,
) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        actor: AuditActor::System("single sign-on".to_owned()),
        action: action.to_owned(),
        object_kind: Some("ssf_stream".to_owned()),
        object_id: Some(stream.to_string()),
        organization_id: organization,
        directory_id: None,
        status: None,
        detail: None,
        operation: Some(format!("by the app {app}")),
        before: before.map(Value::to_string),
        after: after.map(Value::to_string),
        trace_id: None,
        client: None,
        count: 1,
        created_at: now,
    }
}
