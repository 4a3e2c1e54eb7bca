//! Who waits for which verdict.

use crate::RequestError;
use events::{CommandId, Timestamp, Verdict};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Requests of one process that may wait at once; more are turned away, so that memory stays bounded.
const MAX_WAITING: usize = 16_384;
/// How long after the deadline a verdict is still waited for: the projector may have begun just before it.
const GRACE_TIME: Duration = Duration::from_secs(1);
/// No request waits longer, whatever its deadline (the sender's clock may have jumped).
const MAX_WAIT: Duration = Duration::from_mins(1);

pub(crate) type VerdictResult = Result<Verdict, RequestError>;

/// The requests that wait for a verdict on one connection.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    state: Mutex<State>,
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    registered: u64,
    pending: HashMap<CommandId, PendingRequest>,
}

/// The serial tells two requests apart that wait for the same command one after the other.
#[derive(Debug)]
struct PendingRequest {
    serial: u64,
    sender: oneshot::Sender<VerdictResult>,
}

impl Waiters {
    /// Starts waiting. `None` when the connection is gone, too many wait, or the same command is already waited for.
    pub(crate) fn register(self: &Arc<Self>, id: CommandId) -> Option<Waiter> {
        let mut state = self.lock();
        if state.closed || state.pending.len() >= MAX_WAITING || state.pending.contains_key(&id) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        state.registered += 1;
        let serial = state.registered;
        state.pending.insert(id, PendingRequest { serial, sender });
        Some(Waiter {
            id,
            serial,
            receiver,
            waiters: Arc::clone(self),
        })
    }

    /// Wakes the one who waits for this command, if somebody still does.
    pub(crate) fn resolve(&self, id: CommandId, answer: VerdictResult) {
        if let Some(pending) = self.remove(id, None) {
            // The waiter may have given up this very moment.
            let _ = pending.sender.send(answer);
        }
    }

    /// Wakes everybody: their connection is gone. Nobody can start waiting any more.
    pub(crate) fn close(&self) {
        let pending = {
            let mut state = self.lock();
            state.closed = true;
            std::mem::take(&mut state.pending)
        };
        for waiting in pending.into_values() {
            let _ = waiting.sender.send(Err(RequestError::Lost));
        }
        self.idle.notify_waiters();
    }

    /// Returns once nobody waits.
    pub(crate) async fn idle(&self) {
        loop {
            let changed = self.idle.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.lock().pending.is_empty() {
                return;
            }
            changed.await;
        }
    }

    fn remove(&self, id: CommandId, serial: Option<u64>) -> Option<PendingRequest> {
        let (removed, idle) = {
            let mut state = self.lock();
            let matches = |pending: &PendingRequest| serial.is_none_or(|serial| pending.serial == serial);
            if !state.pending.get(&id).is_some_and(matches) {
                return None;
            }
            (state.pending.remove(&id), state.pending.is_empty())
        };
        if idle {
            self.idle.notify_waiters();
        }
        removed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that waits; dropping it gives up.
#[derive(Debug)]
pub(crate) struct Waiter {
    id: CommandId,
    serial: u64,
    receiver: oneshot::Receiver<VerdictResult>,
    waiters: Arc<Waiters>,
}

impl Waiter {
    /// The first of verdict, refusal, loss of the connection, and the command's deadline plus a second.
    pub(crate) async fn wait(mut self, deadline: Timestamp) -> VerdictResult {
        match tokio::time::timeout(patience(deadline, Timestamp::now()), &mut self.receiver).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(RequestError::Lost),
            Err(_) => Err(RequestError::TimedOut),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.waiters.remove(self.id, Some(self.serial));
    }
}

/// How long to wait for the verdict of a command, measured once so that a clock jump meanwhile does not matter.
fn patience(deadline: Timestamp, now: Timestamp) -> Duration {
    (deadline.since(now) + GRACE_TIME).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_a_second_after_the_deadline_and_never_exceeds_a_minute() {
        let now = Timestamp::from_millis(1_000_000);
        assert_eq!(patience(now.plus(Duration::from_secs(8)), now), Duration::from_secs(9));
        assert_eq!(patience(now.minus(Duration::from_secs(8)), now), GRACE_TIME);
        assert_eq!(patience(now.plus(Duration::from_hours(1)), now), MAX_WAIT);
    }

    #[tokio::test]
    async fn a_command_is_waited_for_once_and_closing_wakes_everybody() {
        let waiters = Arc::new(Waiters::default());
        let id = CommandId::new();
        let waiter = waiters.register(id).unwrap();
        assert!(waiters.register(id).is_none(), "the same command is already on its way");
        drop(waiter);
        waiters.idle().await;
        let waiter = waiters.register(id).unwrap();
        waiters.close();
        let deadline = Timestamp::now().plus(Duration::from_secs(30));
        assert_eq!(waiter.wait(deadline).await, Err(RequestError::Lost));
        assert!(waiters.register(CommandId::new()).is_none());
    }
}
