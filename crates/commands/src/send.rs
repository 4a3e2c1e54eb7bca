//! Publish, wait, and when no verdict comes, settle.

use crate::{CommandError, Effect};
use bus::{Bus, RequestError};
use events::{Command, Timestamp};
use store::{Settlement, Store};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// A command that has its place in the lane, or could not get one.
#[derive(Debug)]
pub struct SentCommand(JoinHandle<Result<Effect, CommandError>>);

/// Sends a command and returns as soon as whatever is sent next comes after it. Goes on when the caller is dropped: the
/// change would be made anyway, and somebody must hear the verdict.
pub async fn send(bus: &Bus, store: &Store, command: Command) -> SentCommand {
    send_holding(bus, store, command, ()).await
}

/// As [`send`], and drops `held` when the verdict is known: a place that nobody else may have meanwhile.
pub async fn send_holding(bus: &Bus, store: &Store, command: Command, held: impl Send + 'static) -> SentCommand {
    let (bus, store) = (bus.clone(), store.clone());
    let (queued, is_queued) = oneshot::channel();
    let exchange = async move {
        let sent = || {
            // The caller may be gone.
            let _ = queued.send(());
        };
        let effect = match bus.request_in_turn(&command, sent).await {
            Ok(verdict) => verdict.outcome.try_into(),
            Err(RequestError::Unavailable) => Err(CommandError::Unavailable),
            Err(RequestError::Refused) => match settle(&store, &command, &RequestError::Refused).await {
                Err(CommandError::NotApplied) => Err(CommandError::TooDeep),
                settled => settled,
            },
            Err(error) => settle(&store, &command, &error).await,
        };
        drop(held);
        effect
    };
    let exchange = tokio::spawn(exchange.in_current_span());
    // An error means that it could not be sent, which its effect tells.
    let _ = is_queued.await;
    SentCommand(exchange)
}

impl SentCommand {
    /// What it did.
    ///
    /// # Errors
    /// Why it did nothing, or that nobody knows: [`CommandError`].
    pub async fn effect(self) -> Result<Effect, CommandError> {
        self.0.await.map_err(|_| CommandError::Unknown)?
    }
}

async fn settle(store: &Store, command: &Command, why: &RequestError) -> Result<Effect, CommandError> {
    metrics::counter!("rollcall_commands_settled_total").increment(1);
    match store.inbox().settle(command.id, Timestamp::now()).await {
        Ok(Settlement::Verdict(outcome)) => outcome.try_into(),
        Ok(Settlement::Abandoned) => {
            tracing::warn!(command.id = %command.id, reason = %telemetry::chain(why), "no verdict; the command is given up");
            Err(CommandError::NotApplied)
        }
        Err(error) => {
            tracing::error!(command.id = %command.id, reason = %telemetry::chain(why), error = %telemetry::chain(&error),
                "no verdict, and the database does not answer either; the outcome is unknown");
            Err(CommandError::Unknown)
        }
    }
}
