//! Turns of tenants at the budget of an application: whoever has been given least is next (start-time fair queueing).

use super::{App, PATIENCE, Refused, lock};
use crate::clock::Clock;
use events::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use uuid::Uuid;

/// Where a request stands: what its tenant had been given before it, and in which order it came.
type Place = (u64, u64);

#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: BTreeMap<Place, Arc<Notify>>,
    /// What the tenants that wait have been promised, in weighed units.
    promised: HashMap<Uuid, u64>,
    /// What the last one that was let through had been given before.
    reached: u64,
    came: u64,
}

impl Turns {
    fn join(&mut self, tenant: Uuid, weighed: u64) -> (Place, Arc<Notify>) {
        let promised = self.promised.get(&tenant).copied().unwrap_or_default();
        let start = promised.max(self.reached);
        self.promised.insert(tenant, start.saturating_add(weighed));
        self.came += 1;
        let (place, wake) = ((start, self.came), Arc::<Notify>::default());
        self.waiting.insert(place, Arc::clone(&wake));
        (place, wake)
    }

    fn is_next(&self, place: Place) -> bool {
        self.waiting.first_key_value().is_some_and(|(first, _)| *first == place)
    }

    fn leave(&mut self, place: Place) {
        self.waiting.remove(&place);
        match self.waiting.first_key_value() {
            Some((_, wake)) => wake.notify_one(),
            None => *self = Self::default(),
        }
    }
}

/// A place in the queue, which is given up whatever happens to the request.
struct Ticket<'a> {
    app: &'a Arc<Mutex<App>>,
    place: Place,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        lock(self.app).turns.leave(self.place);
    }
}

enum Step {
    Go,
    Wait,
    Until(Timestamp),
    Refused(Timestamp),
}

/// Waits for the turn of a request, and takes what it costs.
pub(super) async fn take(
    app: &Arc<Mutex<App>>,
    clock: &dyn Clock,
    tenant: Uuid,
    cost: u32,
    weight: u64,
) -> Result<(), Refused> {
    let (place, wake) = lock(app).turns.join(tenant, u64::from(cost.max(1)) * weight);
    let ticket = Ticket { app, place };
    loop {
        // Not in the `match`, which would hold the lock while it waits.
        let next = step(&mut lock(app), place, clock.now(), cost);
        match next {
            Step::Go => {
                drop(ticket);
                return Ok(());
            }
            Step::Refused(until) => return Err(Refused { until, parked: false }),
            Step::Wait => wake.notified().await,
            Step::Until(at) => {
                // Somebody who has been given less may come first.
                let (sleep, woken) = (clock.sleep_until(at), pin!(wake.notified()));
                futures_util::future::select(sleep, woken).await;
            }
        }
    }
}

fn step(app: &mut App, place: Place, now: Timestamp, cost: u32) -> Step {
    if app.paused_until.since(now) > PATIENCE {
        return Step::Refused(app.paused_until);
    }
    if !app.turns.is_next(place) {
        return Step::Wait;
    }
    if app.paused_until > now {
        return Step::Until(app.paused_until);
    }
    let there = app.bucket.there_at(now, cost);
    if there > now {
        return Step::Until(there);
    }
    app.bucket.reserve(now, cost);
    app.turns.reached = place.0;
    Step::Go
}
