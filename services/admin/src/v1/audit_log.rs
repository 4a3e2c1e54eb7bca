//! `/audit-log`: who did what in this API, and who was refused.

mod export;
pub(super) mod list;

use crate::problem::Problem;
use api::{AuditActor, AuditActorType, AuditEntry, AuditObject, AuditOutcome};
use serde_json::Value;

/// An entry as the API shows it.
fn shown(entry: store::AuditEntry) -> Result<AuditEntry, Problem> {
    let is_about_something = entry.object_kind.is_some() || entry.object_id.is_some();
    Ok(AuditEntry {
        id: entry.id,
        created_at: entry.created_at,
        action: entry.action,
        outcome: match entry.status {
            None => AuditOutcome::Done,
            Some(_) => AuditOutcome::Refused,
        },
        status: entry.status,
        detail: entry.detail,
        actor: actor(entry.actor),
        object: is_about_something.then_some(AuditObject {
            r#type: entry.object_kind,
            id: entry.object_id,
        }),
        organization_id: entry.organization_id,
        directory_id: entry.directory_id,
        operation: entry.operation,
        before: json(entry.before)?,
        after: json(entry.after)?,
        client_address: entry.client,
        trace_id: entry.trace_id,
        count: entry.count,
    })
}

fn actor(actor: store::AuditActor) -> AuditActor {
    let of = |r#type, id, name| AuditActor { r#type, id, name };
    match actor {
        store::AuditActor::Key { id, name } => of(AuditActorType::AdminKey, Some(id.uuid()), Some(name)),
        store::AuditActor::PortalLink(id) => of(AuditActorType::PortalLink, Some(id.uuid()), None),
        store::AuditActor::Person { id, name } => {
            let name = Some(name).filter(|name| !name.is_empty());
            of(AuditActorType::Person, Some(id.uuid()), name)
        }
        store::AuditActor::Configured => of(AuditActorType::ConfiguredKey, None, None),
        store::AuditActor::System(name) => of(AuditActorType::System, None, Some(name)),
        store::AuditActor::Stranger => of(AuditActorType::Stranger, None, None),
    }
}

fn json(text: Option<String>) -> Result<Option<Value>, Problem> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Problem::internal(&error))
}
