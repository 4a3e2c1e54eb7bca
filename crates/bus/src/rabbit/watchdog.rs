//! Notices a lane that has messages and hands out none.
//!
//! Some brokers forget the active consumer of a queue after all of them timed out (RabbitMQ 4.3.0 to 4.3.5); a new
//! connection helps. A consumer that merely stands by looks the same from here; for it a new connection is harmless.

use super::buffer::ConsumerBuffer;
use super::connection::message_count;
use crate::Role;
use lapin::Connection;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// Longer than a batch of the active consumer takes while it works at all.
const LONGEST_STALL: Duration = Duration::from_secs(30);

/// Since when a lane has been waiting; how many messages it had received then, and how many wait in the queue.
struct LaneWait {
    since: Instant,
    received: u64,
    ready: u32,
}

/// Why the connection should be made again.
pub(crate) enum Alarm {
    /// The broker does not answer.
    Broken(String),
    /// This lane has messages, and nobody takes any.
    Stalled(u16),
}

/// Returns when the connection should be made again; until then never.
pub(crate) async fn watch<T>(
    connection: &Connection,
    role: Role,
    sessions: &[(u16, u64)],
    buffer: &ConsumerBuffer<T>,
) -> Alarm {
    let mut waiting: HashMap<u16, LaneWait> = HashMap::new();
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        let channel = match connection.create_channel().await {
            Ok(channel) => channel,
            Err(error) => return Alarm::Broken(error.to_string()),
        };
        for (lane, session) in sessions.iter().copied() {
            let Some(received) = buffer.idle_at(session) else {
                waiting.remove(&lane);
                continue;
            };
            let ready = match message_count(&channel, &role.queue(lane)).await {
                Ok(ready) => ready,
                Err(error) => return Alarm::Broken(error.to_string()),
            };
            if is_stalled(&mut waiting, lane, received, ready, Instant::now()) {
                return Alarm::Stalled(lane);
            }
        }
    }
}

/// A queue that shrinks is being worked on, by whomever.
fn is_stalled(waiting: &mut HashMap<u16, LaneWait>, lane: u16, received: u64, ready: u32, now: Instant) -> bool {
    if ready == 0 {
        waiting.remove(&lane);
        return false;
    }
    let entry = waiting.entry(lane).or_insert(LaneWait {
        since: now,
        received,
        ready,
    });
    if entry.received != received || ready < entry.ready {
        entry.since = now;
    }
    entry.received = received;
    entry.ready = ready;
    now.duration_since(entry.since) >= LONGEST_STALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_queue_that_never_shrinks_is_stalled() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut waiting = HashMap::new();
        assert!(!is_stalled(&mut waiting, 0, 7, 5, at(0)));
        assert!(!is_stalled(&mut waiting, 0, 7, 9, at(20)));
        assert!(!is_stalled(&mut waiting, 0, 7, 8, at(40)), "somebody took one");
        assert!(!is_stalled(&mut waiting, 0, 8, 8, at(60)), "we received one");
        assert!(is_stalled(&mut waiting, 0, 8, 8, at(90)));
        assert!(!is_stalled(&mut waiting, 0, 8, 0, at(91)));
        assert!(!is_stalled(&mut waiting, 0, 8, 1, at(121)));
    }
}
