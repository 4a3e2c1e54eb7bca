//! Sending: takes deliveries from the queue, makes the attempts, and hands the outcomes to the recorder.

use crate::config::Config;
use crate::endpoints::EndpointCache;
use crate::form::{Issuers, NoForm};
use crate::job::{HeldDelivery, Job};
use crate::measure;
use crate::queue::{Class, EndpointHealth, Linked as _, Next, SendQueue};
use events::{AttemptId, DeliveryId, EndpointId, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::{DeliveryVerdict, EndpointFormat, FinishedAttempt};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webhooks::{AttemptResult, Request, Sender};

/// How long new events wait for room in memory when they come faster than they can be sent: to one endpoint, or at all.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_STANDSTILL: Duration = Duration::from_millis(250);
/// After 410 an endpoint is switched off within moments; should that fail, its deliveries are tried again after this.
const UNTIL_DISABLED: Duration = Duration::from_secs(10);

/// What the recorder learns about a delivery.
#[expect(clippy::large_enum_variant, reason = "nearly all outcomes are of the large kind")]
#[derive(Debug)]
pub(crate) enum DeliveryOutcome {
    /// An attempt was made.
    Finished {
        job: Job,
        attempt: FinishedAttempt,
        /// The next one of its line must come from the database, which waits for this.
        is_waited_for: bool,
    },
    /// No attempt was made; somebody else may make it.
    Released(HeldDelivery),
}

/// A delivery that the database handed out, and what is behind it in its line.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) job: Job,
    pub(crate) followers: Vec<Job>,
    /// The line goes on behind them, or may.
    pub(crate) goes_on: bool,
}

/// A lease of this process: when it was taken or renewed, and its number.
#[derive(Clone, Copy, Debug)]
struct HeldLease {
    at: Instant,
    token: i64,
}

/// Everything in memory, shared by the parts of the dispatcher.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) endpoints: EndpointCache,
    /// Wakes the sweep: something may be due.
    pub(crate) due: Notify,
    sender: Sender,
    issuers: Issuers,
    queue: Mutex<SendQueue<Job>>,
    /// Deliveries leased to this process.
    held: Mutex<HashMap<DeliveryId, HeldLease>>,
    /// Wakes the fan-out: there is room in memory again.
    room: Notify,
    /// Wakes the pump at the time that a rate limit ends.
    paced: Notify,
    outcomes: mpsc::Sender<DeliveryOutcome>,
    sends: TaskTracker,
    hard: CancellationToken,
}

