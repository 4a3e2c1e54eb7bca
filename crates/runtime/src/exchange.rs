//! From command to verdict: publish, wait, and when no verdict comes, settle.
//!
//! The reply is only a hint; the inbox row is the verdict. Whoever got no reply writes the command's id there himself: if
//! that succeeds, the command can never be applied, and "not applied" is the truth.

use bus::{Bus, RequestError};
use events::{Command, Outcome, Timestamp};
use store::{Settled, Store};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Commands are not taken at the moment; nothing was sent.
    #[error("commands are not taken at the moment")]
    Unavailable,
    /// More commands wait than the queue takes; this one was not taken, and never will be applied.
    #[error("too many commands are waiting")]
    TooDeep,
    /// The change was not made and never will be.
    #[error("the command was not applied")]
    NotApplied,
    /// Neither the projector nor the database answered: the change may or may not have been made.
    #[error("the outcome of the command is unknown")]
    Unknown,
}

/// A command that has its place in the lane, or could not get one.
#[derive(Debug)]
pub struct Sent(JoinHandle<Result<Outcome, ExchangeError>>);

/// Sends a command and returns as soon as whatever is sent next comes after it. Goes on when the caller is dropped: the
/// change would be made anyway, and somebody must hear the verdict.
pub async fn send(bus: &Bus, store: &Store, command: Command) -> Sent {
    send_holding(bus, store, command, ()).await
}

/// As [`send`], and drops `held` when the verdict is known: a place that nobody else may have meanwhile.
pub async fn send_holding(bus: &Bus, store: &Store, command: Command, held: impl Send + 'static) -> Sent {
    let (bus, store) = (bus.clone(), store.clone());
    let (queued, is_queued) = oneshot::channel();
    let exchange = async move {
        let sent = || {
            // Whoever asked may be gone.
            let _ = queued.send(());
        };
        let outcome = match bus.request_in_turn(&command, sent).await {
            Ok(verdict) => Ok(verdict.outcome),
            Err(RequestError::Unavailable) => Err(ExchangeError::Unavailable),
            Err(RequestError::Refused) => match settle(&store, &command, &RequestError::Refused).await {
                Ok(Outcome::Abandoned) | Err(ExchangeError::NotApplied) => Err(ExchangeError::TooDeep),
                settled => settled,
            },
            Err(error) => settle(&store, &command, &error).await,
        };
        drop(held);
        outcome
    };
    let exchange = tokio::spawn(exchange.in_current_span());
    // An error means that it could not be sent, which its outcome tells.
    let _ = is_queued.await;
    Sent(exchange)
}

impl Sent {
    /// What became of it.
    ///
    /// # Errors
    /// [`ExchangeError`].
    pub async fn outcome(self) -> Result<Outcome, ExchangeError> {
        match self.0.await.map_err(|_| ExchangeError::Unknown)?? {
            Outcome::Abandoned => Err(ExchangeError::NotApplied),
            outcome => Ok(outcome),
        }
    }
}

async fn settle(store: &Store, command: &Command, why: &RequestError) -> Result<Outcome, ExchangeError> {
    metrics::counter!("rollcall_commands_settled_total").increment(1);
    match store.inbox().settle(command.id, Timestamp::now()).await {
        Ok(Settled::Verdict(outcome)) => Ok(outcome),
        Ok(Settled::Abandoned) => {
            tracing::warn!(command.id = %command.id, reason = %telemetry::chain(why), "no verdict; the command is given up");
            Err(ExchangeError::NotApplied)
        }
        Err(error) => {
            tracing::error!(command.id = %command.id, reason = %telemetry::chain(why), error = %telemetry::chain(&error),
                "no verdict, and the database does not answer either; the outcome is unknown");
            Err(ExchangeError::Unknown)
        }
    }
}
