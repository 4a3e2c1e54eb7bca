//! A connection while it is used.

use super::connections::{Connections, OpenConnection, is_broken};
use super::link::{Amount, Link};
use super::turns::Turn;
use sea_orm::sqlx::{self, SqlStr};
use sea_orm::{QueryResult, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A connection in use, for one question after the other, all of them answered before a certain time.
///
/// Dropped, it goes back to its set. Dropped in the middle of a question, because nobody waits for the answer any more, the
/// question is ended first.
pub(super) struct LentConnection<C: Link> {
    shared: Arc<Connections<C>>,
    /// `None` until the first question, and after an error of the connection.
    kept: Option<OpenConnection<C>>,
    /// `None` when it was left to the task that ends an abandoned question.
    turn: Option<Turn>,
    /// Whether it was used before, so that the database may have gone away since.
    is_used: bool,
    is_asking: bool,
    until: Instant,
}

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum QueryFailure {
    /// It takes longer than it may, and was ended.
    OutOfTime,
    /// The driver says why; also when there was no connection in time, or none that says anything.
    Failed(sqlx::Error),
}

/// How long the database has to say that it has ended a question. One that is alive needs milliseconds.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

impl<C: Link> std::fmt::Debug for LentConnection<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LentConnection")
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}

impl<C: Link> LentConnection<C> {
    pub(super) const fn new(shared: Arc<Connections<C>>, turn: Turn, until: Instant) -> Self {
        Self {
            shared,
            kept: None,
            turn: Some(turn),
            is_used: false,
            is_asking: false,
            until,
        }
    }

    /// The answer to a question that changes nothing.
    ///
    /// # Errors
    /// [`QueryFailure`].
    pub(super) async fn ask(
        &mut self,
        sql: &SqlStr,
        values: &[Value],
        amount: Amount,
    ) -> Result<Vec<QueryResult>, QueryFailure> {
        let until = tokio::time::Instant::from_std(self.until);
        if let Ok(answer) = tokio::time::timeout_at(until, self.asked(sql, values, amount)).await {
            return answer.map_err(|error| {
                if C::is_out_of_time(&error) {
                    QueryFailure::OutOfTime
                } else {
                    QueryFailure::Failed(error)
                }
            });
        }
        // A database that is away, or does not move, ends nothing.
        let has_ended = match self.end() {
            Some(settling) => matches!(tokio::time::timeout(SIGN_OF_LIFE, settling).await, Ok(Ok(true))),
            None => false,
        };
        Err(match has_ended {
            true => QueryFailure::OutOfTime,
            false => QueryFailure::Failed(sqlx::Error::PoolTimedOut),
        })
    }

    async fn asked(&mut self, sql: &SqlStr, values: &[Value], amount: Amount) -> sqlx::Result<Vec<QueryResult>> {
        loop {
            let kept = match &mut self.kept {
                Some(kept) => kept,
                none => {
                    if self.turn.is_none() {
                        return Err(sqlx::Error::PoolTimedOut);
                    }
                    let (kept, is_used) = self.shared.connection().await?;
                    self.is_used = is_used;
                    none.insert(kept)
                }
            };
            C::limit(&kept.handle, self.until);
            self.is_asking = true;
            let answer = kept.connection.ask(sql.clone(), values.to_vec(), amount).await;
            self.is_asking = false;
            let Err(error) = answer else { return answer };
            if !is_broken(&error) {
                return Err(error);
            }
            self.kept = None;
            if !self.is_used {
                return Err(error);
            }
            // Reading again changes nothing, so a restart of the database costs no failed request.
            self.shared.forget_idle();
        }
    }

    /// Gives the connection back, at once or when what it runs has ended.
    fn end(&mut self) -> Option<JoinHandle<bool>> {
        let kept = self.kept.take()?;
        if !self.is_asking {
            self.shared.keep(kept);
            return None;
        }
        self.is_asking = false;
        // Without a runtime the program is ending, and its connections with it.
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        Some(runtime.spawn(Arc::clone(&self.shared).settle(kept, self.turn.take()?)))
    }
}

impl<C: Link> Drop for LentConnection<C> {
    fn drop(&mut self) {
        // What it still runs is ended by a task of its own.
        drop(self.end());
    }
}
