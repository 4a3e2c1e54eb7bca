//! How far a service that follows the event log has come.

use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::log_readers::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_one};
use events::{EventId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, QueryTrait as _, Set};

/// A service that follows the event log, by its name.
#[derive(Clone, Debug)]
pub struct LogReader {
    store: Store,
    name: &'static str,
}

impl Store {
    /// How far a service has come in the event log.
    #[must_use]
    pub fn log_reader(&self, name: &'static str) -> LogReader {
        LogReader {
            store: self.clone(),
            name,
        }
    }
}

impl LogReader {
    /// The last event that it is done with; the outer `None` before it was ever noted.
    ///
    /// # Errors
    /// As any query.
    pub async fn position(&self) -> Result<Option<Option<EventId>>, StoreError> {
        let noted = Entity::find_by_id(self.name.to_owned());
        let found: Option<Model> = fetch_one(self.store.read(), noted.as_query()).await?;
        Ok(found.map(|row| row.after_id.map(|id| id.0)))
    }

    /// Notes the last event that it is done with.
    ///
    /// # Errors
    /// As any write.
    pub async fn note(&self, after: Option<EventId>, now: Timestamp) -> Result<(), StoreError> {
        let newer = OnConflict::column(Column::Name)
            .update_columns([Column::AfterId, Column::UpdatedAt])
            .to_owned();
        let noted = Entity::insert(ActiveModel {
            name: Set(self.name.to_owned()),
            after_id: Set(after.map(Id)),
            updated_at: Set(Millis::from(now)),
        })
        .on_conflict(newer);
        execute(self.store.write(), noted.as_query()).await?;
        Ok(())
    }
}
