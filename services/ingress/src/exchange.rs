//! From command to verdict: publish, wait, and when no verdict comes, settle.
//!
//! The reply is only a hint; the inbox row is the verdict. Whoever got no reply writes the command's id there himself: if
//! that succeeds, the command can never be applied, and "not applied" is the truth.

use crate::Inner;
use crate::answer::Failure;
use bus::RequestError;
use events::{Command, Outcome, Timestamp};
use store::{Settled, Store};
use tracing::Instrument as _;

/// Sends a command and returns what became of it. Goes on when the client leaves: the change would be made anyway, and
/// somebody must hear the verdict.
pub(crate) async fn exchange(inner: &Inner, command: Command) -> Result<Outcome, Failure> {
    let (bus, store) = (inner.bus.clone(), inner.store.clone());
    let span = tracing::Span::current();
    let exchange = tokio::spawn(
        async move {
            match bus.request(&command).await {
                Ok(verdict) => Ok(verdict.outcome),
                Err(RequestError::Unavailable) => Err(Failure::unavailable(
                    "changes cannot be taken at the moment; nothing was changed",
                )),
                Err(error) => settle(&store, &command, &error).await,
            }
        }
        .instrument(span),
    );
    let outcome = exchange.await.map_err(|_| Failure::Unknown)??;
    match outcome {
        Outcome::Abandoned => Err(not_applied()),
        outcome => Ok(outcome),
    }
}

async fn settle(store: &Store, command: &Command, why: &RequestError) -> Result<Outcome, Failure> {
    metrics::counter!("rollcall_ingress_settled_total").increment(1);
    match store.inbox().settle(command.id, Timestamp::now()).await {
        Ok(Settled::Verdict(outcome)) => Ok(outcome),
        Ok(Settled::Abandoned) => {
            tracing::warn!(command.id = %command.id, reason = %telemetry::chain(why), "no verdict; the command is given up");
            Err(not_applied())
        }
        Err(error) => {
            tracing::error!(command.id = %command.id, reason = %telemetry::chain(why), error = %telemetry::chain(&error),
                "no verdict, and the database does not answer either; the outcome is unknown");
            Err(Failure::Unknown)
        }
    }
}

fn not_applied() -> Failure {
    Failure::unavailable("the change was not applied and will not be; try again")
}
