//! Everything that is not new: retries, what did not fit into memory, what an ordered endpoint held back, and what a
//! dispatcher that died left behind. A wake-up makes it quick, the regular pass makes it right, and both run the same
//! code on what the database says.

use crate::endpoints::LoadedEndpoint;
use crate::engine::{Claimed, Engine};
use crate::job::{HeldDelivery, Job};
use crate::queue::Class;
use events::{AttemptId, DeliveryId, EndpointId, Timestamp};
use runtime::Backoff;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{
    ClaimedDelivery, DeliveryVerdict, Dialect, FinishedAttempt, Followers, Head, Lease, Room, SettledDeliveries, Store,
    StoreError,
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Deliveries of one endpoint that are taken at a time.
const MOST_AT_ONCE: usize = 512;

/// Finds what is due.
#[derive(Debug)]
pub(crate) struct Sweep {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Store,
    pub(crate) owner: Arc<str>,
    pub(crate) soft: CancellationToken,
}

impl Sweep {
    pub(crate) async fn run(self) {
        let soft = self.soft.clone();
        // Between two statements, never within one: a claim is not lost half-way.
        let _ = soft.run_until_cancelled(self.take_over()).await;
        let mut ticks = tokio::time::interval(self.engine.config.sweep_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            let is_regular = tokio::select! {
                () = soft.cancelled() => return,
                () = self.engine.due.notified() => false,
                _ = ticks.tick() => true,
            };
            match self.pass(is_regular).await {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    tracing::warn!(error = %telemetry::chain(&error), "what is due could not be looked up");
                    let _ = soft.run_until_cancelled(tokio::time::sleep(backoff.pause())).await;
                }
            }
        }
    }

    /// A SQLite file belongs to one process, so a process that held leases before this one is dead: no need to wait for their
    /// end.
    async fn take_over(&self) {
        if self.store.dialect() != Dialect::Sqlite {
            return;
        }
        match self
            .store
            .deliveries()
            .release_of_others(&self.owner, Timestamp::now())
            .await
        {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deliveries that were interrupted will be sent again"),
            Err(error) => tracing::warn!(error = %telemetry::chain(&error), "old leases are left to run out"),
        }
    }

    async fn pass(&self, is_regular: bool) -> Result<(), StoreError> {
        self.engine.evict().await;
        let ageing = self.engine.ageing();
        if !ageing.is_empty() {
            let asked_at = Instant::now();
            let renewed = self
                .store
                .deliveries()
                .renew(&ageing, self.lease(Timestamp::now()))
                .await?;
            self.engine.renewed(&ageing, &renewed, asked_at).await;
        }
        if is_regular {
            self.settle().await?;
        }
        let mut endpoints = self.engine.endpoints.load().await?.to_vec();
        endpoints.retain(|endpoint| endpoint.enabled);
        let active: HashSet<EndpointId> = endpoints.iter().map(|endpoint| endpoint.id).collect();
        self.engine.keep_only(&active).await;
        self.claim(&endpoints).await
    }

    /// Holds what belongs to disabled endpoints, and lets go what was held for enabled ones.
    async fn settle(&self) -> Result<(), StoreError> {
        let settled = self.store.deliveries().settle(Timestamp::now()).await?;
        if settled.is_full() {
            self.engine.due.notify_one();
        }
        if settled != SettledDeliveries::default() {
            tracing::info!(
                held = settled.held,
                released = settled.released,
                "deliveries follow their endpoints"
            );
        }
        Ok(())
    }

    /// Takes what is due, as far as there is room. Lines that are left with more in the database ask again when they
    /// run low.
    async fn claim(&self, endpoints: &[Arc<LoadedEndpoint>]) -> Result<(), StoreError> {
        let (rooms, spills) = self.rooms(endpoints);
        let now = Timestamp::now();
        let claimed = self.store.deliveries().claim(&rooms, self.lease(now), now).await?;
        let mut firsts: HashMap<EndpointId, u32> = HashMap::new();
        for delivery in claimed.iter().filter(|delivery| delivery.attempts == 0) {
            *firsts.entry(delivery.endpoint_id).or_default() += 1;
        }
        let (jobs, orphans): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|delivery| delivery.body.is_some());
        let jobs = self.with_followers(jobs, endpoints).await;
        self.engine.take_claimed(jobs).await;
        {
            let mut queue = self.engine.queue();
            for (room, spills) in rooms.iter().zip(spills) {
                // Only what was never tried stands before what is new.
                let count = firsts.get(&room.endpoint_id).copied().unwrap_or_default();
                queue.caught_up(room.endpoint_id, count < room.firsts, spills);
            }
        }
        self.give_up(&orphans, now).await
    }

    /// Takes along what waits in line behind deliveries that were never tried. If that fails, it comes when they have
    /// ended.
    async fn with_followers(&self, claimed: Vec<ClaimedDelivery>, endpoints: &[Arc<LoadedEndpoint>]) -> Vec<Claimed> {
        let of = |id: EndpointId| endpoints.iter().find(|endpoint| endpoint.id == id).map(Arc::as_ref);
        let jobs: Vec<Job> = claimed
            .into_iter()
            .filter_map(|delivery| {
                let endpoint = of(delivery.endpoint_id);
                Job::of(delivery, endpoint)
            })
            .collect();
        let mut heads = self.heads(&jobs);
        let mut followers = HashMap::new();
        if !heads.is_empty() {
            let now = Timestamp::now();
            match self.store.deliveries().follow(&heads, self.lease(now), now).await {
                Ok(found) => followers = found,
                Err(error) => {
                    heads.clear();
                    tracing::warn!(error = %telemetry::chain(&error), "what waits in line could not be taken along");
                }
            }
        }
        let looked_behind: HashSet<DeliveryId> = heads.iter().map(|head| head.id).collect();
        let mut all = Vec::with_capacity(jobs.len());
        for job in jobs {
            let found = followers.remove(&job.delivery_id);
            // One behind which nothing was found is the end of its line.
            let goes_on = found.as_ref().map_or_else(
                || !looked_behind.contains(&job.delivery_id),
                |followers| followers.goes_on,
            );
            let Followers { taken, astray, .. } = found.unwrap_or_default();
            let endpoint = of(job.endpoint_id);
            let astray = astray.into_iter().map(|delivery_id| HeldDelivery {
                delivery_id,
                ..job.held()
            });
            self.engine.give_back(astray).await;
            let followers = taken.into_iter().filter_map(|delivery| Job::of(delivery, endpoint));
            all.push(Claimed {
                followers: followers.collect(),
                job,
                goes_on,
            });
        }
        all
    }

    fn heads(&self, jobs: &[Job]) -> Vec<Head> {
        let now = Instant::now();
        let mut queue = self.engine.queue();
        let mut granted: HashMap<EndpointId, usize> = HashMap::new();
        let heads = jobs.iter().filter(|job| job.class() == Class::First);
        let heads = heads.filter_map(|job| {
            let granted = granted.entry(job.endpoint_id).or_default();
            let most = queue.reach(job.endpoint_id, job.subject?, *granted, now);
            *granted += most;
            (most > 0).then(|| Head {
                id: job.delivery_id,
                most: u32::try_from(most).unwrap_or(Head::MOST),
            })
        });
        heads.collect()
    }

    /// For each endpoint with room, how much of it and how often it spilled so far.
    fn rooms(&self, endpoints: &[Arc<LoadedEndpoint>]) -> (Vec<Room>, Vec<u64>) {
        let now = Instant::now();
        let mut queue = self.engine.queue();
        let usable = endpoints.iter().filter(|endpoint| endpoint.credentials.is_some());
        let rooms = usable.filter_map(|endpoint| {
            queue.set_rate(endpoint.id, endpoint.per_second);
            let (firsts, retries) = queue.room(endpoint.id, now);
            let [firsts, retries] =
                [firsts, retries].map(|room| u32::try_from(room.min(MOST_AT_ONCE)).unwrap_or_default());
            let room = Room {
                endpoint_id: endpoint.id,
                firsts,
                retries,
            };
            (firsts + retries > 0).then(|| (room, queue.spills(endpoint.id)))
        });
        rooms.unzip()
    }

    /// Deliveries whose event was pruned from the log can never be sent.
    async fn give_up(&self, orphans: &[ClaimedDelivery], now: Timestamp) -> Result<(), StoreError> {
        let finished = orphans.iter().map(|delivery| FinishedAttempt {
            id: AttemptId::new(),
            delivery_id: delivery.id,
            endpoint_id: delivery.endpoint_id,
            token: delivery.token,
            ordered: true,
            number: delivery.attempts.saturating_add(1),
            started_at: now,
            duration: Duration::ZERO,
            status: None,
            error: Some("not sent: the event is no longer kept".to_owned()),
            response_head: None,
            trace_id: None,
            verdict: DeliveryVerdict::Exhausted,
            gone: false,
        });
        let finished: Vec<_> = finished.collect();
        self.store
            .deliveries()
            .record(&finished, &self.owner, Duration::MAX, now)
            .await
            .map(|_| ())
    }

    fn lease(&self, now: Timestamp) -> Lease<'_> {
        Lease {
            owner: &self.owner,
            until: now.plus(self.engine.config.lease),
        }
    }
}
