//! The audit log: who did what in the management API, and who was refused.
//!
//! An entry about a change is written in the transaction of the change ([`AdminTx::audit`]), so one exists if and only if
//! the other does. Ids are UUID v7: their order is that of time.

mod list;
mod prune;

pub use list::{AuditActorKind, AuditFilter, AuditPage};

use crate::{AdminTx, Store, StoreError};
use db::entity::audit_log::{ActiveModel, ActorKind, Column, Entity, Model};
use db::entity::column::{Id, Millis};
use db::send::execute;
use events::{AdminKeyId, AuditId, DirectoryId, OrganizationId, PortalLinkId, ResourceId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, QueryTrait as _, Set};

/// Entries in one statement.
const AT_ONCE: usize = 200;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AuditActor {
    /// The holder of an admin key.
    Key {
        /// The key.
        id: AdminKeyId,
        /// What it was called then.
        name: String,
    },
    /// The holder of a link to the portal.
    PortalLink(PortalLinkId),
    /// A person of a directory, who is in the console.
    Person {
        /// The user.
        id: ResourceId,
        /// What the person was called then; empty where the person was erased.
        name: String,
    },
    /// The holder of the key of the configuration.
    Configured,
    /// The program itself: its command line, or its first start.
    System(String),
    /// Somebody who did not prove who they are.
    Stranger,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Who did it.
    pub actor: AuditActor,
    /// What was done: `organization.created`, `access.refused`.
    pub action: String,
    /// To what kind of object.
    pub object_kind: Option<String>,
    /// To which object.
    pub object_id: Option<String>,
    /// The organization that the object belongs to.
    pub organization_id: Option<OrganizationId>,
    /// The directory that the object belongs to.
    pub directory_id: Option<DirectoryId>,
    /// The HTTP status of a refusal; `None` for what was done.
    pub status: Option<u16>,
    /// Why it was refused.
    pub detail: Option<String>,
    /// Method and route of the request.
    pub operation: Option<String>,
    /// The object as it was, as JSON text; of a change only what changed. Nothing secret.
    pub before: Option<String>,
    /// The object as it is since.
    pub after: Option<String>,
    /// The trace of the request.
    pub trace_id: Option<String>,
    /// The address that the request came from.
    pub client: Option<String>,
    /// How many times it happened: refusals of one kind are counted within a minute.
    pub count: i64,
    /// When it happened, for the first time.
    pub created_at: Timestamp,
}

/// The audit log, for reading, and for writing what is no change.
#[derive(Clone, Debug)]
pub struct AuditLog {
    store: Store,
}

impl Store {
    /// The audit log.
    #[must_use]
    pub fn audit_log(&self) -> AuditLog {
        AuditLog { store: self.clone() }
    }
}

impl AdminTx {
    /// Adds the entry about this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        let added = Entity::insert(row(entry));
        execute(&self.tx, added.as_query()).await?;
        Ok(())
    }
}

impl AuditLog {
    /// Writes entries of what is no change of this database. An entry that is there gets the new count.
    ///
    /// # Errors
    /// As any write; then some may be written.
    pub async fn note(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        for some in entries.chunks(AT_ONCE) {
            let counted = OnConflict::column(Column::Id).update_column(Column::Count).to_owned();
            let noted = Entity::insert_many(some.iter().cloned().map(row)).on_conflict(counted);
            execute(self.store.write(), noted.as_query()).await?;
        }
        Ok(())
    }
}

fn row(entry: AuditEntry) -> ActiveModel {
    let (kind, actor_id, name) = match entry.actor {
        AuditActor::Key { id, name } => (ActorKind::Key, Some(id.uuid()), Some(name)),
        AuditActor::PortalLink(id) => (ActorKind::PortalLink, Some(id.uuid()), None),
        AuditActor::Person { id, name } => (ActorKind::Person, Some(id.uuid()), Some(name)),
        AuditActor::Configured => (ActorKind::Configured, None, None),
        AuditActor::System(name) => (ActorKind::System, None, Some(name)),
        AuditActor::Stranger => (ActorKind::Stranger, None, None),
    };
    ActiveModel {
        id: Set(entry.id.into()),
        actor_kind: Set(kind),
        actor_id: Set(actor_id),
        actor_name: Set(name),
        action: Set(entry.action),
        object_kind: Set(entry.object_kind),
        object_id: Set(entry.object_id),
        organization_id: Set(entry.organization_id.map(Id)),
        directory_id: Set(entry.directory_id.map(Id)),
        status: Set(entry.status.map(i32::from)),
        detail: Set(entry.detail),
        operation: Set(entry.operation),
        before: Set(entry.before),
        after: Set(entry.after),
        trace_id: Set(entry.trace_id),
        client: Set(entry.client),
        count: Set(entry.count),
        created_at: Set(Millis::from(entry.created_at)),
    }
}

fn entry(row: Model) -> Result<AuditEntry, StoreError> {
    let actor = match (row.actor_kind, row.actor_id) {
        (ActorKind::PortalLink, Some(id)) => AuditActor::PortalLink(id.into()),
        (ActorKind::Key, Some(id)) => AuditActor::Key {
            id: id.into(),
            name: row.actor_name.unwrap_or_default(),
        },
        (ActorKind::Person, Some(id)) => AuditActor::Person {
            id: id.into(),
            name: row.actor_name.unwrap_or_default(),
        },
        (ActorKind::Key | ActorKind::PortalLink | ActorKind::Person, None) => {
            return Err(StoreError::corrupt("an audit entry names no key, link or person"));
        }
        (ActorKind::Configured, _) => AuditActor::Configured,
        (ActorKind::System, _) => AuditActor::System(row.actor_name.unwrap_or_default()),
        (ActorKind::Stranger, _) => AuditActor::Stranger,
    };
    Ok(AuditEntry {
        id: row.id.0,
        actor,
        action: row.action,
        object_kind: row.object_kind,
        object_id: row.object_id,
        organization_id: row.organization_id.map(|id| id.0),
        directory_id: row.directory_id.map(|id| id.0),
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        detail: row.detail,
        operation: row.operation,
        before: row.before,
        after: row.after,
        trace_id: row.trace_id,
        client: row.client,
        count: row.count,
        created_at: row.created_at.into(),
    })
}