impl Engine {
    pub(crate) fn new(
        config: Config,
        endpoints: EndpointCache,
        sender: Sender,
        issuers: Issuers,
        outcomes: mpsc::Sender<DeliveryOutcome>,
        hard: CancellationToken,
    ) -> Arc<Self> {
        let queue = SendQueue::new(config.limits());
        Arc::new(Self {
            config,
            endpoints,
            due: Notify::new(),
            sender,
            issuers,
            queue: Mutex::new(queue),
            held: Mutex::default(),
            room: Notify::new(),
            paced: Notify::new(),
            outcomes,
            sends: TaskTracker::new(),
            hard,
        })
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, SendQueue<Job>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<DeliveryId, HeldLease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over new deliveries, which were stored and leased, and sends what can be sent now.
    pub(crate) async fn take_new(self: &Arc<Self>, jobs: Vec<Job>) {
        let mut given_back = Vec::new();
        {
            let now = Instant::now();
            let (mut held, mut queue) = (self.held(), self.queue());
            for job in jobs {
                let (endpoint, leased) = (
                    job.endpoint_id,
                    HeldLease {
                        at: now,
                        token: job.token,
                    },
                );
                // Its lease may have run out already and have been taken again by the sweep.
                let is_new = held.insert(job.delivery_id, leased).is_none();
                match job.link() {
                    Some(link) if is_new => given_back.extend(queue.stored(endpoint, link, Some(job))),
                    Some(link) => queue.unplan(endpoint, link, true),
                    None if is_new => {
                        let class = job.class();
                        queue.push(endpoint, job, class, true);
                    }
                    None => queue.cancel(endpoint),
                }
            }
            given_back.extend(queue.evict(now));
        }
        self.release(given_back).await;
        self.pump();
    }

    /// Takes over deliveries that the database handed out, and sends what can be sent now. A delivery that is in hand
    /// already (its lease ran out and was taken again) is not taken twice: its attempt goes on under the new lease.
    pub(crate) async fn take_claimed(self: &Arc<Self>, claimed: Vec<Claimed>) {
        let mut given_back = Vec::new();
        {
            let now = Instant::now();
            let (mut held, mut queue) = (self.held(), self.queue());
            let mut is_new = |job: &Job| {
                let leased = HeldLease {
                    at: now,
                    token: job.token,
                };
                held.insert(job.delivery_id, leased).is_none()
            };
            for Claimed {
                job,
                mut followers,
                goes_on,
            } in claimed
            {
                // Nor is what follows: where it is in hand, it is in the chain that it was in.
                let count = followers.len();
                followers.retain(&mut is_new);
                let is_whole = followers.len() == count;
                if !is_whole {
                    given_back.append(&mut followers);
                }
                if is_new(&job) {
                    let (endpoint, class) = (job.endpoint_id, job.class());
                    given_back.extend(queue.push_chain(endpoint, job, class, followers, goes_on || !is_whole));
                } else {
                    given_back.append(&mut followers);
                }
            }
            given_back.extend(queue.evict(now));
        }
        self.release(given_back).await;
        self.pump();
    }

    /// Waits until most of what is in memory is on its way, but not for long: a slow endpoint keeps its part there.
    pub(crate) async fn wait_for_room(&self) {
        self.wait_while(LONGEST_PAUSE, |queue| queue.waiting() > self.config.batch)
            .await;
    }

    /// Waits as long as more was taken in than can be sent, whatever the endpoint. Says whether it still is so.
    pub(crate) async fn wait_for_slots(&self) -> bool {
        self.wait_while(LONGEST_STANDSTILL, SendQueue::is_overloaded).await;
        self.queue().is_overloaded()
    }

    async fn wait_while(&self, longest: Duration, full: impl Fn(&SendQueue<Job>) -> bool) {
        let enough = async {
            while full(&self.queue()) {
                self.room.notified().await;
            }
        };
        let _ = tokio::time::timeout(longest, enough).await;
    }

    /// Starts attempts until the limits or the queue end.
    pub(crate) fn pump(self: &Arc<Self>) {
        loop {
            let next = self.queue().next(Instant::now());
            match next {
                Next::Send(job, class) => {
                    let engine = Arc::clone(self);
                    self.sends.spawn(async move { engine.attempt(job, class).await });
                }
                Next::WaitUntil(_) => {
                    self.paced.notify_one();
                    break;
                }
                Next::Idle => break,
            }
        }
        let queue = self.queue();
        let (firsts, retries) = queue.in_flight();
        measure::load(firsts, retries, queue.waiting());
        if queue.waiting() <= self.config.batch || !queue.is_overloaded() {
            self.room.notify_one();
        }
    }

    /// Resumes lines when their rate limit lets them; ends with `stop`.
    pub(crate) async fn keep_pace(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let pause = self.queue().paced_until();
            let resume = async {
                match pause {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                // Another line has a pause now, perhaps a shorter one.
                () = self.paced.notified() => {}
                () = resume => self.pump(),
            }
        }
    }

    async fn attempt(self: Arc<Self>, job: Job, class: Class) {
        let (endpoint_id, link) = (job.endpoint_id, job.link());
        let (outcome, health) = self.send(job).await;
        // Waits while the database is behind: the limits then hold back everything else. Before the next one of its line is
        // sent, so that a line is recorded in its order.
        if self.outcomes.send(outcome).await.is_err() {
            tracing::warn!("an attempt could not be recorded and will be repeated");
        }
        let finished = self.queue().finished(endpoint_id, class, link, health, Instant::now());
        if finished.wants_more {
            self.due.notify_one();
        }
        if !finished.evicted.is_empty() {
            tracing::warn!(endpoint.id = %endpoint_id, "an endpoint only fails and is left alone for a while");
            self.release(finished.evicted).await;
        }
        self.release(finished.astray).await;
        self.pump();
    }

    async fn send(&self, job: Job) -> (DeliveryOutcome, EndpointHealth) {
        let endpoint = self.endpoints.by_id(job.endpoint_id);
        let Some(endpoint) = endpoint.filter(|_| !self.hard.is_cancelled() && self.may_send(&job)) else {
            return (DeliveryOutcome::Released(job.held()), EndpointHealth::Neutral);
        };
        let Some(credentials) = &endpoint.credentials else {
            return (DeliveryOutcome::Released(job.held()), EndpointHealth::Neutral);
        };
        let form = match self.issuers.form(&job, &endpoint, credentials.url()).await {
            Ok(form) => form,
            Err(NoForm::Never(reason)) => return (unsendable(job, reason), EndpointHealth::Neutral),
            Err(NoForm::NotNow) => return (DeliveryOutcome::Released(job.held()), EndpointHealth::Neutral),
        };
        let request = Request {
            url: credentials.url(),
            headers: &credentials.headers,
            event_id: job.event_id,
            content: form.content(&job, credentials.secrets_at(Timestamp::now())),
            attempt: job.attempt,
            trace: job.trace(),
            identity: credentials.identity.as_ref(),
            // What is said of a stream itself is in no log either, and no test.
            test: job.test && endpoint.format != EndpointFormat::Signals,
        };
        let Some(result) = self.hard.run_until_cancelled(self.sender.send(&request)).await else {
            return (DeliveryOutcome::Released(job.held()), EndpointHealth::Neutral);
        };
        measure::attempt(&result);
        let health = match (result.is_success(), result.is_unhealthy()) {
            (true, _) => EndpointHealth::Good,
            (false, true) if result.is_overload() => EndpointHealth::Overloaded,
            (false, true) => EndpointHealth::Bad,
            (false, false) => EndpointHealth::Neutral,
        };
        let mut attempt = self.judge(&job, result, Timestamp::now());
        attempt.ordered = endpoint.ordered;
        let is_waited_for = match attempt.verdict {
            DeliveryVerdict::RetryAt(_) => false,
            DeliveryVerdict::Exhausted => attempt.ordered,
            DeliveryVerdict::Delivered => job.link().map_or(attempt.ordered, |link| {
                self.queue().is_waited_for(job.endpoint_id, link)
            }),
        };
        let outcome = DeliveryOutcome::Finished {
            job,
            attempt,
            is_waited_for,
        };
        (outcome, health)
    }

    /// A delivery with a place in a line is sent only as long as its lease lasts: another dispatcher may have gone on with the
    /// line.
    fn may_send(&self, job: &Job) -> bool {
        let is_leased = |leased: &HeldLease| leased.at.elapsed() < self.config.lease;
        job.subject.is_none() || self.held().get(&job.delivery_id).is_some_and(is_leased)
    }

    fn judge(&self, job: &Job, result: AttemptResult, now: Timestamp) -> FinishedAttempt {
        let verdict = if result.is_success() {
            DeliveryVerdict::Delivered
        } else if result.is_gone() {
            // Its endpoint is about to be switched off, which holds it. Until that is stored nobody may try again.
            DeliveryVerdict::RetryAt(now.plus(UNTIL_DISABLED))
        } else {
            let [dice] = secrets::random_bytes::<1>();
            let next = self
                .config
                .schedule
                .next_attempt(job.attempt, now, f64::from(dice) / 256.0, result.retry_after);
            next.map_or(DeliveryVerdict::Exhausted, DeliveryVerdict::RetryAt)
        };
        FinishedAttempt {
            id: AttemptId::new(),
            delivery_id: job.delivery_id,
            endpoint_id: job.endpoint_id,
            // The lease may have been lost and taken again meanwhile.
            token: self.held().get(&job.delivery_id).map_or(job.token, |held| held.token),
            ordered: false,
            number: job.attempt,
            started_at: result.started_at,
            duration: result.duration,
            status: result.status,
            gone: result.is_gone(),
            error: result.failure.as_ref().map(ToString::to_string),
            response_head: result.response_head,
            trace_id: result.trace_id,
            verdict,
        }
    }

    /// Leases that should be renewed: a third of their time is over.
    pub(crate) fn ageing(&self) -> Vec<DeliveryId> {
        let age = self.config.lease / 3;
        self.held()
            .iter()
            .filter(|(_, held)| held.at.elapsed() >= age)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Notes which of the leases were renewed: those that were asked for at this time. The others were lost: what of them
    /// still waits is dropped, because somebody else has it, and what was to follow them is given back.
    pub(crate) async fn renewed(&self, asked: &[DeliveryId], renewed: &[DeliveryId], at: Instant) {
        let mut lost: HashSet<DeliveryId> = asked.iter().copied().collect();
        let astray = {
            let mut held = self.held();
            for id in renewed {
                lost.remove(id);
                if let Some(leased) = held.get_mut(id) {
                    leased.at = at;
                }
            }
            self.drop_waiting(&mut held, |job| lost.contains(&job.delivery_id))
        };
        self.release(astray).await;
    }

    /// No longer in the hands of this process.
    pub(crate) fn let_go(&self, gone: impl IntoIterator<Item = HeldDelivery>) {
        let (mut held, mut queue) = (self.held(), self.queue());
        for gone in gone {
            held.remove(&gone.delivery_id);
            if let Some(link) = gone.link() {
                queue.recorded(gone.endpoint_id, link);
            }
        }
    }

    /// Drops what waits for an endpoint that was just switched off; its deliveries are held in the database.
    pub(crate) fn switch_off(&self, id: EndpointId) {
        self.endpoints.forget(id);
        // All of a chain is of the same endpoint, so nothing is left of it to be given back.
        self.drop_waiting(&mut self.held(), |job| job.endpoint_id == id);
    }

    fn drop_waiting(&self, held: &mut HashMap<DeliveryId, HeldLease>, is_lost: impl Fn(&Job) -> bool) -> Vec<Job> {
        self.queue().remove(|job| {
            let drop = is_lost(job);
            if drop {
                held.remove(&job.delivery_id);
            }
            drop
        })
    }

    /// Gives back what waits for endpoints that are not among these.
    pub(crate) async fn keep_only(&self, active: &HashSet<EndpointId>) {
        let removed = self.queue().keep_only(active);
        self.release(removed).await;
    }

    /// Sends nothing new, gives back what waits, and waits for the attempts in flight (which end at the hard stop).
    pub(crate) async fn drain(&self) {
        let removed = self.queue().close();
        self.release(removed).await;
        self.sends.close();
        self.sends.wait().await;
    }

    pub(crate) fn open_breakers(&self) -> usize {
        self.queue().open_breakers(Instant::now())
    }

    /// Takes out what waits for endpoints that are left alone, and gives it back.
    pub(crate) async fn evict(&self) {
        let evicted = self.queue().evict(Instant::now());
        self.release(evicted).await;
    }

    async fn release(&self, jobs: Vec<Job>) {
        self.give_back(jobs.iter().map(Job::held)).await;
    }

    /// Gives back what was leased and is not sent.
    pub(crate) async fn give_back(&self, held: impl Iterator<Item = HeldDelivery>) {
        for held in held {
            if self.outcomes.send(DeliveryOutcome::Released(held)).await.is_err() {
                tracing::warn!("a delivery could not be given back and will be late");
            }
        }
    }
}

/// A delivery that no attempt can mend, made before its endpoint asked for another format.
fn unsendable(job: Job, reason: String) -> DeliveryOutcome {
    let attempt = FinishedAttempt {
        id: AttemptId::new(),
        delivery_id: job.delivery_id,
        endpoint_id: job.endpoint_id,
        token: job.token,
        ordered: false,
        number: job.attempt,
        started_at: Timestamp::now(),
        duration: Duration::ZERO,
        status: None,
        gone: false,
        error: Some(reason),
        response_head: None,
        trace_id: None,
        verdict: DeliveryVerdict::Exhausted,
    };
    DeliveryOutcome::Finished {
        job,
        attempt,
        is_waited_for: false,
    }
}
