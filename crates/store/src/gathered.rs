//! Small writes of many callers in few transactions: whoever asks while one is written travels in the next.
//!
//! A commit waits for the disk, and some wait for each other: on SQLite all, on PostgreSQL those that append to the log of one
//! lane. One after the other they would come no faster than the disk is, however small each is.

use crate::StoreError;
use db::Database;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many travel together.
const MOST: usize = 64;
/// How many may wait; it takes seconds to write so many. More are refused at once.
const LINE: usize = 4_096;

/// Who waits for an answer.
type Waits<R> = oneshot::Sender<Result<R, StoreError>>;

/// Writes all of some, or none of them; an answer for each, in their order.
type Write<A, R> = fn(Database, Vec<A>) -> Pin<Box<dyn Future<Output = Result<Vec<R>, StoreError>> + Send>>;

/// Writes of one kind.
pub(crate) struct Gathered<A, R> {
    write: Write<A, R>,
    line: Mutex<Line<A, R>>,
}

struct Line<A, R> {
    waiting: VecDeque<(A, Waits<R>)>,
    is_written: bool,
}

impl<A, R> Gathered<A, R>
where
    A: Clone + Send + 'static,
    R: Send + 'static,
{
    pub(crate) fn new(write: Write<A, R>) -> Arc<Self> {
        let line = Line {
            waiting: VecDeque::new(),
            is_written: false,
        };
        Arc::new(Self {
            write,
            line: Mutex::new(line),
        })
    }

    /// Writes this, with whatever else is asked for at the same time. It may be written also if the caller goes away.
    ///
    /// # Errors
    /// As the write, and [`StoreError::no_connection`] while too many wait. What one asks for fails no other.
    pub(crate) async fn ask(self: &Arc<Self>, database: &Database, asked: A) -> Result<R, StoreError> {
        let (answer, answered) = oneshot::channel();
        let begins = {
            let mut line = self.line();
            if line.waiting.len() >= LINE {
                return Err(StoreError::no_connection());
            }
            line.waiting.push_back((asked, answer));
            !std::mem::replace(&mut line.is_written, true)
        };
        if begins {
            tokio::spawn(Arc::clone(self).work_off(database.clone()));
        }
        // Whoever wrote was stopped in the middle.
        answered.await.unwrap_or_else(|_| Err(StoreError::no_connection()))
    }

    async fn work_off(self: Arc<Self>, database: Database) {
        let stopped = Stopped(&self.line);
        while let Some((asked, answers)) = self.next() {
            let outcomes = self.write(&database, asked).await;
            let is_away = outcomes
                .iter()
                .any(|outcome| matches!(outcome, Err(error) if error.is_transient()));
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // The caller may be gone.
                let _ = answer.send(outcome);
            }
            if is_away {
                // Who waited meanwhile would wait as long again, for the same.
                self.line().waiting.clear();
            }
        }
        // The line is somebody else's by now.
        std::mem::forget(stopped);
    }

    /// Those that travel next; who does not wait any more is left behind. Without any, nobody writes from now on.
    fn next(&self) -> Option<(Vec<A>, Vec<Waits<R>>)> {
        let mut line = self.line();
        line.waiting.retain(|(_, answer)| !answer.is_closed());
        let count = line.waiting.len().min(MOST);
        line.is_written = count > 0;
        (count > 0).then(|| line.waiting.drain(..count).unzip())
    }

    /// Where all together fail for a reason of one of them, each is tried alone.
    async fn write(&self, database: &Database, asked: Vec<A>) -> Vec<Result<R, StoreError>> {
        let count = asked.len();
        let error = match (self.write)(database.clone(), asked.clone()).await {
            Ok(written) => return written.into_iter().map(Ok).collect(),
            Err(error) => error,
        };
        if count == 1 || error.is_transient() {
            let others = (1..count).map(|_| Err(StoreError::no_connection()));
            return std::iter::once(Err(error)).chain(others).collect();
        }
        let mut outcomes = Vec::with_capacity(count);
        for one in asked {
            let written = (self.write)(database.clone(), vec![one]).await;
            outcomes.push(written.and_then(only));
        }
        outcomes
    }

    fn line(&self) -> MutexGuard<'_, Line<A, R>> {
        lock(&self.line)
    }
}

fn only<R>(mut written: Vec<R>) -> Result<R, StoreError> {
    written
        .pop()
        .ok_or_else(|| StoreError::Defect("a write has no answer".to_owned()))
}

/// No step under this lock can leave the line half changed, so a panic elsewhere spoils nothing.
fn lock<A, R>(line: &Mutex<Line<A, R>>) -> MutexGuard<'_, Line<A, R>> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets go those who wait when whoever writes is stopped, as at the end of the program.
struct Stopped<'l, A, R>(&'l Mutex<Line<A, R>>);

impl<A, R> Drop for Stopped<'_, A, R> {
    fn drop(&mut self) {
        let mut line = lock(self.0);
        line.is_written = false;
        line.waiting.clear();
    }
}

impl<A, R> fmt::Debug for Gathered<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
