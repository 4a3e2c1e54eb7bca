//! `Idempotency-Key`: the answer of a request is kept, so that its repetition changes nothing.
//!
//! The mark is made in the transaction of the change itself. A crash can therefore not leave a change without its
//! mark, and of two requests at once the second waits for the first: on PostgreSQL at the unique key, on SQLite for
//! the one writer.

use crate::{AdminTx, Store, StoreError};
use db::entity::column::Millis;
use db::entity::idempotency_keys::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_one};
use events::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _, Set};
use std::time::Duration;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing yet: it was claimed for this change, which must end in [`AdminTx::keep_answer`].
    New,
    /// The same request was answered before.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body as it was given to [`AdminTx::keep_answer`].
        body: String,
    },
    /// Another request used it.
    Reused,
}

impl AdminTx {
    /// Claims a key for a request. `key` is unique per caller and `request_hash` per request, both hashed by the
    /// sender.
    ///
    /// # Errors
    /// As any write.
    pub async fn claim_key(&self, key: &str, request_hash: &str, now: Timestamp) -> Result<Claim, StoreError> {
        let expired = Entity::delete_many().filter(Column::Key.eq(key)).filter(is_old(now));
        execute(&self.tx, expired.as_query()).await?;
        let claim = Entity::insert(ActiveModel {
            key: Set(key.to_owned()),
            request_hash: Set(request_hash.to_owned()),
            status: Set(0),
            body: Set(String::new()),
            created_at: Set(now.into()),
        })
        .on_conflict(OnConflict::column(Column::Key).do_nothing().to_owned());
        if execute(&self.tx, claim.as_query()).await? == 1 {
            return Ok(Claim::New);
        }
        let known = fetch_one(&self.tx, Entity::find_by_id(key).as_query()).await?;
        let Some(Model {
            request_hash: of_known,
            status,
            body,
            ..
        }) = known
        else {
            return Err(StoreError::Conflict(
                "the idempotency key is just being dropped".to_owned(),
            ));
        };
        if of_known != request_hash {
            return Ok(Claim::Reused);
        }
        let status = u16::try_from(status).map_err(StoreError::corrupt)?;
        Ok(Claim::Answered { status, body })
    }

    /// Keeps the answer under a key that was claimed in this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn keep_answer(&self, key: &str, status: u16, body: &str) -> Result<(), StoreError> {
        let answered = Entity::update_many()
            .col_expr(Column::Status, Expr::value(i32::from(status)))
            .col_expr(Column::Body, Expr::value(body))
            .filter(Column::Key.eq(key));
        execute(&self.tx, answered.as_query()).await?;
        Ok(())
    }
}

impl Store {
    /// Drops the answers that are older than a day; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn drop_old_answers(&self, now: Timestamp) -> Result<u64, StoreError> {
        let old = Entity::delete_many().filter(is_old(now));
        execute(self.write(), old.as_query()).await
    }
}

fn is_old(now: Timestamp) -> Expr {
    Column::CreatedAt.lt(Millis::from(now.minus(KEPT)))
}
