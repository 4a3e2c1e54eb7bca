//! Keys that sign for apps.

use crate::{Store, StoreError};
use db::entity::column::Millis;
use db::entity::sso_keys::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_all};
use events::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};
use uuid::Uuid;

/// Keys that are read: the newest, those before it, and the next one.
const MOST_KEYS: u64 = 10;

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoKey {
    /// Its row.
    pub id: Uuid,
    /// PKCS#8, sealed.
    pub sealed_key: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs. It is published before, so that apps know it by then.
    pub signs_from: Timestamp,
    /// Until when it is published; `None` for the newest.
    pub published_until: Option<Timestamp>,
}

/// The keys.
#[derive(Clone, Debug)]
pub struct SsoKeys {
    store: Store,
}

impl Store {
    /// The keys that sign for apps.
    #[must_use]
    pub fn sso_keys(&self) -> SsoKeys {
        SsoKeys { store: self.clone() }
    }
}

impl SsoKeys {
    /// The keys that are published now, the newest first.
    ///
    /// # Errors
    /// As any query.
    pub async fn published(&self, now: Timestamp) -> Result<Vec<SsoKey>, StoreError> {
        let is_published = Column::PublishedUntil
            .is_null()
            .or(Column::PublishedUntil.gt(Millis::from(now)));
        let keys = Entity::find()
            .filter(is_published)
            .order_by_desc(Column::SignsFrom)
            .order_by_desc(Column::Id)
            .limit(MOST_KEYS);
        let rows: Vec<Model> = fetch_all(self.store.read(), keys.as_query()).await?;
        Ok(rows.into_iter().map(key).collect())
    }

    /// Adds a key, and lets the others go when apps have let go of what they signed.
    ///
    /// # Errors
    /// As any write.
    pub async fn add(&self, new: &SsoKey, others_until: Timestamp) -> Result<(), StoreError> {
        let tx = self.store.begin().await?;
        let ending = Entity::update_many()
            .col_expr(Column::PublishedUntil, Expr::value(Millis::from(others_until)))
            .filter(Column::PublishedUntil.is_null());
        execute(&tx, ending.as_query()).await?;
        let added = Entity::insert(ActiveModel {
            id: Set(new.id),
            sealed_key: Set(new.sealed_key.clone()),
            created_at: Set(new.created_at.into()),
            signs_from: Set(new.signs_from.into()),
            published_until: Set(new.published_until.map(Millis::from)),
        });
        execute(&tx, added.as_query()).await?;
        let gone = Entity::delete_many().filter(Column::PublishedUntil.lte(Millis::from(new.created_at)));
        execute(&tx, gone.as_query()).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn key(row: Model) -> SsoKey {
    SsoKey {
        id: row.id,
        sealed_key: row.sealed_key,
        created_at: row.created_at.into(),
        signs_from: row.signs_from.into(),
        published_until: row.published_until.map(Timestamp::from),
    }
}
