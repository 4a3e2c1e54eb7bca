//! Cutting off the beginning of the log: what the events leave goes into the base, in the transaction that removes them.

use super::{CopyName, LogCopies, run};
use crate::StoreError;
use crate::sql::{Row, query_one};
use directory::Images;
use events::Timestamp;

impl LogCopies<'_> {
    /// How far the log may be cut off: the last event after the base, at most `limit` further, that is older than
    /// `before`, on the bus, and of which as of all before it no delivery is open. 0 when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn cuttable(&self, before: Timestamp, limit: u32) -> Result<i64, StoreError> {
        let base = self.sequence(CopyName::Base).await?;
        let until = base + i64::from(limit);
        let directory = || self.directory.uuid().into();
        // Events are as old as their order says, but clocks may jump: the first one that is too young ends it.
        let young = "SELECT MIN(sequence) AS first FROM events \
                     WHERE directory_id = $1 AND sequence > $2 AND sequence <= $3 AND created_at >= $4";
        let values = [directory(), base.into(), until.into(), before.millis().into()];
        let young: Option<i64> = match query_one(self.store.read(), young, values).await? {
            Some(row) => row.get("first")?,
            None => None,
        };
        let open = "SELECT MIN(e.sequence) AS first FROM events e CROSS JOIN endpoints p \
                    JOIN deliveries d ON d.endpoint_id = p.id AND d.event_id = e.id \
                    AND d.state IN ('pending', 'leased', 'scheduled', 'held') \
                    WHERE e.directory_id = $1 AND e.sequence > $2 AND e.sequence <= $3";
        let open: Option<i64> =
            match query_one(self.store.read(), open, [directory(), base.into(), until.into()]).await? {
                Some(row) => row.get("first")?,
                None => None,
            };
        let published = "SELECT p.sequence FROM publications p WHERE p.directory_id = $1";
        let published: i64 = match query_one(self.store.read(), published, [directory()]).await? {
            Some(row) => row.get("sequence")?,
            None => 0,
        };
        let last = [young, open]
            .into_iter()
            .flatten()
            .map(|first| first - 1)
            .fold(published.min(until), i64::min);
        Ok(if last > base { last } else { 0 })
    }

    /// Puts a page of events, which follow on the base, into it and removes them from the log.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Invalid`] when the directory is gone or the base has moved meanwhile.
    pub async fn cut(&self, from: i64, images: &Images, now: Timestamp) -> Result<(), StoreError> {
        let mut projection = self.open(&[]).await?;
        let (dialect, directory) = (projection.dialect, self.directory);
        self.put(&mut projection, CopyName::Base, images, now).await?;
        let remove = format!(
            "DELETE FROM events WHERE directory_id IN {{directory}} AND sequence > {from} AND sequence <= {} \
             RETURNING 1 AS one",
            images.sequence
        );
        let removed = run(&mut projection.tx, dialect, directory, &remove).await?;
        // Two housekeepers at once: one of them finds the events gone, and takes its part back.
        if i64::try_from(removed).ok() != Some(images.sequence - from) {
            projection.rollback().await?;
            return Err(StoreError::Invalid(
                "the log was cut off by somebody else at the same time".to_owned(),
            ));
        }
        projection.commit().await
    }
}
