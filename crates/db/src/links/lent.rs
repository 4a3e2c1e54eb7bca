//! A connection while it is used.

use super::link::{Amount, Link};
use super::opener::Opener;
use super::set::Set;
use super::turns::Turn;
use deadpool::managed::Object;
use sea_orm::sqlx::{self, SqlStr};
use sea_orm::{QueryResult, Value};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A connection in use, for one question after the other, all of them answered before a certain time.
///
/// Dropped, it goes back to its set. Dropped in the middle of a question, because nobody waits for the answer any more, the
/// question is ended first.
pub(super) struct LentConnection<C: Link> {
    set: Set<C>,
    /// `None` until the first question, and after an error of the connection. It goes back before the turn does.
    kept: Option<Object<Opener<C>>>,
    /// `None` when it was left to the task that ends an abandoned question.
    turn: Option<Turn>,
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
    pub(super) const fn new(set: Set<C>, turn: Turn, until: Instant) -> Self {
        Self {
            set,
            kept: None,
            turn: Some(turn),
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
                    none.insert(self.set.connection().await?)
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
            // Used before, it says that the database has gone away since, not that it is away.
            let was_idle = Object::metrics(kept).recycle_count > 0;
            self.kept.take().map(Object::take);
            if !was_idle {
                return Err(error);
            }
            // Reading again changes nothing, so a restart of the database costs no failed request.
            self.set.forget_idle();
        }
    }

    /// Gives the connection back, at once or when what it runs has ended.
    fn end(&mut self) -> Option<JoinHandle<bool>> {
        let kept = self.kept.take()?;
        if !self.is_asking {
            return None;
        }
        self.is_asking = false;
        // Without a runtime the program is ending, and its connections with it.
        let (Some(turn), Ok(runtime)) = (self.turn.take(), tokio::runtime::Handle::try_current()) else {
            drop(Object::take(kept));
            return None;
        };
        Some(runtime.spawn(self.set.clone().settle(kept, turn)))
    }
}

impl<C: Link> Drop for LentConnection<C> {
    fn drop(&mut self) {
        // What it still runs is ended by a task of its own.
        drop(self.end());
    }
}

/// Whether the error says that there is no connection any more.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // Ended by an administrator, by a crash or by a shutdown.
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02" | "57P05")),
        _ => false,
    }
}
