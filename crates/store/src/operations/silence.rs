//! Silence: directories whose identity provider has missed several cycles. Announced once for each silence.

use crate::event_log::append::{append, lock_lane};
use crate::operations::contacts;
use crate::{Directory, DirectoryState, EventDraft, Store, StoreError};
use db::entity::column::Millis;
use db::entity::directories;
use db::entity::directory_contacts::{Column, Entity, Model};
use db::send::{fetch_all, fetch_one};
use directory::sync::{Contact, expected};
use events::{DirectoryId, EventId, EventType, Source, Timestamp, lane_of};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use serde_json::json;

/// Directories announced in one go.
const AT_ONCE: u64 = 50;

impl Store {
    /// Announces silences that began, each once, as `directory.silent`. Whether there may be more.
    ///
    /// # Errors
    /// As any write; what was announced before stays so.
    pub async fn announce_silences(&self, now: Timestamp, partitions: u16) -> Result<bool, StoreError> {
        let due = Entity::find()
            .filter(Column::SilencedAt.is_null())
            .filter(Column::SilentAt.lte(Millis::from(now)))
            .order_by_asc(Column::SilentAt)
            .limit(AT_ONCE);
        let due: Vec<Model> = fetch_all(self.read(), due.as_query()).await?;
        for contact in &due {
            self.announce_silence(contact.directory_id.0, now, partitions).await?;
        }
        Ok(due.len() as u64 >= AT_ONCE)
    }

    async fn announce_silence(&self, id: DirectoryId, now: Timestamp, partitions: u16) -> Result<(), StoreError> {
        let lane = lane_of(id, partitions);
        let tx = self.begin().await?;
        // Before the first write, so that the log keeps its order.
        lock_lane(&tx, self.dialect(), lane).await?;
        let held = contacts::hold_known(&tx, &[id]).await?;
        let of: Option<directories::Model> = fetch_one(&tx, directories::Entity::find_by_id(id).as_query()).await?;
        let (Some(row), Some(of)) = (held.first(), of) else {
            return Ok(());
        };
        let (mut contact, of) = (contacts::contact(row), Directory::from(of));
        // Somebody else announced it, or the identity provider came meanwhile.
        if contact.silenced_at.is_some() || contact.silent_at.is_none_or(|at| at > now) {
            return Ok(());
        }
        contact.silenced_at = Some(now);
        contacts::save_one(&tx, id, &contact).await?;
        // Who paused a directory knows that nothing comes.
        if of.state != DirectoryState::Paused {
            append(&tx, self.dialect(), lane, vec![silent(&of, &contact, now)]).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn silent(of: &Directory, contact: &Contact, now: Timestamp) -> EventDraft {
    let cadence = expected(&of.provider, contact.cadence);
    EventDraft {
        id: EventId::new(),
        kind: EventType::DirectorySilent,
        organization_id: of.organization_id,
        directory_id: of.id,
        source: Source::System,
        subject_id: None,
        timestamp: now,
        traceparent: None,
        data: json!({
            "directory": of.about(),
            "silence": {
                "last_contact_at": contact.last_at,
                "cycle_seconds": cadence.map(|cadence| cadence.as_secs()),
            },
        }),
    }
}
