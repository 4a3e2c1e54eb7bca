//! Sending verdicts. They are hints, so they are neither confirmed nor waited for.

use super::publisher::{hand_over, publishing};
use super::wire::OutgoingMessage;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::Channel;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Verdicts handed over and not written to the socket yet.
const MAX_UNWRITTEN: usize = 1_024;

/// Work for the task that sends verdicts.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Send this.
    Send(Box<OutgoingMessage>),
    /// Tell when all before it are written.
    Flush(oneshot::Sender<()>),
}

/// Sends the verdicts of one session until it is lost.
pub(crate) async fn send_replies(channel: Channel, mut replies: mpsc::Receiver<Reply>, lost: CancellationToken) {
    let mut unwritten = FuturesUnordered::new();
    loop {
        let outcome = tokio::select! {
            biased;
            () = lost.cancelled() => return,
            Some(outcome) = unwritten.next() => Some(outcome),
            reply = replies.recv(), if unwritten.len() < MAX_UNWRITTEN => match reply {
                None => return,
                Some(Reply::Send(message)) => {
                    let mut publishing = publishing(&channel, (), *message);
                    let outcome = hand_over(&mut publishing).await;
                    if outcome.is_none() {
                        unwritten.push(publishing);
                    }
                    outcome
                }
                Some(Reply::Flush(done)) => {
                    while unwritten.next().await.is_some() {}
                    let _ = done.send(());
                    None
                }
            }
        };
        if let Some(((), Err(error))) = outcome {
            tracing::debug!(%error, "a verdict was not sent");
            lost.cancel();
            return;
        }
    }
}

/// Returns once every verdict sent so far is written.
pub(crate) async fn flush(replies: &mpsc::Sender<Reply>) {
    let (done, flushed) = oneshot::channel();
    if replies.send(Reply::Flush(done)).await.is_ok() {
        let _ = flushed.await;
    }
}
