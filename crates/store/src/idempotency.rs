//! `Idempotency-Key`: the answer of a request is kept, so that its repetition changes nothing.
//!
//! The mark is made in the transaction of the change itself. A crash can therefore not leave a change without its
//! mark, and of two requests at once the second waits for the first: on PostgreSQL at the unique key, on SQLite for
//! the one writer.

use crate::sql::{Row, exec, query_one};
use crate::{Change, Store, StoreError};
use events::Timestamp;
use std::time::Duration;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing yet: it was claimed for this change, which must end in [`Change::keep_answer`].
    New,
    /// The same request was answered before.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body as it was given to [`Change::keep_answer`].
        body: String,
    },
    /// Another request used it.
    Reused,
}

impl Change {
    /// Claims a key for a request. `key` is unique per caller and `request_hash` per request, both hashed by the
    /// sender.
    ///
    /// # Errors
    /// As any write.
    pub async fn claim_key(&self, key: &str, request_hash: &str, now: Timestamp) -> Result<Claim, StoreError> {
        let expired = now.minus(KEPT).millis();
        let sql = "DELETE FROM idempotency_keys WHERE key = $1 AND created_at < $2";
        exec(&self.tx, sql, [key.into(), expired.into()]).await?;
        let sql = "INSERT INTO idempotency_keys (key, request_hash, status, body, created_at) \
                   VALUES ($1, $2, 0, '', $3) ON CONFLICT (key) DO NOTHING";
        if exec(&self.tx, sql, [key.into(), request_hash.into(), now.millis().into()]).await? == 1 {
            return Ok(Claim::New);
        }
        let sql = "SELECT request_hash, status, body FROM idempotency_keys WHERE key = $1";
        let Some(row) = query_one(&self.tx, sql, [key.into()]).await? else {
            return Err(StoreError::Conflict(
                "the idempotency key is just being dropped".to_owned(),
            ));
        };
        if row.get::<String>("request_hash")? != request_hash {
            return Ok(Claim::Reused);
        }
        let status = u16::try_from(row.get::<i32>("status")?).map_err(StoreError::corrupt)?;
        Ok(Claim::Answered {
            status,
            body: row.get("body")?,
        })
    }

    /// Keeps the answer under a key that was claimed in this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn keep_answer(&self, key: &str, status: u16, body: &str) -> Result<(), StoreError> {
        let sql = "UPDATE idempotency_keys SET status = $2, body = $3 WHERE key = $1";
        exec(&self.tx, sql, [key.into(), i32::from(status).into(), body.into()])
            .await
            .map(|_| ())
    }
}

impl Store {
    /// Drops the answers that are older than a day; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn drop_old_answers(&self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM idempotency_keys WHERE created_at < $1";
        exec(self.write(), sql, [now.minus(KEPT).millis().into()]).await
    }
}
