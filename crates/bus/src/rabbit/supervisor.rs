//! Keeps a publishing session alive for as long as the bus is.

use super::Shared;
use super::connection::ReconnectBackoff;
use super::session::{PublisherSession, SessionEnd};
use std::sync::Arc;

/// Connects, serves until the connection ends, pauses, and connects again.
pub(crate) async fn run(shared: Arc<Shared>) {
    let number = shared.next_number();
    let name = format!("{} publish", shared.options.name);
    let mut backoff = ReconnectBackoff::new();
    loop {
        match shared
            .stop
            .run_until_cancelled(PublisherSession::open(&shared, &name))
            .await
        {
            None => break,
            Some(Err(error)) => shared.status.down(number, &name, telemetry::chain(&error).to_string()),
            Some(Ok(session)) => {
                backoff.connected();
                shared.status.up(number, &name);
                shared.set_session(Some(Arc::clone(&session)));
                let end = session
                    .watch(&shared.stop, |blocked| match blocked {
                        Some(reason) => shared
                            .status
                            .down(number, &name, format!("the broker is blocked: {reason}")),
                        None => shared.status.up(number, &name),
                    })
                    .await;
                // First of all nothing new may come in.
                shared.set_session(None);
                match end {
                    SessionEnd::Closing => {
                        session.drain().await;
                        session.abandon();
                        session.close().await;
                        break;
                    }
                    SessionEnd::Lost(reason) => {
                        session.abandon();
                        shared.status.down(number, &name, reason);
                        // Saying goodbye to a dead connection takes time that reconnecting need not wait for.
                        shared.tasks.spawn(async move { session.close().await });
                    }
                }
                backoff.lost();
            }
        }
        if shared
            .stop
            .run_until_cancelled(tokio::time::sleep(backoff.next()))
            .await
            .is_none()
        {
            break;
        }
    }
    shared.status.remove(number);
}
