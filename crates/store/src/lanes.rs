//! Who works in a lane: an epoch that only grows, so that whoever lost a lane cannot commit in it any more.

use crate::sql::{Row, query_one};
use crate::{Store, StoreError};
use events::Timestamp;

/// The lanes of one role (`projector`, `dispatcher`).
#[derive(Clone, Copy, Debug)]
pub struct Lanes<'a> {
    store: &'a Store,
    role: &'static str,
}

impl Store {
    /// The lanes of a role.
    #[must_use]
    pub const fn lanes(&self, role: &'static str) -> Lanes<'_> {
        Lanes { store: self, role }
    }
}

impl Lanes<'_> {
    /// Takes a lane over: the returned epoch is higher than any before, and every transaction that checks an older
    /// one is refused from now on.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take(&self, lane: u16, owner: &str, now: Timestamp) -> Result<i64, StoreError> {
        let sql = "INSERT INTO lanes (id, role, epoch, owner, updated_at) VALUES ($1, $2, 1, $3, $4) \
                   ON CONFLICT (id, role) DO UPDATE SET epoch = lanes.epoch + 1, owner = excluded.owner, \
                   updated_at = excluded.updated_at RETURNING epoch";
        let values = [
            i32::from(lane).into(),
            self.role.into(),
            owner.into(),
            now.millis().into(),
        ];
        let row = query_one(self.store.write(), sql, values).await?;
        row.ok_or_else(|| StoreError::corrupt("no epoch returned"))?
            .get("epoch")
    }
}
