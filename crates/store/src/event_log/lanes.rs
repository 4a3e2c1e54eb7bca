//! Who works in a lane: an epoch that only grows, so that a projector that lost a lane cannot commit in it any more.

use crate::{Store, StoreError};
use db::entity::lanes::{ActiveModel, Column, Entity, Model};
use db::send::fetch_one;
use events::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{EntityTrait as _, QueryTrait as _, Set};

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
        let taken = Entity::insert(ActiveModel {
            id: Set(i32::from(lane)),
            role: Set(self.role.to_owned()),
            epoch: Set(1),
            owner: Set(owner.to_owned()),
            updated_at: Set(now.into()),
        });
        let once_more = OnConflict::columns([Column::Id, Column::Role])
            .value(Column::Epoch, Expr::col((Entity, Column::Epoch)).add(1))
            .update_columns([Column::Owner, Column::UpdatedAt])
            .to_owned();
        let mut taken = taken.on_conflict(once_more).into_query();
        taken.returning_all();
        let lane: Option<Model> = fetch_one(self.store.write(), &taken).await?;
        let lane = lane.ok_or_else(|| StoreError::corrupt("no epoch returned"))?;
        Ok(lane.epoch)
    }
}
