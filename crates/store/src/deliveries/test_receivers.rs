//! Receivers of Rollcall's own, to see what an app would get. Each stands behind one endpoint and goes with it. What came is
//! bounded three ways: by number, by size and by age.

use crate::tenancy::TokenDigest;
use crate::{AdminTx, Store, StoreError};
use ::events::{EndpointId, TestReceiptId, Timestamp};
use db::entity::column::{Id, Millis};
use db::entity::{test_receipts, test_receivers};
use db::send::{execute, fetch_all, fetch_one};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};

/// Receivers that there may be.
const MOST_RECEIVERS: u64 = 20;
/// What is kept of each receiver.
const MOST_RECEIPTS: u64 = 100;
/// Receipts that are forgotten in one statement.
const BATCH: u64 = 1_000;

/// A receiver.
#[derive(Clone, Debug)]
pub struct TestReceiver {
    /// Its endpoint, whose secret what comes is signed with.
    pub endpoint_id: EndpointId,
    /// Hash of the end of its URL; compare it in constant time.
    pub token_hash: TokenDigest,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a receiver was sent, signed as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestReceipt {
    /// Its id.
    pub id: TestReceiptId,
    /// The receiver.
    pub endpoint_id: EndpointId,
    /// When it came.
    pub at: Timestamp,
    /// Names and values, as JSON.
    pub headers: String,
    /// The beginning of the body.
    pub body: String,
    /// Bytes of the whole body.
    pub size: u32,
}

/// The receivers.
#[derive(Clone, Debug)]
pub struct TestReceivers {
    store: Store,
}

impl Store {
    /// The receivers of Rollcall's own.
    #[must_use]
    pub fn test_receivers(&self) -> TestReceivers {
        TestReceivers { store: self.clone() }
    }
}

impl AdminTx {
    /// Makes a receiver behind an endpoint that this change made. `false` where there are as many as there may be.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_test_receiver(&self, new: &TestReceiver) -> Result<bool, StoreError> {
        let some = test_receivers::Entity::find()
            .order_by_asc(test_receivers::Column::EndpointId)
            .limit(MOST_RECEIVERS);
        let known: Vec<test_receivers::Model> = fetch_all(&self.tx, some.as_query()).await?;
        if known.len() as u64 >= MOST_RECEIVERS {
            return Ok(false);
        }
        let made = test_receivers::Entity::insert(test_receivers::ActiveModel {
            endpoint_id: Set(new.endpoint_id.into()),
            token_hash: Set(new.token_hash.to_vec()),
            created_at: Set(new.created_at.into()),
        });
        execute(&self.tx, made.as_query()).await?;
        Ok(true)
    }
}

impl TestReceivers {
    /// The receiver behind an endpoint.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: EndpointId) -> Result<Option<TestReceiver>, StoreError> {
        let found = test_receivers::Entity::find_by_id(id);
        let found: Option<test_receivers::Model> = fetch_one(self.store.read(), found.as_query()).await?;
        found.map(receiver).transpose()
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// As any query.
    pub async fn all(&self) -> Result<Vec<TestReceiver>, StoreError> {
        let all = test_receivers::Entity::find()
            .order_by_asc(test_receivers::Column::EndpointId)
            .limit(MOST_RECEIVERS);
        let all: Vec<test_receivers::Model> = fetch_all(self.store.read(), all.as_query()).await?;
        all.into_iter().map(receiver).collect()
    }

    /// Keeps what came, and forgets what is too old by number.
    ///
    /// # Errors
    /// As any write.
    pub async fn receive(&self, receipt: &TestReceipt) -> Result<(), StoreError> {
        use test_receipts::{Column, Entity};
        let tx = self.store.begin().await?;
        let kept = Entity::insert(test_receipts::ActiveModel {
            id: Set(receipt.id.into()),
            endpoint_id: Set(receipt.endpoint_id.into()),
            at: Set(receipt.at.into()),
            headers: Set(receipt.headers.clone()),
            body: Set(receipt.body.clone()),
            size: Set(i32::try_from(receipt.size).unwrap_or(i32::MAX)),
        });
        execute(&tx, kept.as_query()).await?;
        let older = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::EndpointId.eq(Id(receipt.endpoint_id)))
            .order_by_desc(Column::Id)
            .offset(MOST_RECEIPTS)
            .limit(BATCH);
        let trimmed = Entity::delete_many().filter(Column::Id.in_subquery(older.into_query()));
        execute(&tx, trimmed.as_query()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a receiver was sent since a time, the newest first.
    ///
    /// # Errors
    /// As any query.
    pub async fn receipts(&self, of: EndpointId, since: Timestamp) -> Result<Vec<TestReceipt>, StoreError> {
        use test_receipts::{Column, Entity};
        let newest = Entity::find()
            .filter(Column::EndpointId.eq(Id(of)))
            .filter(Column::At.gt(Millis::from(since)))
            .order_by_desc(Column::Id)
            .limit(MOST_RECEIPTS);
        let rows: Vec<test_receipts::Model> = fetch_all(self.store.read(), newest.as_query()).await?;
        Ok(rows.into_iter().map(receipt).collect())
    }

    /// Forgets what came before a time, a bounded number of it. Says whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget(&self, before: Timestamp) -> Result<bool, StoreError> {
        use test_receipts::{Column, Entity};
        let old = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::At.lte(Millis::from(before)))
            .order_by_asc(Column::At)
            .limit(BATCH);
        let forgotten = Entity::delete_many().filter(Column::Id.in_subquery(old.into_query()));
        Ok(execute(self.store.write(), forgotten.as_query()).await? >= BATCH)
    }
}

fn receiver(row: test_receivers::Model) -> Result<TestReceiver, StoreError> {
    let hash = row.token_hash.try_into();
    Ok(TestReceiver {
        endpoint_id: row.endpoint_id.0,
        token_hash: hash.map_err(|_| StoreError::corrupt("the hash of a token has not 32 bytes"))?,
        created_at: row.created_at.into(),
    })
}

fn receipt(row: test_receipts::Model) -> TestReceipt {
    TestReceipt {
        id: row.id.0,
        endpoint_id: row.endpoint_id.0,
        at: row.at.into(),
        headers: row.headers,
        body: row.body,
        size: u32::try_from(row.size).unwrap_or_default(),
    }
}
