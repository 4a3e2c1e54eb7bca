//! Subscriptions of changes at Microsoft Graph, which say that a round is worth its while before its time.

use super::marks::commit;
use super::{GraphCollection, GraphWriteError, GraphWriter};
use crate::tenancy::TokenDigest;
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::graph_subscriptions::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_all, fetch_one};
use events::{DirectoryId, GraphSubscriptionId, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _, Set};
use uuid::Uuid;

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphSubscription {
    /// Ours, which is part of the URL that notifications go to.
    pub id: GraphSubscriptionId,
    /// The directory.
    pub directory_id: DirectoryId,
    /// Of what.
    pub collection: GraphCollection,
    /// The one of Graph; `None` while it is being made.
    pub subscription_id: Option<Uuid>,
    /// Hash of the `clientState` that its notifications have; compare it in constant time.
    pub state_hash: TokenDigest,
    /// When it ends; while it is being made, until when Graph may ask whether the URL is ours.
    pub expires_at: Timestamp,
    /// From when on it is to be renewed.
    pub renew_at: Timestamp,
}

impl GraphSubscription {
    /// Whether it is being made, so that Graph may ask whether the URL is ours.
    #[must_use]
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.subscription_id.is_none() && self.expires_at > now
    }
}

impl Store {
    /// The subscriptions of a directory: of each collection one, if there is one.
    ///
    /// # Errors
    /// As any query.
    pub async fn graph_subscriptions(&self, directory: DirectoryId) -> Result<Vec<GraphSubscription>, StoreError> {
        let both = Entity::find().filter(Column::DirectoryId.eq(Id(directory)));
        let found: Vec<Model> = fetch_all(self.read(), both.as_query()).await?;
        found.into_iter().map(subscription).collect()
    }

    /// The subscription that a URL names.
    ///
    /// # Errors
    /// As any query.
    pub async fn graph_subscription(&self, id: GraphSubscriptionId) -> Result<Option<GraphSubscription>, StoreError> {
        let found: Option<Model> = fetch_one(self.read(), Entity::find_by_id(id).as_query()).await?;
        found.map(subscription).transpose()
    }

    /// Has a subscription renewed by whoever works on its directory next: because Graph asks for it. With `is_gone` it is made
    /// again instead.
    ///
    /// # Errors
    /// As any write.
    pub async fn graph_subscription_wanted(
        &self,
        id: GraphSubscriptionId,
        is_gone: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let now = Millis::from(now);
        let mut noted = Entity::update_many()
            .col_expr(Column::RenewAt, now.into())
            .filter(Column::Id.eq(Id(id)));
        if is_gone {
            noted = noted.col_expr(Column::ExpiresAt, now.into());
        }
        execute(self.write(), noted.as_query()).await?;
        Ok(())
    }
}

impl GraphWriter {
    /// Notes that a subscription is being made, in place of the one that its collection had.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn subscription_begins(&self, new: &GraphSubscription) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        let before = Entity::delete_many()
            .filter(Column::DirectoryId.eq(Id(self.lease.directory_id)))
            .filter(Column::Collection.eq(new.collection));
        execute(&tx, before.as_query()).await?;
        let begun = Entity::insert(ActiveModel {
            id: Set(Id(new.id)),
            directory_id: Set(Id(self.lease.directory_id)),
            collection: Set(new.collection),
            subscription_id: Set(new.subscription_id),
            state_hash: Set(new.state_hash.to_vec()),
            expires_at: Set(new.expires_at.into()),
            renew_at: Set(new.renew_at.into()),
        });
        execute(&tx, begun.as_query()).await?;
        commit(tx).await
    }

    /// Notes that a subscription was made, or renewed.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn subscription_lasts(
        &self,
        id: GraphSubscriptionId,
        subscription_id: Uuid,
        expires_at: Timestamp,
        renew_at: Timestamp,
    ) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        let noted = Entity::update_many()
            .set(ActiveModel {
                subscription_id: Set(Some(subscription_id)),
                expires_at: Set(expires_at.into()),
                renew_at: Set(renew_at.into()),
                ..Default::default()
            })
            .filter(Column::Id.eq(Id(id)))
            .filter(Column::DirectoryId.eq(Id(self.lease.directory_id)));
        execute(&tx, noted.as_query()).await?;
        commit(tx).await
    }

    /// Forgets a subscription.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn subscription_ends(&self, id: GraphSubscriptionId) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        let ended = Entity::delete_many()
            .filter(Column::Id.eq(Id(id)))
            .filter(Column::DirectoryId.eq(Id(self.lease.directory_id)));
        execute(&tx, ended.as_query()).await?;
        commit(tx).await
    }
}

fn subscription(row: Model) -> Result<GraphSubscription, StoreError> {
    let hash = row.state_hash.try_into();
    Ok(GraphSubscription {
        id: row.id.0,
        directory_id: row.directory_id.0,
        collection: row.collection,
        subscription_id: row.subscription_id,
        state_hash: hash.map_err(|_| StoreError::corrupt("a hash of another length"))?,
        expires_at: row.expires_at.into(),
        renew_at: row.renew_at.into(),
    })
}
