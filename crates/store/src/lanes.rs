//! Who works in a lane: an epoch that only grows, so that whoever lost a lane cannot commit in it any more.

use crate::sql::{Row, query_all, query_one};
use crate::{Store, StoreError};
use events::Timestamp;
use sea_orm::DatabaseTransaction;

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

/// The lanes among `held` (lane, epoch) that somebody else has taken over since.
pub(crate) async fn lost(tx: &DatabaseTransaction, role: &str, held: &[(u16, i64)]) -> Result<Vec<u16>, StoreError> {
    let rows = query_all(tx, "SELECT id, epoch FROM lanes WHERE role = $1", [role.into()]).await?;
    let mut current = std::collections::HashMap::with_capacity(rows.len());
    for row in &rows {
        current.insert(row.get::<i32>("id")?, row.get::<i64>("epoch")?);
    }
    let is_mine = |(lane, epoch): &&(u16, i64)| current.get(&i32::from(*lane)) == Some(epoch);
    Ok(held
        .iter()
        .filter(|lane| !is_mine(lane))
        .map(|(lane, _)| *lane)
        .collect())
}
